"""Ownership of files: whether anybody but this user and root controls what a path leads to."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from arena import operating_system
from arena.paths import StrPath

_LINKS = 40
"""Maximum number of links in a path, as for the system."""
ROOT = 0


def weakness(path: StrPath) -> str:
    """Who else controls what is at a path, for messages: `it belongs to bob`; "" if nobody does.

    Anybody who may write a folder can replace its content, so every folder and every link in the path is
    checked. Folders with the sticky bit, such as /tmp, protect what is ours in them; but the file itself must
    not be in one, since anybody can add files to it.

    Raises:
        OSError: there is no such file.
    """
    way = list(_way(path))
    homes = {
        os.path.dirname(place) for place, meta in way if place == way[-1][0] or stat.S_ISLNK(meta.st_mode)
    }
    return _first(way, homes, way[-1][0])


def exposure(folder: StrPath) -> str:
    """As `weakness`, for a folder that only this user may write and that may not exist yet.

    It may be in a folder such as /tmp: creating it there fails if somebody else was first.
    """
    way: list[tuple[str, os.stat_result]] = []
    with suppress(FileNotFoundError):
        for one in _way(folder):
            way.append(one)
        place, meta = way[-1]
        return (
            f"it belongs to {_name(meta.st_uid)}"
            if meta.st_uid == ROOT != os.geteuid()
            else _first(way, {place}, place)
        )
    return _first(way, set(), "")


def _first(way: list[tuple[str, os.stat_result]], homes: set[str], target: str) -> str:
    """The first weakness in a path; to the folders in `homes`, nobody else may even add anything."""
    for place, meta in reversed(way):
        what = "it" if place == target else place
        if meta.st_uid not in (os.geteuid(), ROOT):
            return f"{what} belongs to {_name(meta.st_uid)}"
        if _is_open(place, meta) and not (_is_kept(meta) and place not in homes):
            return f"others may write {what}"
    return ""


def _way(path: StrPath) -> Iterator[tuple[str, os.stat_result]]:
    """Every folder and link in the path, and the file at the end."""
    place, links = "/", 0
    yield place, os.lstat(place)
    rest = _names(os.fspath(path)) + ([] if os.path.isabs(path) else _names(os.getcwd()))
    while rest:
        name = rest.pop()
        if name == "..":
            place = os.path.dirname(place)
            continue
        here = os.path.join(place, name)
        meta = os.lstat(here)
        yield here, meta
        if not stat.S_ISLNK(meta.st_mode):
            place = here
            continue
        links += 1
        if links > _LINKS:
            raise OSError(f"{path} passes too many links")
        target = os.readlink(here)
        place = "/" if os.path.isabs(target) else place
        rest += _names(target)


def _names(path: str) -> list[str]:
    """The names in a path, the last one first."""
    return [name for name in reversed(path.split(os.sep)) if name not in ("", os.curdir)]


def _is_kept(meta: os.stat_result) -> bool:
    """Whether it is a folder in which everybody can remove only their own files."""
    return stat.S_ISDIR(meta.st_mode) and bool(meta.st_mode & stat.S_ISVTX)


def _is_open(place: str, meta: os.stat_result) -> bool:
    """Whether others than its owner may write it; for a link, only its folder matters."""
    if stat.S_ISLNK(meta.st_mode) or stat.S_ISCHR(meta.st_mode):
        return False
    if meta.st_mode & stat.S_IWOTH:
        return True
    is_alone = _is_private(meta.st_gid) and not operating_system.has_access_list(place)
    return bool(meta.st_mode & stat.S_IWGRP) and not is_alone


@lru_cache
def _is_private(group: int) -> bool:
    """Whether a group has no other member than this user, as is usual with umask 002."""
    import grp
    import pwd

    try:
        me, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    own = group == ROOT or (group == me.pw_gid and found.gr_name == me.pw_name)
    return own and set(found.gr_mem) <= {me.pw_name, "root"}


def user() -> str:
    """The name of this user, by the environment or the user database; in a container it may be a number."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
