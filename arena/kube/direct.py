"""Requests to a server without a proxy.

Importing the HTTP library takes as long as the rest of a short command, and as much memory as thousands of
pods.
"""

import _socket
import threading
import weakref

from arena.kube import http1, limits, urls
from arena.kube.endpoint import Endpoint, Headers
from arena.kube.limits import Alarm
from arena.kube.sockets import Dialer, ascii_name


class Pool:
    """Connections to one server, kept open between requests; shared by threads. See `transport.Pool`.

    Args:
        connect: time limit in seconds for connecting.
    """

    def __init__(self, endpoint: Endpoint, connect: float) -> None:
        self._dialer = Dialer(endpoint)
        self._path = urls.address(endpoint.server).path
        self._host = ascii_name(endpoint.address)
        self._connect = connect
        self._idle: list[_socket.socket] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._idle)

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Headers,
        silence: float | None,
        alarm: Alarm | None = None,
    ) -> "Reply":
        """Send a request and read the answer's head; raises OSError if there is none."""
        link = self._take()
        try:
            link.settimeout(silence)
            if alarm is not None:
                alarm.watch(link)
            _send(link, http1.request(method, self._path + target, self._host, headers, body))
            return Reply(self, link, http1.Answer(link))
        except BaseException:
            link.close()
            self._forget()
            raise

    def _take(self) -> _socket.socket:
        while True:
            with self._lock:
                if not self._idle:
                    break
                link = self._idle.pop()
            if _is_open(link):
                return link
            link.close()
        return self._dialer.dial(self._connect)

    def give_back(self, link: _socket.socket) -> None:
        """Keep a connection whose answer was read completely."""
        with self._lock:
            self._idle.append(link)

    def _forget(self) -> None:
        """Close the idle connections: what broke one has often broken all, and retries are few."""
        with self._lock:
            _close(self._idle)
            self._idle.clear()


class Reply:
    """An answer. See `transport.Reply`."""

    def __init__(self, pool: Pool, link: _socket.socket, answer: http1.Answer) -> None:
        self._pool = pool
        self._link = link
        self._answer = answer
        self._data: bytes | None = None
        self.status = answer.status
        encoding = self.header("Content-Encoding")
        self._read = limits.unpacked(answer.read, encoding)
        self._read1 = limits.unpacked(answer.read1, encoding)

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""
        return self._answer.headers.get(name.lower(), "")

    @property
    def data(self) -> bytes:
        """The whole body; afterwards, the connection is free for the next request."""
        if self._data is None:
            self._data = limits.whole(self._read)
            self._answer.close()
            if self._answer.ends:
                self._link.close()
            else:
                self._pool.give_back(self._link)
        return self._data

    def read1(self, amount: int) -> bytes:
        """What has arrived, at least a byte; b"" at the end."""
        found = self._read1(amount)
        if not found and self._answer.ends:
            self._link.close()
        return found

    def shutdown(self) -> None:
        """Wake up a reading thread, which finds the end."""
        # Below TLS, since another thread uses the TLS _socket.
        _socket.socket.shutdown(self._link, _socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, unless its answer was read completely."""
        if self._data is None:
            self._answer.close()
            self._link.close()


def _send(link: _socket.socket, request: bytes) -> None:
    """Send a request as far as the server reads it: it may refuse a large object, and hang up, before."""
    try:
        link.sendall(request)
    except TimeoutError:
        raise
    except OSError:
        return  # TLS has an error of its own; reading the answer shows whether there is one


def _is_open(link: _socket.socket) -> bool:
    """Whether an idle connection is still open: data on it can only mean its end."""
    link.settimeout(0)
    try:
        _socket.socket.recv(link, 1, _socket.MSG_PEEK)  # below TLS, which cannot peek; Windows has no poll()
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _close(idle: list[_socket.socket]) -> None:
    for link in idle:
        link.close()
