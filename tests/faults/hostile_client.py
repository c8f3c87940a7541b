"""A client that sends any request to the local cluster's server, and tells its status and time."""

import http.client
import socket
import time
from pathlib import Path

from mutants import Request

from arena.local import sockets


class Connection(http.client.HTTPConnection):
    """HTTP over the server's Unix socket, as arena speaks to it."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(fileno=sockets.connect(self._path, 30).detach())
        self.sock.settimeout(30)


class Client:
    """A connection that is kept, and opened anew where the server ends it or an answer has no end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: Connection | None = None

    def ask(self, request: Request) -> tuple[int, float]:
        """The status of the answer, and the seconds until it was there; 0 where none came."""
        connection = self._open or Connection(self._path)
        self._open, began = None, time.monotonic()
        try:
            self._send(connection, request)
            answer = connection.getresponse()
            endless = answer.status == 101 or answer.getheader("Transfer-Encoding") == "chunked"
            if not endless:
                answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            return 0, time.monotonic() - began
        if endless or answer.will_close:
            connection.close()
        else:
            self._open = connection
        return answer.status, time.monotonic() - began

    def _send(self, connection: Connection, request: Request) -> None:
        connection.putrequest(request.method, request.path or "/", skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value.encode())
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)

    def close(self) -> None:
        """Hang up."""
        if self._open:
            self._open.close()
