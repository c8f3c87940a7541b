"""Locks in the state folder: who starts a server, which process is the server, how the last one ended.

Supervisors import this module, and every command on the local cluster does: it uses little more than the
standard library, and imports the rest late.
"""

import contextlib
import errno
import fcntl
import os
import time

from arena.paths import StrPath

START = "start.lock"
"""The lock of the command that starts, stops or resets the server, in the state folder."""
SERVER = "server.lock"
"""The lock of the server; it contains the server's pid."""
PROXY = "proxy.lock"
"""The lock of the proxy's process, with its pid."""


def acquire(path: StrPath, seconds: float) -> int | None:
    """Lock a file within a number of seconds and return its descriptor, or None. Closing it unlocks the file.

    A reset may remove the file and its folder meanwhile; both are then created again.
    """
    from arena.private import make

    deadline = time.monotonic() + seconds
    while True:
        make(os.path.dirname(path))
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            return _locked(path)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.01)


def acquire_existing(path: StrPath) -> int | None:
    """Lock a file at once, and create nothing; None if it does not exist, or is locked."""
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        return _locked(path, create=0)
    return None


def _locked(path: StrPath, create: int = os.O_CREAT) -> int:
    """Open and lock the file, and return its descriptor.

    Raises:
        BlockingIOError: another process holds the lock.
        FileNotFoundError: the file was removed before it was locked, so that others cannot see the lock.
    """
    descriptor = os.open(path, os.O_RDWR | create, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(descriptor).st_nlink:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def fell(home: StrPath, lock: str = SERVER) -> bool:
    """Whether the process that last held a lock, the server's if none is named, did not call `leave`."""
    try:
        with open(os.path.join(home, lock)) as file:
            return holder(home, lock) is None and bool(file.read().strip())
    except OSError:  # none has been here
        return False


def leave(lock: int) -> None:
    """Record in the file of a lock that this process, which holds it, ends on purpose."""
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
        from arena.local.folders import explained

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
