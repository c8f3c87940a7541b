"""Locks in the state folder: who starts a server, which process is the server, how the last one ended.

This module uses little more than the standard library, since every command on the local cluster imports it.
"""

import contextlib
import errno
import fcntl
import os
import time

from arena.local.folders import explained
from arena.paths import StrPath
from arena.private import make

SERVER = "server.lock"
"""The lock of the server, in the state folder; it contains the server's pid."""
PROXY = "proxy.lock"
"""The lock of the proxy's process, with its pid."""


def acquire(path: StrPath, seconds: float) -> int | None:
    """Lock a file within a number of seconds and return its descriptor, or None. Closing it unlocks the file.

    A reset may remove the file and its folder meanwhile; both are then created again.
    """
    deadline = time.monotonic() + seconds
    while True:
        make(os.path.dirname(path))
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            return _locked(path)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.01)


def _locked(path: StrPath) -> int:
    """Open and lock the file, and return its descriptor.

    Raises:
        BlockingIOError: another process holds the lock.
        FileNotFoundError: the file was removed before it was locked, so that others cannot see the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(descriptor).st_nlink:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def fell(home: StrPath) -> bool:
    """Whether the process that last held `server.lock` ended without calling `leave`."""
    try:
        with open(os.path.join(home, SERVER)) as file:
            return holder(home) is None and bool(file.read().strip())
    except OSError:  # no server has been here
        return False


def leave(lock: int) -> None:
    """Record in `server.lock`, which this process holds, that it ends on purpose."""
    os.ftruncate(lock, 0)


def missing(home: StrPath, lock: int) -> str | None:
    """Say how the server lost its folder: "removed", "moved", or "unlocked" if only `server.lock` is gone.

    None if nothing is missing. After "moved" and "unlocked" the pods can still be found.
    """
    with contextlib.suppress(OSError):
        if os.path.samestat(os.stat(os.path.join(home, SERVER)), os.fstat(lock)):
            return None
    if os.fstat(lock).st_nlink:
        return "moved"
    try:
        return "unlocked" if os.path.samestat(os.stat(home), os.stat(".")) else "removed"
    except OSError:
        return "removed"


def settle(home: StrPath) -> None:
    """Record for a crashed server, unless another one is running, that it was stopped on purpose."""
    if fell(home):
        with explained(home):
            lock = acquire(os.path.join(home, SERVER), 0)
        if lock is not None:
            os.ftruncate(lock, 0)
            os.close(lock)


def holder(home: StrPath, lock: str = SERVER) -> int | None:
    """Return the pid of the process that holds a lock, the server's if none is named; None if nobody does."""
    try:
        descriptor = os.open(os.path.join(home, lock), os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        # Locked an instant ago, the file may still hold no pid, or that of the one before.
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None
