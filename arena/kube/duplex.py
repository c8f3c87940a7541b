"""A TLS connection that one thread reads while others send."""

import errno
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Duplex:
    """The part of a socket that sessions use, over TLS whose handshake is done.

    Before Python 3.13, reading and sending at the same moment meet in OpenSSL, which does not allow it: the
    reader then finds the end of a connection that is open. Here one waits for the other, but never for the
    network.
    """

    def __init__(self, link: ssl.SSLSocket) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._timeout = link.gettimeout()
        self._waiting = 0
        self._closed = False  # the WebSocket library asks for this name
        link.settimeout(0)

    def recv(self, size: int) -> bytes:
        """Wait for data; b"" at the end."""
        return self._made(lambda: self._link.recv(size))

    def recv_into(self, buffer: Any) -> int:
        """Wait for data; 0 bytes at the end."""
        return self._made(lambda: self._link.recv_into(buffer))

    def send(self, data: bytes | memoryview) -> int:
        """Send some of the data, and return how many bytes."""
        return self._made(lambda: self._link.send(data))

    def sendall(self, data: bytes) -> None:
        """Send all of the data."""
        left = memoryview(data)
        while left:
            left = left[self.send(left) :]

    def settimeout(self, seconds: float | None) -> None:
        """Set for how long a call waits for the network; None for no limit."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """For how long a call waits for the network."""
        return self._timeout

    def fileno(self) -> int:
        """The descriptor; -1 once it is closed."""
        return self._link.fileno()

    def shutdown(self, how: int) -> None:
        """Wake up whoever waits."""
        socket.socket.shutdown(self._link, how)  # below TLS, which another thread may use

    def close(self) -> None:
        """Close the connection; whoever waits is woken up first."""
        with suppress(OSError):  # the other side was quicker
            self.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """Give the descriptor back once nobody waits for it, who would never wake up."""
        if self._closed and not self._waiting:
            self._link.close()

    def _made(self, call: Callable[[], T]) -> T:
        """The result of a call; waits until the network allows it."""
        while True:
            with self._lock:
                if self._closed:
                    raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                try:
                    return call()
                except ssl.SSLWantReadError:
                    event = selectors.EVENT_READ
                except ssl.SSLWantWriteError:
                    event = selectors.EVENT_WRITE
                self._waiting += 1
            try:
                self._wait(event)
            finally:
                with self._lock:
                    self._waiting -= 1
                    self._release()

    def _wait(self, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, event)
            if not selector.select(self._timeout):
                raise TimeoutError("the connection was silent for too long")
