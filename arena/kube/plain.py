"""Requests over plain HTTP to a server of this machine, with the standard library alone.

The HTTP library takes as long to import as the rest of `arena list` does in all, and a loopback
connection needs nothing of what it is for: no TLS, no proxy, no compression.
"""

import select
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit


class Pool:
    """Connections to one server, kept open between requests; shared by threads. See `transport.Pool`."""

    def __init__(self, server: str, connect: float) -> None:
        parts = urlsplit(server)
        self._address = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        self._connect = connect
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._idle)

    def request(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], silence: float | None
    ) -> "Reply":
        """Send a request and read the answer's head; an OSError where there is none."""
        connection = self._take()
        with _broken():
            try:
                if connection.sock is None:
                    connection.connect()
                link = connection.sock
                link.settimeout(silence)
                connection.request(method, self._path + target, body, dict(headers))
                return Reply(self, connection, link, connection.getresponse())
            except BaseException:
                connection.close()
                raise

    def _take(self) -> HTTPConnection:
        while True:
            with self._lock:
                if not self._idle:
                    return HTTPConnection(*self._address, timeout=self._connect)
                connection = self._idle.pop()
            # What can be read of a connection that waits for nothing is its end.
            idle = select.poll()  # select() itself refuses the 1025th file
            idle.register(connection.sock, select.POLLIN)
            if not idle.poll(0):
                return connection
            connection.close()

    def give_back(self, connection: HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            self._idle.append(connection)


class Reply:
    """An answer. See `transport.Reply`."""

    def __init__(
        self, pool: Pool, connection: HTTPConnection, link: socket.socket, answer: HTTPResponse
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._link = link
        self._answer = answer
        self._data: bytes | None = None
        self.status = answer.status

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""
        return self._answer.headers.get(name) or ""

    @property
    def data(self) -> bytes:
        """The whole body; the connection is free for the next request then."""
        if self._data is None:
            with _broken():
                self._data = self._answer.read()
            if self._connection.sock is not None:
                self._pool.give_back(self._connection)
        return self._data

    def read1(self, amount: int) -> bytes:
        """What has arrived, at least a byte; b"" at the end."""
        with _broken():
            return self._answer.read1(amount)

    def shutdown(self) -> None:
        """Wake up a thread that reads: it finds the end."""
        self._link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection up, unless its answer was read whole."""
        if self._data is None:
            self._answer.close()
            self._connection.close()


def _close(idle: list[HTTPConnection]) -> None:
    for connection in idle:
        connection.close()


@contextmanager
def _broken() -> Iterator[None]:
    """Whatever is wrong with an answer is a broken connection."""
    try:
        yield
    except HTTPException as cause:
        raise ConnectionError(f"the answer broke off: {type(cause).__name__}") from cause
