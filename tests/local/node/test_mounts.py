"""Mount paths in the words of a container's command lead to the real folders, whatever those are called."""

import subprocess
from pathlib import Path

import pytest

from arena.local.node.mounts import Mount, relocate, relocate_words

ODD = 'o\'dd "$HOME" `ü'


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("/data", "/REAL"),
        ("/data/x", "/REAL/x"),
        ("--dir=/data/x", "--dir=/REAL/x"),
        ("/database", "/database"),
        ("/x/data", "/x/data"),
        ("cat /data/a; ls '/data'", "cat /REAL/a; ls '/REAL'"),
        ("/data:/other", "/REAL:/other"),
        ("./data", "./data"),
        ("/data-x", "/data-x"),
        ("/data.txt", "/data.txt"),
    ],
)
def test_relocate(text: str, out: str) -> None:
    """Mount paths are replaced where they begin a path, and nowhere else."""
    assert relocate(text, (Mount("d", "/data", Path("/REAL")),)) == out


def test_relocate_existing() -> None:
    """A mount path that this machine has is left alone."""
    assert relocate("/tmp/x", (Mount("d", "/tmp", Path("/REAL")),)) == "/tmp/x"


@pytest.mark.parametrize(
    "script",
    [
        "cat /data/x",
        "cat '/data/x'",
        'cat "/data/x"',
        "cat /data/*",
        'F=/data/x && cat "$F"',
        """cat "$(echo '/data/x')" """,
        """printf '%s' "it's " > /dev/null; cat /data/x""",
        "printf \\' > /dev/null; cat --  /data/x",
        "# don't\ncat '/data/x'",
        "echo a#\\' > /dev/null; cat /data/x",
        'read -r F <<EOF\n/data/x\nEOF\ncat "$F"',
        "cat <<-'END' > /dev/null; cat '/data/x'\n\tdon't\n\tEND\n",
        "cat << \\E > /dev/null\ndon't\nE\ncat '/data/x'",
        """cat "$(read -r F <<'E'\n/data/x\nE\necho "$F")" """,
        "cat \"$( (cd /data); printf '%s' '/data'; echo /x )\"",
        "N=$((1<<2)); cat /data/x",
    ],
)
@pytest.mark.parametrize(
    "before", [["sh", "-c"], ["env", "A=/data", "bash", "-e", "-uc"], ["bash", "-eo", "pipefail", "-ce"]]
)
def test_scripts(script: str, before: list[str], tmp_path: Path) -> None:
    """What a shell reads names the real folder in one word, within any quotes."""
    real = tmp_path / ODD
    real.mkdir()
    (real / "x").write_text("found", encoding="utf-8")
    words = relocate_words([*before, script, "/data/x"], (Mount("d", "/data", real),))
    assert words[-1] == f"{real}/x"
    assert subprocess.run(words, capture_output=True, text=True, check=False).stdout == "found", words


def test_plain_words() -> None:
    """Words that no shell reads are not quoted, nor is anything where it need not be."""
    odd = (Mount("d", "/data", Path("/an odd")),)
    assert relocate_words(["cat", "/data/x"], odd) == ["cat", "/an odd/x"]
    assert relocate_words(["python", "-c", "/data/x"], odd) == ["python", "-c", "/an odd/x"]
    plain = (Mount("d", "/data", Path("/plä-in")),)
    assert relocate_words(["sh", "-c", "cat /data/x"], plain) == ["sh", "-c", "cat /plä-in/x"]
