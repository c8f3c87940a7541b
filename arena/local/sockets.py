"""The sockets of the server: a Unix socket in the state folder for arena, and a port for other clients.

Only the owner can enter the folder, so nobody else can reach or replace the Unix socket, and it needs neither
a secret nor TLS. Connections to the port are authenticated by TLS (`tls`).

Clients use the sockets of `_socket`, as those of the standard library are made of: the module `socket` makes
enumerations of all its numbers first, which takes as long as all requests of a short list.
"""

import _socket
import contextlib
import errno
import os
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena import operating_system
from arena.paths import StrPath

if TYPE_CHECKING:
    from socket import socket

LONGEST = 100
"""Maximum length, in bytes, of a socket's path on all systems: macOS allows 103, Linux 107."""

PORTS = range(30000, 32768)
"""Ports that are tried first. They are below the range from which systems assign ports, so that the port of a
stopped server stays free, and outside that of pods (20000 to 29999)."""


def connect(path: StrPath, seconds: float) -> _socket.socket:
    """Connect to the server that listens at a path.

    Raises:
        OSError: no server listens there, or one of another user.
    """
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _limit(link, seconds)
        with _short(path) as name:
            link.connect(name)
        _limit(link, 0)
        link.settimeout(seconds)
        if operating_system.peer(link) not in (None, os.getuid()):
            raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
    except BaseException:
        link.close()
        raise
    return link


def _limit(link: _socket.socket, seconds: float) -> None:
    """Limit the time of a call; 0 for no limit.

    After `settimeout`, Linux refuses a connection at once while the server, on a busy machine, has many
    others to accept.
    """
    whole, rest = divmod(seconds, 1)
    link.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, struct.pack("ll", int(whole), int(rest * 1e6)))


def listen(path: StrPath) -> "socket":
    """Listen at a path, and replace the socket of an earlier server."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with _short(path) as name:
        return _listening(_socket.AF_UNIX, name)


def adopted(descriptor: int) -> "socket":
    """The socket of an open descriptor, which it closes."""
    import socket

    return socket.socket(fileno=descriptor)


def listen_at(port: int) -> "socket":
    """Listen at a loopback port.

    Raises:
        OSError: another program does.
    """
    return _listening(_socket.AF_INET, ("127.0.0.1", port))


def listen_on_loopback(preferred: int | None) -> "socket":
    """Listen on a loopback port: the preferred one, or any that is free."""
    from random import sample

    for port in (*([preferred] if preferred else []), *sample(PORTS, 20)):
        with contextlib.suppress(OSError, OverflowError):
            return _listening(_socket.AF_INET, ("127.0.0.1", port))
    return _listening(_socket.AF_INET, ("127.0.0.1", 0))


def _listening(family: int, address: str | tuple[str, int]) -> "socket":
    import socket

    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except BaseException:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _short(path: StrPath) -> Iterator[str]:
    """A path short enough for a socket's address; a long one is replaced by a temporary link."""
    if len(os.fsencode(path)) <= LONGEST:
        yield os.fspath(path)
        return
    from tempfile import TemporaryDirectory

    # Made for this user alone. TMPDIR may be long, too.
    with TemporaryDirectory(prefix="arena-", dir="/tmp") as folder:
        link = os.path.join(folder, "s")
        above, name = os.path.split(path)
        os.symlink(above, link)
        yield os.path.join(link, name)
