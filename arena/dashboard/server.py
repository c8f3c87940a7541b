"""The HTTP server of the page, on loopback, with one thread for each connection."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from arena.dashboard import changes, gate
from arena.dashboard.page_files import page_file
from arena.dashboard.readings import Answer
from arena.dashboard.routes import Routes
from arena.digits import whole
from arena.errors import SpecError

LOG = logging.getLogger(__name__)
ADDRESS = "127.0.0.1"
CONNECTIONS, STREAMS = 128, 24
"""Number of connections, and of logs that are followed, at a time."""
SILENCE = 30.0
"""Seconds until a connection without a request is closed."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""The policy allows the page's own files only, and no text as markup (`require-trusted-types-for`)."""


class Server(ThreadingHTTPServer):
    """The server of the page.

    Args:
        routes: what it answers.
        port: 0 for any free port.

    Raises:
        SpecError: the port cannot be used.
    """

    daemon_threads = True
    request_queue_size = 32
    allow_reuse_address = True

    def __init__(self, routes: Routes, port: int = 0) -> None:
        self.routes = routes
        self.token = gate.token()
        self.streams = threading.Semaphore(STREAMS)
        self._free = threading.Semaphore(CONNECTIONS)
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as cause:
            hint = "choose another port, or omit --port"
            raise SpecError(f"port {port} cannot be used: {cause.strerror}", hint) from cause

    @property
    def link(self) -> str:
        """The address of the page with the token, in the part that browsers do not send."""
        return f"http://{ADDRESS}:{self.server_address[1]}/#token={self.token}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own, or close it if there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a bug; that a browser has left is none."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            threading.excepthook(threading.ExceptHookArgs((type(error), error, None, None)))


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    server: Server

    def do_GET(self) -> None:
        """Answer with a file of the page, a panel, or a log."""
        if why := gate.misplaced(self._headers):
            self._refuse(HTTPStatus.FORBIDDEN, why)
        elif self.path.startswith("/api/"):
            self._api(self.path.removeprefix("/api/"))
        else:
            self._file(self.path.partition("?")[0].removeprefix("/") or "index.html")

    def do_POST(self) -> None:
        """Change something, if the command allows it."""
        if why := gate.misplaced(self._headers) or gate.refusal(self._headers, self.server.token):
            self._refuse(HTTPStatus.FORBIDDEN, why)
        elif self.path != "/api/change":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        elif not 0 < (size := whole(self.headers.get("Content-Length")) or 0) <= changes.LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large, or empty")
        else:
            self._send(self.server.routes.change(self.rfile.read(size)), "application/json")

    @property
    def _headers(self) -> dict[str, str]:
        # Of a header that is given twice, nobody reads only one.
        return {name.title(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}

    def _file(self, name: str) -> None:
        found = page_file(name)
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        else:
            self._send(found.content, found.type, found.tag)

    def _api(self, target: str) -> None:
        if why := gate.refusal(self._headers, self.server.token):
            self._refuse(HTTPStatus.FORBIDDEN, why)
        elif (lines := self.server.routes.stream(target)) is not None:
            self._stream(lines)
        elif (panel := self.server.routes.panel(target)) is not None:
            found = panel()
            if isinstance(found, Answer):
                self._send(found.body, "application/json", found.tag)
            else:
                waiting = json.dumps({"reading": round(found, 1)}).encode()
                self._send(waiting, "application/json", status=HTTPStatus.ACCEPTED)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def _send(self, body: bytes, kind: str, tag: str = "", status: HTTPStatus = HTTPStatus.OK) -> None:
        unchanged = bool(tag) and self.headers.get("If-None-Match") == tag
        self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else status)
        if tag:
            self.send_header("ETag", tag)
        if not unchanged:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._send(f"{why}\n".encode(), "text/plain; charset=utf-8", status=status)

    def _stream(self, lines: Iterator[bytes]) -> None:
        if not self.server.streams.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many logs are followed at a time")
            return
        try:
            self.close_connection = True
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(OSError):  # the browser has left
                for line in lines:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
                self.wfile.write(b"0\r\n\r\n")
        finally:
            self.server.streams.release()
            if close := getattr(lines, "close", None):
                close()

    def end_headers(self) -> None:
        """End the headers with those that every answer has."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache" if self._is_file else "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        super().end_headers()

    @property
    def _is_file(self) -> bool:
        return not getattr(self, "path", "/api/").startswith("/api/")

    def version_string(self) -> str:
        """The name of the server, without versions."""
        return "arena"

    def log_message(self, format: str, *args: Any) -> None:
        """Log a request for ourselves."""
        LOG.debug(format, *args)

    def setup(self) -> None:
        """Send small answers at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
