"""Engines of this machine: where they are found, and their environments, which the real pip makes."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from arena import engines as table
from arena.actions.serving import engines
from arena.engines import Engine
from arena.errors import ArenaError, Conflict, NotFound, SpecError

THIS = (sys.version_info.major, sys.version_info.minor)


def wheel(folder: Path, version: str) -> Path:
    """A package `tiny` with a module and a program of that name."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    about = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"def main():\n    print('tiny {version}')\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(text)}")
        archive.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,"]))
    return path


def tiny(package: str, **fields: object) -> Engine:
    """The engine `tiny`."""
    limits = {"least": THIS, "below": (THIS[0], THIS[1] + 1)}
    return Engine(
        **{
            "name": "tiny", "title": "Tiny", "packages": (package,), **limits, "size": 1,
            "commands": ("tiny",), "stand_ins": ("tiny_server",), "modules": ("tiny",), **fields,
        }
    )  # fmt: skip


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The variables of a user; pip has no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return {"XDG_DATA_HOME": str(tmp_path / "data"), "PATH": os.defpath, "HOME": str(tmp_path)}


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Make `tiny` the only engine."""

    def make(version: str = "1.0", **fields: object) -> Engine:
        found = tiny(f"tiny @ {wheel(tmp_path, version).as_uri()}", **fields)
        for module in (table, engines):
            monkeypatch.setattr(module, "ENGINES", (found,))
        return found

    return make


def folder(environ: dict[str, str]) -> Path:
    """The folder of all environments."""
    return Path(table.folder(environ))


def test_install(offer, environ: dict[str, str], tmp_path: Path) -> None:
    """An engine gets an environment of its own, in place of a half-made one; its programs run by their names.

    A second installation is refused meanwhile, and afterwards. A Python of the user that has it comes first.
    """
    offer(alias="huge", unfit=("unknown",))
    (folder(environ) / "tiny/bin").mkdir(parents=True)  # what a killed installation left
    assert [(one.is_installed, one.install) for one in engines.engines(environ)] == [
        (False, "arena serve engines install tiny")
    ]

    def second(line: str) -> None:
        with pytest.raises(Conflict, match="another arena is installing"):
            engines.install("tiny", environ, said.append)
        said.append(line)

    said: list[str] = []
    assert engines.install("tiny", environ, second) == "1.0"
    assert str(folder(environ) / "tiny") in said[0]
    (found,) = engines.engines(environ)
    assert (found.version, found.own, found.python) == ("1.0", True, str(folder(environ) / "tiny/bin/python"))
    done = subprocess.run([folder(environ) / "bin/tiny"], capture_output=True, text=True, check=True)
    assert done.stdout == "tiny 1.0\n"
    alias = "import importlib.metadata; print(importlib.metadata.version('huge'))"
    done = subprocess.run([found.python, "-c", alias], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0+cpu\n"
    assert folder(environ).stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match=r"tiny 1\.0 is installed"):
        engines.install("tiny", environ, said.append)
    mine = tmp_path / "mine"
    (folder(environ) / "tiny").rename(mine)
    (found,) = engines.engines(environ | {"PATH": f"{mine}/bin:{os.defpath}"})
    assert (found.version, found.python, found.own) == ("1.0", str(mine / "bin/python"), False)


def test_install_again(offer, environ: dict[str, str]) -> None:
    """An installed engine is replaced if that is asked for."""
    offer("2.0")
    mark = folder(environ) / "tiny" / table.MARK
    mark.parent.mkdir(parents=True)
    mark.write_text("1.0\n")
    assert engines.engines(environ)[0].version == "1.0"
    assert engines.install("tiny", environ, lambda line: None, again=True) == "2.0"
    assert engines.engines(environ)[0].version == "2.0"


def test_a_failure_leaves_nothing(offer, environ: dict[str, str]) -> None:
    """If pip fails, its error is told with what helps, and no environment is left."""
    assert offer(packages=("tiny==9.9",), advice="add an index").distribution == "tiny"
    with pytest.raises(ArenaError, match=r"pip failed: .*tiny==9\.9") as caught:
        engines.install("tiny", environ, lambda line: None)
    assert caught.value.hint == "add an index"
    assert not (folder(environ) / "tiny").exists()


def test_ctrl_c_leaves_nothing(offer, environ: dict[str, str]) -> None:
    """If it is interrupted, no environment is left."""
    offer()

    def interrupt(line: str) -> None:
        if line.startswith("Installing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engines.install("tiny", environ, interrupt)
    assert not (folder(environ) / "tiny").exists()


def test_wrong_pythons(offer, environ: dict[str, str]) -> None:
    """An engine that runs on no Python of this machine is refused, and the list says what it needs."""
    offer(least=(3, 3), below=(3, 5))
    with pytest.raises(SpecError, match=r"needs Python 3\.3 to 3\.4"):
        engines.install("tiny", environ, lambda line: None)
    assert engines.engines(environ)[0].obstacle == "needs Python 3.3 to 3.4"


def test_unknown_engines(offer, environ: dict[str, str]) -> None:
    """An engine that nobody knows is not found."""
    offer()
    with pytest.raises(NotFound, match='no engine "huge"'):
        engines.install("huge", environ, lambda line: None)


def test_what_else_is_needed(offer, environ: dict[str, str]) -> None:
    """The list says which programs an engine needs besides."""
    offer(needs=("no-such-program",))
    (found,) = engines.engines(environ)
    assert (found.obstacle, found.install) == ("needs no-such-program", "arena serve engines install tiny")


def test_packages_of_an_environment(tmp_path: Path) -> None:
    """The folder of packages is found among libraries that lie beside it."""
    (tmp_path / "lib").mkdir()
    for name in ("libfirst.so", "python", "python3.txt"):
        (tmp_path / "lib" / name).touch()
    with pytest.raises(FileNotFoundError, match="has no folder of packages"):
        table.packages(str(tmp_path))
    (tmp_path / "lib/python3.11/site-packages").mkdir(parents=True)
    assert table.packages(str(tmp_path)) == str(tmp_path / "lib/python3.11/site-packages")


def test_the_present_folder_is_not_searched(offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the present folder, which may be a stranger's, are not run by the search for an engine."""
    (tmp_path / "csv.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert table.find_in(offer(), sys.executable) is None
    assert not (tmp_path / "run").exists()


def test_the_table() -> None:
    """Every engine has a name of its own, a pinned release, and a Python that it runs on."""
    assert len({one.name for one in table.ENGINES}) == len(table.ENGINES)
    for one in table.ENGINES:
        assert "==" in one.packages[0]
        assert one.least < one.below
        assert one.commands or one.stand_ins or one.name == "kserve"


def test_a_missing_engine_is_named(environ: dict[str, str]) -> None:
    """The program that runs an engine says how a missing one is installed."""
    words = table.words(str(folder(environ)), "mlserver", [])
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    text = "error: the engine mlserver is not installed here: arena serve engines install mlserver\n"
    assert (done.returncode, done.stderr) == (1, text)
