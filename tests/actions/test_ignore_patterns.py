"""Ignore patterns, compared with Git itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arena.actions.submit.code.ignore_patterns import Ignored, rules

CASES = [
    ("*.bin", "a.bin", True),
    ("*.bin", "deep/a.bin", True),
    ("*.bin", "a.bin/x", True),
    ("/a", "a", True),
    ("/a", "b/a", False),
    ("b/a", "c/b/a", False),
    ("data/", "data/x", True),
    ("data/", "deep/data/x", True),
    ("data/", "data", False),
    ("**/x", "x", True),
    ("**/x", "a/b/x", True),
    ("a/**", "a/b/c", True),
    ("a/**/c", "a/c", True),
    ("a/**/c", "a/b/b/c", True),
    ("a*c", "a/c", False),
    ("a?c", "abc", True),
    ("[a-c].py", "b.py", True),
    ("[!a-c].py", "b.py", False),
    ("[^a-c].py", "d.py", True),
    ("[[:digit:]]", "7", True),
    ("[]]", "]", True),
    ("[a", "[a", False),
    ("# x", "# x", False),
    (r"\#x", "#x", True),
    (r"\!x", "!x", True),
    ("x  ", "x", True),
    (r"x\ ", "x ", True),
    (r"x\\ ", "x\\", True),
    ("*\n!keep", "keep", False),
    ("d/\n!d/keep", "d/keep", True),
    ("d/*\n!d/keep", "d/keep", False),
    ("", "x", False),
    ("a\r\n", "a", True),
    ("/", "a", False),
    ("a.c", "abc", False),
    ("*", "new\nline", True),
    ("ü*", "über", True),
]


@pytest.mark.parametrize(("text", "path", "left_out"), CASES)
def test_cases(text, path, left_out):
    """Each kind of pattern leaves out what Git's documentation says, and nothing else."""
    assert Ignored(rules(text)).file(path) is left_out


def test_rules_of_a_folder():
    """Patterns of a file in a folder count below it only, and before those of folders above."""
    found = Ignored([*rules("*.txt"), *rules("!kept.txt\n/own", "sub/")])
    asked = ["kept.txt", "sub/kept.txt", "sub/x.txt", "own", "sub/own", "sub/deep/own"]
    assert [found.file(one) for one in asked] == [True, False, True, False, True, False]


NAMES = st.sampled_from(["a", "b", "ab", "a.b", "c-d", "A", "a b"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PIECES = st.sampled_from(
    [*"ab*?/!.[]-\\# A", "**", "/**", "**/", "[ab]", "[!a]", "[a-c]", "a.b", "[[:alpha:]]"]
)
LINES = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=4)


@pytest.mark.skipif(not shutil.which("git"), reason="NOT CHECKED: there is no git to compare with")
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(lines=LINES, paths=st.lists(PATHS, min_size=1, max_size=8, unique=True))
def test_as_git(tmp_path_factory, lines, paths):
    """Whatever the patterns, the ignored files are those that Git ignores."""
    top = _tree(tmp_path_factory.mktemp("tree"), paths)
    (top / "rules").write_text("\n".join(lines), encoding="utf-8")
    listed = subprocess.run(
        ["git", "-C", str(top), "ls-files", "-o", "-z", "-X", str(top / "rules")],
        capture_output=True, check=True, env={"HOME": str(top), "PATH": "/usr/bin:/bin:/usr/local/bin"},
    ).stdout  # fmt: skip
    kept = {one.decode() for one in listed.split(b"\0") if one}
    found = Ignored(rules("\n".join(lines)))
    every = {str(one.relative_to(top)) for one in top.rglob("*") if one.is_file() and ".git" not in one.parts}
    assert {one for one in every if not found.file(one)} == kept


def _tree(top: Path, paths: list[str]) -> Path:
    """A repository with files at the paths, as far as they do not lie in one another."""
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    for path in sorted(paths):
        full = top / path
        if not full.exists() and all(not up.is_file() for up in full.parents):
            full.parent.mkdir(parents=True, exist_ok=True)
            full.touch()
    return top
