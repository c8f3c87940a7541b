"""arena from an archive: one that unpacks itself works, inside any other a sentence says that it cannot."""

import os
import shutil
import subprocess
import zipapp
from pathlib import Path

import psutil
from product import product

import arena

START = """if True:
    import sys
    sys.path[:1] = [sys.argv.pop(1), sys.argv.pop(1)]
    from arena.__main__ import main
    main()
"""


def copy(folder: Path) -> Path:
    """The package in another folder."""
    shutil.copytree(
        Path(arena.__file__).parent, folder / "arena", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def test_inside_an_archive(tmp_path: Path) -> None:
    """A zipapp that is not unpacked is refused, whatever the command."""
    zipapp.create_archive(copy(tmp_path / "made"), tmp_path / "arena.pyz", main="arena.__main__:main")
    with product(tmp_path) as one:
        line = [one.python, "-I", str(tmp_path / "arena.pyz"), "list"]
        done = subprocess.run(line, env=one.env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"Error: the archive {tmp_path}/arena.pyz must be unpacked to run"


def test_an_unpacked_archive(tmp_path: Path) -> None:
    """The server is that of an archive which unpacked itself: shiv's to one folder, pex's to several."""
    bundle, library = copy(tmp_path / "unpacked" / "site-packages"), tmp_path / "library"
    (library / "library-1.dist-info").mkdir(parents=True)
    words = ("submit", "job", "--name", "a", "--logs", "echo ran")
    with product(tmp_path) as one:
        line = [one.python, "-c", START, str(bundle), str(library), *words]
        done = subprocess.run(line, env=one.env, capture_output=True, text=True, timeout=60, check=False)
        assert "ran" in done.stdout, done.stderr
        there = psutil.Process(one.server()).environ()["PYTHONPATH"]
        assert {str(bundle), str(library)} <= set(there.split(os.pathsep))
