"""Other users of the machine, played by processes with numbers that nobody has; only root can do so."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import pytest

VICTIM, STRANGER = 64_101, 64_102
HERE = Path(__file__).parents[1]


def as_user(uid: int, *words: str, cwd: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a program as this user, with no rights of root left."""
    dropped = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs")
    path = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE)}
    return subprocess.run(
        [*dropped, *words], cwd=cwd, env=path | env, capture_output=True, text=True, timeout=60, check=False
    )


def arena(uid: int, *words: str, cwd: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run `arena WORDS...` as this user."""
    return as_user(uid, sys.executable, "-m", "arena", *words, cwd=cwd, HOME=str(home))


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder like /tmp, in which everybody may write and remove what is their own; skips without root."""
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("two users can only be played by root, with setpriv")
    place = Path(mkdtemp(dir="/tmp"))
    try:
        place.chmod(0o1777)
        if as_user(VICTIM, sys.executable, "-c", "import arena.cli, yaml", cwd=place).returncode:
            pytest.skip("another user cannot run this Python, which lies in a folder of root's own")
        yield place
    finally:
        shutil.rmtree(place)


def home_of(uid: int, place: Path) -> Path:
    """A home for this user."""
    home = place / f"home-{uid}"
    home.mkdir(mode=0o700)
    os.chown(home, uid, uid)
    return home


def passable(folder: Path) -> None:
    """Let every user enter a folder below that of temporary files."""
    for one in (folder, *folder.parents):
        if one == Path(gettempdir()):
            return
        one.chmod(0o755)
    raise ValueError(f"{folder} is not below {gettempdir()}")
