"""Folders that are one user's alone: made under any umask, and refused where a stranger could have been."""

import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import strangers

from arena import ownership, private
from arena.private import Exposed


def test_home_without_a_home():
    """A relative HOME does not count, nor does a missing one: the user database knows the home folder."""
    known = private.home({})
    assert os.path.isabs(known)
    assert private.home({"HOME": "here"}) == private.home({"HOME": ""}) == known
    assert private.home({"HOME": "/there"}) == "/there"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Another umask for the block."""
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    """The permissions of a path."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_every_folder_that_is_made_is_closed(tmp_path, mask):
    """Whatever the umask, the folder and all parents that were missing are 0700."""
    with umask(mask):
        private.make(tmp_path / "one" / "two" / "three")
        private.write(tmp_path / "one" / "file", "text")
    assert {mode(path) for path in tmp_path.rglob("*") if path.is_dir()} == {0o700}
    assert mode(tmp_path / "one" / "file") == 0o600


def test_a_folder_that_others_may_read_is_closed(tmp_path):
    """The folder itself is taken from others; what is above it is left as it is."""
    (tmp_path / "above" / "open").mkdir(parents=True)
    (tmp_path / "above").chmod(0o755)
    private.make(tmp_path / "above" / "open")
    assert (mode(tmp_path / "above"), mode(tmp_path / "above" / "open")) == (0o755, 0o700)


def test_what_is_no_folder_stays_as_it_is(tmp_path):
    """A file in the place of the folder is refused and keeps its permissions; root would close /dev/null."""
    (tmp_path / "file").write_text("text")
    (tmp_path / "file").chmod(0o644)
    with pytest.raises(NotADirectoryError, match="Not a directory"):
        private.make(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o644


@pytest.mark.parametrize("bits", [0o777, 0o1777, 0o702])
def test_a_folder_that_others_may_write_is_refused(tmp_path, bits):
    """Somebody may have put something into it already."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(bits)
    with pytest.raises(Exposed, match="is not yours alone: others may write it"):
        private.make(tmp_path / "open")


@pytest.mark.parametrize("bits", [0o777, 0o757])
def test_a_parent_that_others_may_change_is_refused(tmp_path, bits):
    """Below such a folder nothing is made, unless it is sticky as /tmp is."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(bits)
    with pytest.raises(Exposed, match=f"others may write {tmp_path}/open"):
        private.make(tmp_path / "open" / "mine")
    assert not (tmp_path / "open" / "mine").exists()
    (tmp_path / "open").chmod(bits | stat.S_ISVTX)
    private.make(tmp_path / "open" / "mine")


def test_a_list_of_others_is_no_private_group(tmp_path, monkeypatch):
    """The bits of a group also stand for users whom an access control list names."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o775)
    monkeypatch.setattr(ownership, "_is_private", lambda group: True)
    assert ownership.weakness(folder) == ""
    entries = ((0x01, 7, -1), (0x02, 7, 65534), (0x04, 7, -1), (0x10, 7, -1), (0x20, 5, -1))
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(folder, "system.posix_acl_access", access)
    except (OSError, AttributeError):
        pytest.skip("no access control lists here")
    assert mode(folder) == 0o775
    with pytest.raises(Exposed, match="is not yours alone: others may write it"):
        private.make(folder)
    folder.chmod(0o755)  # the list is kept, and allows nothing more
    assert ownership.weakness(folder) == ""


def test_a_private_group_may_write(tmp_path, monkeypatch):
    """The group that many systems give each user is that user; another group is others."""
    (tmp_path / "group").mkdir()
    (tmp_path / "group").chmod(0o775)
    private.make(tmp_path / "group" / "mine")
    monkeypatch.setattr(ownership, "_is_private", lambda group: False)
    with pytest.raises(Exposed):
        private.make(tmp_path / "group" / "other")


def test_links_of_one_s_own_are_followed(tmp_path):
    """A user may keep a folder elsewhere, by links of any kind, but not in a circle."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "near").symlink_to("disk")
    (tmp_path / "far").symlink_to(tmp_path / "near")
    private.make(tmp_path / "far" / "mine")
    assert mode(tmp_path / "disk" / "mine") == 0o700
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        private.make(tmp_path / "circle" / "mine")


def test_what_a_link_leads_to_is_looked_at(tmp_path):
    """A link does not hide a folder that others may change."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to("../open")
    with pytest.raises(Exposed, match="others may write"):
        private.make(tmp_path / "inside" / "link" / "mine")


@strangers.needed
@pytest.mark.parametrize("trap", ["link", "folder"])
def test_what_a_stranger_put_there_is_refused(tmp_path, trap):
    """In a folder like /tmp, a folder or a link of another user's under one's own name is not used."""
    place = Path("/tmp") / f"arena-test-{os.getpid()}"
    place.mkdir()
    place.chmod(0o1777)
    target = tmp_path / "victim"
    target.mkdir()
    code = {"link": f"os.symlink({str(target)!r}, sys.argv[1])", "folder": "os.mkdir(sys.argv[1], 0o777)"}
    try:
        strangers.run(code[trap], str(place / "mine"))
        for folder in (place / "mine", place / "mine" / "deeper"):
            with pytest.raises(Exposed, match=f"(it|{place}/mine) belongs to the user {strangers.UID}"):
                private.make(folder)
        assert list(target.iterdir()) == []
    finally:
        if (place / "mine").is_symlink():
            (place / "mine").unlink()
        else:
            (place / "mine").rmdir()
        place.rmdir()


def test_emptying_follows_no_link(tmp_path):
    """Links go, what they lead to stays, with its permissions; folders that forbid their owner go, too."""
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "kept").write_text("x")
    home = tmp_path / "home"
    (home / "deep" / "er").mkdir(parents=True)
    (home / "deep" / "er" / "file").write_text("x")
    (home / "deep" / "out").symlink_to(other)
    (home / "out").symlink_to(other)
    (home / "lock").write_text("")
    (home / "deep" / "er").chmod(0o000)
    folder = os.open(home, os.O_RDONLY)
    try:
        private.empty(folder, keep="lock")
    finally:
        os.close(folder)
    assert [path.name for path in home.iterdir()] == ["lock"]
    assert (mode(other), (other / "kept").read_text()) == (0o755, "x")


def test_emptying_goes_as_deep_as_programs_do(tmp_path):
    """Thousands of folders in each other, of which some forbid it, take neither a stack nor descriptors."""
    top = os.open(tmp_path, os.O_RDONLY)
    place = os.dup(top)
    for level in range(3000):
        os.mkdir("pods", dir_fd=place)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=place))
        inner = os.open("pods", os.O_RDONLY, dir_fd=place)
        os.fchmod(place, 0o700 if level % 7 else 0o500)
        os.close(place)
        place = inner
    os.close(place)
    tmp_path.chmod(0o700)
    try:
        private.empty(top)
        assert list(tmp_path.iterdir()) == []
    finally:
        os.close(top)
        subprocess.run(["rm", "-rf", tmp_path / "pods"], check=True)  # pytest could not


def test_a_folder_that_is_removed_while_it_is_made(tmp_path, monkeypatch):
    """It is there in the end, though it is removed right after it was made; a link to nowhere is an error."""
    folder = tmp_path / "one" / "two"
    removals = iter(range(5))

    def check_and_remove(path: Path) -> None:
        if path.exists() and next(removals, None) is not None:
            shutil.rmtree(tmp_path / "one")

    monkeypatch.setattr(private, "check", check_and_remove)
    private.make(folder)
    assert folder.is_dir()
    assert next(removals, None) is None
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        private.make(tmp_path / "link" / "mine")
