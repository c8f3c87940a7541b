"""Folders that may not be entered, and homes that are none: every command answers, or says why it cannot."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Ended, Product, product

BOUND = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Runs a program without root's right to pass closed folders."""
LINES = [
    "list",
    "config view",
    "config trust --list",
    "submit job --name a --dry-run true",
    "local status",
    "local logs",
    "local stop",
    "local reset -y",
]
RUN = f"""
import contextlib, io, json, os, sys
from arena.cli import run

exec(sys.argv[1])
found = {{}}
for line in {LINES!r}:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(line.split())
    found[line] = (code, out.getvalue(), err.getvalue())
print(json.dumps(found))
os.environ.update(_ARENA_COMPLETE="bash_complete", COMP_WORDS="arena get ")
sys.exit(run([]))
"""
"""Runs these commands and then TAB in one process, which ends with what a command does not handle."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Product]:
    """A product with a folder `closed` in its home, which nobody may enter."""
    if BOUND and not shutil.which(BOUND[0]):
        pytest.skip("NOT TESTED: root may enter every folder, unless setpriv takes that right away")
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    closed.chmod(0)
    with product(tmp_path) as made:
        yield made
    closed.chmod(0o700)


def answers(here: Product, begin: str = "", hide: tuple[str, ...] = BOUND, **env: str) -> dict[str, Ended]:
    """What each command answers, after the Python text `begin`; it fails in one sentence, if it does."""
    done = subprocess.run(
        [*hide, sys.executable, "-c", RUN, begin],
        capture_output=True, text=True, timeout=60, env=here.env | env, cwd=here.home, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {line: Ended(*one) for line, one in json.loads(done.stdout).items()}
    for line, (code, _, err) in found.items():
        said = [one for one in err.splitlines() if one.startswith("Error: ")]
        assert len(said) == bool(code), f"arena {line}: {err}"
    return found


def test_home_of_another(here: Product):
    """With the home of another user, as often in containers, only the local cluster cannot be used."""
    del here.env["ARENA_LOCAL_HOME"]
    found = answers(here, HOME=str(here.home / "closed"))
    assert found["list"].code == 6
    assert "closed/.local/state/arena/local: Permission denied" in found["list"].err
    assert [found[line].code for line in ("config view", LINES[3], "local status")] == [0, 0, 0]


def test_folders_of_settings(here: Product):
    """Settings and caches in closed folders are ignored; only listing the trusted files reports them."""
    closed = str(here.home / "closed" / "in")
    found = answers(here, XDG_CONFIG_HOME=closed, XDG_STATE_HOME=closed, XDG_CACHE_HOME=closed)
    assert {line: one.code for line, one in found.items() if one.code} == {"config trust --list": 1}


@pytest.mark.parametrize("below", ["", "in"])
def test_state_folder(here: Product, below: str):
    """A state folder that may not be entered, or lies in such a folder, is refused by its path."""
    state = here.home / "closed" / below
    found = answers(here, ARENA_LOCAL_HOME=str(state))
    assert (found["list"].code, found["local reset -y"].code) == (6, 1)
    for line in ("list", "local reset -y"):
        assert f"Error: the local cluster cannot write to {state}: Permission denied" in found[line].err


def test_current_folder(here: Product):
    """In a directory that may not be entered commands work; in one that is gone they ask for another one."""
    (here.home / "work").mkdir()
    assert not any(one.code for one in answers(here, "os.chdir('work'); os.chmod('.', 0)").values())
    found = answers(here, "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')")
    assert found["list"].err.startswith("Error: the current directory is gone")
    assert found["local status"].code == 0
    found = answers(here, "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')", ARENA_LOCAL_HOME="here")
    assert found["local status"].err.startswith("Error: the current directory is gone")


def test_kubeconfig(here: Product):
    """An inaccessible kubeconfig is an error, and not treated as missing."""
    (here.home / ".kube").mkdir(mode=0)
    found = answers(here)
    assert f"{here.home}/.kube/config cannot be read: Permission denied" in found["list"].err
    closed = f"{here.home}/closed/in/config"
    found = answers(here, KUBECONFIG=f"{closed}:{here.home}/other")
    assert f"{closed} cannot be read: Permission denied" in found["list"].err


def test_unknown_user(here: Product):
    """The home folder of an unknown user is an error in every variable that names it."""
    found = answers(here, KUBECONFIG="~no-such-user/config")
    assert "Error: there is no kubeconfig ~no-such-user/config" in found["list"].err
    found = answers(here, ARENA_CONFIG="~no-such-user/config")
    assert "Error: ~no-such-user/config cannot be read" in found["list"].err
    found = answers(here, ARENA_LOCAL_HOME="~no-such-user/state")
    assert "Error: ARENA_LOCAL_HOME=~no-such-user/state names no user" in found["list"].err


def test_relative_folders(here: Product):
    """A relative folder of XDG does not count, so that a project cannot bring settings as the user's."""
    settings = here.home / "config" / "arena" / "config.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text("namespace: theirs\n", encoding="utf-8")
    assert "theirs" in answers(here, XDG_CONFIG_HOME=f"{here.home}/config")["config view"].out
    assert "theirs" not in answers(here, XDG_CONFIG_HOME="config")["config view"].out


def test_no_proc(here: Product):
    """Without /proc the local cluster is refused in a sentence, and the rest works."""
    hide = ("unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh")
    if os.geteuid() or subprocess.run([*hide, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: only root can hide /proc, with unshare")
    found = answers(here, hide=hide)
    sentence = "Error: the local cluster needs /proc, which is not mounted"
    assert {line for line, one in found.items() if sentence in one.err} == {
        "list",
        "local stop",
        "local reset -y",
    }
    assert found["config view"].code == found["local status"].code == 0
