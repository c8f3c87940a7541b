"""Checks the disk of the state folder, and explains errors of its files.

This module uses little more than the standard library, since every command on the local cluster imports it.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

from arena import operating_system
from arena.paths import StrPath
from arena.private import Exposed

_TYPES = "nfs nfs4 cifs smb3 smbfs afs ceph lustre beegfs gpfs glusterfs fuse.sshfs fuse.glusterfs"
NETWORK = frozenset([*_TYPES.split(), "afpfs", "webdav", "macfuse"])
"""File systems on which file locks and the database's shared memory are not reliable."""


ROOM = 1 << 20
"""Free bytes that a start requires."""


class DaemonError(Exception):
    """The local cluster cannot be started, stopped or found.

    Attributes:
        message: what went wrong and where, one sentence without a full stop.
        hint: what the user can do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def network(path: StrPath) -> str:
    """Return the type of the network file system that contains `path`, or ""."""
    # Ask by the nearest folder that exists, its links resolved.
    there = os.path.realpath(path)
    best, kind = -1, ""
    for point, type_ in operating_system.mounts():
        below = there == point or there.startswith(point.rstrip("/") + "/")
        if below and len(point) >= best:
            best, kind = len(point), type_
    return kind if kind in NETWORK else ""


def check_proc() -> None:
    """Require /proc on Linux: without it no process can be found again.

    Raises:
        DaemonError: it is not mounted.
    """
    if operating_system.is_proc_missing():
        raise DaemonError("the local cluster needs /proc, which is not mounted", "mount it")


def check_room(home: StrPath) -> None:
    """Refuse to start on a full disk, where the server could not even log why it fails.

    Raises:
        DaemonError: the disk is full.
    """
    found = os.statvfs(home)
    if found.f_bavail * found.f_frsize < ROOM:
        raise DaemonError(
            f"the disk of {home} is full", "free some space there, or set ARENA_LOCAL_HOME to another folder"
        )


@contextlib.contextmanager
def explained(path: StrPath) -> Iterator[None]:
    """Turn errors of files below `path` into a DaemonError that says what to do."""
    try:
        yield
    except Exposed as exposed:
        hint = f"{exposed.hint}, or set ARENA_LOCAL_HOME to another folder"
        raise DaemonError(exposed.message, hint) from exposed
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free some space there" if full else "make it writable"
        raise DaemonError(
            f"the local cluster cannot write to {path}: {error.strerror}",
            f"{hint}, or set ARENA_LOCAL_HOME to another folder",
        ) from error
