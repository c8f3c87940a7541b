"""Folders and files for one user alone, on a machine with others; `local/` uses this, too."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping

from arena import operating_system, ownership
from arena.paths import StrPath, upward

NOWHERE = "/nonexistent"
"""The home folder of a user without one, by Debian's convention."""

_REMOVALS = 10
"""How often a folder may be removed while it is made."""


class Exposed(Exception):
    """Somebody else could change the content of a path.

    Attributes:
        message: what is exposed and why, one sentence without a full stop.
        hint: what the user can do next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def of_user(environ: Mapping[str, str], variable: str, below: str) -> str:
    """The folder of arena in an XDG base folder: that of `variable` if absolute, else `below` the home."""
    named = environ.get(variable, "")
    return os.path.join(named if os.path.isabs(named) else os.path.join(home(environ), below), "arena")


def home(environ: Mapping[str, str]) -> str:
    """The user's home folder, by HOME or else by the user database; it may be missing, or closed to the user.

    A relative HOME is ignored: it would be another folder in every directory.
    """
    named = environ.get("HOME", "")
    if os.path.isabs(named):
        return named
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return NOWHERE


def make(folder: StrPath) -> None:
    """Create a folder and its missing parents for this user alone, whatever the umask.

    Existing parts are checked like in `check`; if others may read the folder itself, it is closed to them.
    Another process may remove the folder at the same time, as a reset does.

    Raises:
        Exposed: somebody else could change it.
        OSError: it cannot be created.
    """
    for _ in range(_REMOVALS):
        with contextlib.suppress(FileNotFoundError):
            return _make(folder)
    return _make(folder)


def _make(folder: StrPath) -> None:
    """See `make`; raises FileNotFoundError if the folder, or one above it, is removed meanwhile."""
    check(folder)
    for one in reversed([*upward(folder)]):
        if not os.path.exists(one):
            with contextlib.suppress(FileExistsError):  # another process was quicker
                os.mkdir(one, 0o700)
                os.chmod(one, 0o700)  # a umask may remove permissions of the owner, too
    check(folder)
    mode = os.stat(folder).st_mode
    if not stat.S_ISDIR(mode):  # such as /dev/null, which everybody needs
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if stat.S_IMODE(mode) & 0o077:
        os.chmod(folder, 0o700)


def check(folder: StrPath) -> None:
    """Refuse a folder, existing or not, that another user owns, may write, or could replace.

    Raises:
        Exposed: another user could change it.
    """
    try:
        found = ownership.exposure(folder)
    except OSError:
        return  # it is not accessible, as its first use will report
    if not found:
        return
    _, is_open, place = found.partition("others may write ")
    hint = (
        f"make it writable only by you: chmod go-w {folder if place == 'it' else place}"
        if is_open
        else "remove it, or use another folder"
    )
    raise Exposed(f"the folder {folder} is not yours alone: {found}", hint)


def write(path: StrPath, text: str) -> None:
    """Write a file completely or not at all, readable by its owner alone."""
    fresh = f"{os.fspath(path)}.{os.getpid()}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | operating_system.no_follow()
        descriptor = os.open(fresh, flags, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            operating_system.set_mode(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)


def empty(folder: int, keep: str = "") -> None:
    """Empty a folder, given its descriptor, except for the entry `keep`; links are never followed.

    Nested folders are first moved up into this one, with a name that is unchanged up to the first dot:
    programs may have nested them deeper than a stack or a path allows.

    Raises:
        OSError: something cannot be removed, or is on another disk.
    """
    disk = os.fstat(folder).st_dev
    while found := [one for one in _entries(folder) if one[0] != keep]:
        for name, is_folder in found:
            if not is_folder:
                os.unlink(name, dir_fd=folder)
                continue
            with _opened(name, folder, disk) as inner:
                _bring_up(inner, folder, name.partition(".")[0])
            os.rmdir(name, dir_fd=folder)


def remove(folder: StrPath) -> None:
    """Remove a folder and its content, as `empty` does.

    Raises:
        OSError: it does not exist, or as for `empty`.
    """
    above, name = os.path.split(folder)
    parent = os.open(above or os.curdir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with _opened(name, parent, os.fstat(parent).st_dev) as inner:
            empty(inner)
        os.rmdir(name, dir_fd=parent)
    finally:
        os.close(parent)


def _entries(folder: int) -> list[tuple[str, bool]]:
    """The names in a folder, and whether each is a folder."""
    with os.scandir(folder) as entries:
        return [(one.name, one.is_dir(follow_symlinks=False)) for one in entries]


def _bring_up(inner: int, folder: int, begin: str) -> None:
    """Remove the files of a folder in `folder`, and move the folders there."""
    for name, is_folder in _entries(inner):
        if is_folder:
            _unlock(name, inner)  # moving a folder changes it
            os.rename(name, f"{begin}.{os.urandom(8).hex()}", src_dir_fd=inner, dst_dir_fd=folder)
        else:
            os.unlink(name, dir_fd=inner)


def _unlock(name: str, folder: int) -> None:
    """Allow the owner everything in a folder: programs may leave folders that forbid it."""
    info = os.lstat(name, dir_fd=folder)
    if info.st_mode & 0o700 != 0o700 and info.st_uid == os.getuid() and stat.S_ISDIR(info.st_mode):
        os.chmod(name, 0o700, dir_fd=folder)


@contextlib.contextmanager
def _opened(name: str, folder: int, disk: int) -> Iterator[int]:
    """Open a folder in another one, even if its owner may not enter it; never through a link."""
    _unlock(name, folder)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        if os.fstat(inner).st_dev != disk:
            raise OSError(errno.EXDEV, "it is on another disk", name)
        yield inner
    finally:
        os.close(inner)
