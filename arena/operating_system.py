"""What differs between Linux, macOS and Windows: nothing else asks which of them this is.

arena is tested on Linux; there, tests also take the branches of macOS, by setting LINUX to False, where they
work on both. docs/local-cluster.md says what is known of macOS. On Windows only real clusters work.

Supervisors use this module, so it imports only the standard library, and that late. psutil, which they do not
find, is left to functions that they do not call.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing is slow to load
    import selectors
    from _socket import socket
    from collections.abc import Callable, Iterator

LINUX = sys.platform == "linux"
PR_SET_CHILD_SUBREAPER = 36

# Processes


def is_proc_missing() -> bool:
    """Whether this is Linux without /proc, where no process could be found again."""
    return LINUX and not os.path.exists("/proc/self/stat")


def boot_id() -> str:
    """The id of this boot of the machine, or "" if the system has none."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
    return ""


def start_time(pid: int, forked: float) -> float:
    """When a process started: clock ticks since boot on Linux, elsewhere `forked`, when it was forked.

    Elsewhere the system tells the time of the fork as well, but not to supervisors.
    """
    fields = _stat(pid) if LINUX else []
    return int(fields[19]) if fields else forked


def is_running(pid: int, start: float, zombie: bool = False) -> bool:
    """Whether the process that has this id and `start_time` is running, or is a `zombie` if that counts."""
    if LINUX:
        fields = _stat(pid)
        return bool(fields) and int(fields[19]) == start and (zombie or fields[0] not in (b"Z", b"X"))
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if abs(process.create_time() - start) < 2:
            return zombie or process.status() != psutil.STATUS_ZOMBIE
    return False


def pids() -> list[int]:
    """The ids of all processes."""
    if LINUX:
        with suppress(OSError):
            return [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return []
    import psutil

    return psutil.pids()


def parents() -> Iterator[tuple[int, int]]:
    """The id of every process, with that of its parent."""
    if LINUX:
        yield from ((pid, int(fields[1])) for pid in pids() if (fields := _stat(pid)))
        return
    import psutil

    for process in psutil.process_iter(["ppid"]):
        yield process.pid, process.info["ppid"]


def tree() -> dict[int, list[int]]:
    """The children of all processes, read in one pass."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents():
        children.setdefault(parent, []).append(pid)
    return children


def descendants(pid: int, children: dict[int, list[int]]) -> list[int]:
    """All descendants of a process in a `tree`."""
    found = list(children.get(pid, ()))
    for one in found:  # grows while it is walked
        found.extend(children.get(one, ()))
    return found


def children(parent: int) -> list[int]:
    """The children of a process, for supervisors; [] where only psutil could tell them."""
    return [pid for pid, above in parents() if above == parent] if LINUX else []


def environment(pid: int) -> bytes:
    """The environment of a process, as `\\0NAME=value\\0NAME=value\\0`.

    It is b"" if the system does not show it: macOS shows that of hardly any other process.
    """
    if LINUX:
        with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + text + b"\0" if (text := file.read()) else b""
        return b""
    import psutil

    with suppress(psutil.Error, OSError):
        found = psutil.Process(pid).environ()
        return (
            os.fsencode("".join(f"\0{name}={value}" for name, value in found.items()) + "\0")
            if found
            else b""
        )
    return b""


def adopt_orphans(adopt: bool = True) -> None:
    """Make Linux reparent orphaned descendants to this process, so that a new session is no escape."""
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def pidfd_open() -> Callable[[int], int] | None:
    """Linux's function whose descriptor becomes readable when the process exits, if there is one."""
    found: Callable[[int], int] | None = getattr(os, "pidfd_open", None) if LINUX else None
    return found


def has_pipe_events() -> bool:
    """Whether the usual selector tells when a named pipe can be written, and that its last writer has left.

    That of macOS does not (https://github.com/golang/go/issues/24164); `select` does.
    """
    return LINUX


def selector() -> selectors.BaseSelector:
    """A selector for named pipes and few descriptors."""
    import selectors

    return selectors.DefaultSelector() if has_pipe_events() else selectors.SelectSelector()


def umask() -> int:
    """The umask; on Linux it stays as it is, since other threads may be creating files."""
    with suppress(OSError), open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat after the name, which may hold blanks; [] if there is no such process."""
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as stat:
        return stat.read().rpartition(b")")[2].split()
    return []


# Files


def mounts() -> list[tuple[str, str]]:
    """The mount point and type of every file system; [] if the system does not tell."""
    if LINUX:
        with suppress(OSError), open("/proc/self/mounts", errors="replace") as file:
            fields = [line.split(" ") for line in file]
            return [(point.replace("\\040", " "), kind) for _, point, kind, *_ in fields]
        return []
    import psutil

    return [(one.mountpoint, one.fstype) for one in psutil.disk_partitions(all=True)]


def has_access_list(path: str) -> bool:
    """Whether an access control list grants more users or groups access, up to the group bits.

    Linux alone has such lists. Those of macOS grant access beside the bits, and are not read.
    """
    with suppress(OSError, AttributeError):
        return bool(os.getxattr(path, "system.posix_acl_access"))
    return False


def no_follow() -> int:
    """The flag of `os.open` that follows no link; 0 on Windows."""
    return getattr(os, "O_NOFOLLOW", 0)


def set_mode(descriptor: int, mode: int) -> None:
    """Set the permissions of an open file, whatever the umask; Windows has none."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


def set_owner(path: os.PathLike[str], uid: int, gid: int) -> None:
    """Give a file to somebody, if this user may do so; Windows has no such owners."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, uid, gid, follow_symlinks=False)


# Network


def loopback() -> str:
    """The name of the loopback interface."""
    return "lo" if LINUX else "lo0"


def probes(idle: int, interval: int, count: int) -> list[tuple[int, int, int]]:
    """Options of a TCP socket: after how many seconds, and how often, to probe a silent peer."""
    import socket

    first = "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE"  # as macOS calls it
    wanted = {first: idle, "TCP_KEEPINTVL": interval, "TCP_KEEPCNT": count}
    known = {getattr(socket, name, None): value for name, value in wanted.items()}
    return [(socket.IPPROTO_TCP, name, value) for name, value in known.items() if name is not None]


def unsent(link: socket) -> int:
    """The number of bytes written to a TCP connection that the other side has not confirmed; 0 if unknown."""
    import fcntl
    import struct
    import termios

    if not LINUX:  # macOS has the number elsewhere (SO_NWRITE)
        return 0
    found: int = struct.unpack("i", fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
    return found


def peer(link: socket) -> int | None:
    """The user at the other end of a Unix socket, or None if the system does not say.

    macOS would, in another form (LOCAL_PEERCRED), which was not tried; the folder keeps others out.
    """
    import _socket

    option: int | None = getattr(_socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _, uid, _ = memoryview(link.getsockopt(_socket.SOL_SOCKET, option, 12)).cast("i")
    return uid
