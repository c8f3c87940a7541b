"""Write the lock anew, with today's newest releases of all that pyproject.toml declares: `make lock`.

One file for each set of extras, each with what it needs beyond the one before it, so that all agree:
examples.txt, test.txt, frameworks.txt; and oldest.txt, with the oldest releases that are declared, which
oldest.in names. Each release has the hashes of all its files, for any system and Python, and
no index: pip asks the one that it is set to. uv resolves them, in an environment of its own, and asks the
public index, or the one that UV_DEFAULT_INDEX names.
"""

import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
LAYERS = ("examples", "test", "frameworks")
HEAD = """# Made by `make lock`; not edited by hand.
# Installed by pip with hashes: python -m pip install --no-deps --require-hashes -r requirements/{name}.txt
"""


def blocks(text: str) -> dict[str, str]:
    """A requirements file by the name of the package: all its versions, with their markers and hashes."""
    found: dict[str, str] = {}
    for block in re.findall(r"^[A-Za-z0-9].*\n(?:[ ].*\n)*", text, flags=re.MULTILINE):
        name = re.split(r"[=\[ ]", block)[0]
        found[name] = found.get(name, "") + block
    return found


def layered(whole: dict[str, str], sets: Iterable[tuple[str, Iterable[str]]]) -> Iterator[tuple[str, str]]:
    """The name and the text of each file, given the names of the packages of each set, the smallest first."""
    written: set[str] = set()
    before = ""
    for name, packages in sets:
        new = sorted(set(packages) - written)
        yield name, HEAD.format(name=name) + before + "".join(whole[one] for one in new)
        written |= set(packages)
        before = f"-r {name}.txt\n"


class Resolver:
    """uv in an environment of its own, in a folder that is deleted afterwards."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=True)
        self._bin = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        subprocess.run([self._bin / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)

    def resolve(self, extras: Iterable[str], constraints: Path | None = None) -> str:
        """What these extras need, as a requirements file for every system and Python."""
        command = [self._bin / "uv", "pip", "compile", "--quiet", "--no-header", "--generate-hashes"]
        command += ["--config-file", HERE / "uv.toml", "--no-emit-package", "torch"]
        command += ["--universal", "--python-version", "3.10", "--annotation-style", "line"]
        command += [word for extra in extras for word in ("--extra", extra)]
        command += ["--constraint", constraints] if constraints else []
        command += ["pyproject.toml", "requirements/tools.in"]
        return subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Resolve everything at once, then what each set needs of it."""
    with tempfile.TemporaryDirectory() as folder:
        resolver = Resolver(Path(folder))
        text = resolver.resolve(LAYERS)
        chosen = Path(folder) / "whole.txt"
        chosen.write_text(text, encoding="utf-8")
        sets = [(name, blocks(resolver.resolve([name], chosen))) for name in LAYERS]
        oldest = resolver.resolve(["test"], HERE / "oldest.in")
    for name, lines in (*layered(blocks(text), sets), ("oldest", HEAD.format(name="oldest") + oldest)):
        (HERE / f"{name}.txt").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
