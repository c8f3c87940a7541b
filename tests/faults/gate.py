"""A real HTTP proxy that forwards to an API server, and refuses or cuts what a test tells it to."""

import http.client
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import overtls

CONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: gate, cluster: {{server: "{server}"}}}}]
users: [{{name: nobody, user: {{}}}}]
contexts: [{{name: gate, context: {{cluster: gate, user: nobody, namespace: default}}}}]
current-context: gate
"""


class Answer(NamedTuple):
    """What is said instead of the server's own answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def refusal(code: int, reason: str, message: str, **headers: str) -> Answer:
    """A Status object, as an API server refuses."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    body = json.dumps(status | {"reason": reason, "message": message}).encode()
    return Answer(code, body, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def gone() -> Answer:
    """A watch whose version is too old: the stream opens and says 410 in its first event."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    event = {"type": "ERROR", "object": status | {"message": "too old resource version"}}
    return Answer(200, json.dumps(event).encode() + b"\n")


class Gate(ThreadingHTTPServer):
    """The proxy; its `kubeconfig` points at it, `rules` decide what is spoilt."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, state: Path, kubeconfig: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(overtls.url(state))
        self.trust = overtls.trust(state)
        self.kubeconfig = str(kubeconfig)
        kubeconfig.write_text(CONFIG.format(server=f"http://127.0.0.1:{self.server_port}"), encoding="utf-8")
        self.rules: list[Callable[[str, str], Answer | None]] = []
        self.lost: list[tuple[str, str]] = []
        self.seen: list[tuple[str, str]] = []
        self.open: set[socket.socket] = set()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def spoil(self, method: str, word: str, answer: Answer, times: int = 1 << 30) -> None:
        """Give `answer` to the next `times` requests of that method with `word` in their path."""
        left = [times]

        def rule(asked: str, path: str) -> Answer | None:
            if asked != method or word not in path or left[0] <= 0:
                return None
            left[0] -= 1
            return answer

        self.rules.append(rule)

    def lose(self, method: str, word: str) -> None:
        """Pass on the next request of that method with `word` in its path, and none of its answer."""
        self.lost.append((method, word))

    def loses(self, method: str, path: str) -> bool:
        """Whether the answer to this request is lost."""
        hits = [one for one in self.lost if one[0] == method and one[1] in path and "dryRun" not in path]
        self.lost.remove(hits[0]) if hits else None
        return bool(hits)

    def count(self, method: str, word: str) -> int:
        """How many requests of that method with `word` in their path came."""
        return sum(asked == method and word in path for asked, path in self.seen)

    def cut(self) -> int:
        """Break every connection in the middle; how many there were."""
        cut = list(self.open)
        for connection in cut:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it ended by itself
                continue
        return len(cut)

    def close(self) -> None:
        """Stop, and free the port."""
        self.shutdown()
        self.cut()
        self.server_close()
        self.thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left in the middle is no error here."""


class Handler(BaseHTTPRequestHandler):
    """One request a connection, so that every answer can be cut."""

    server: Gate
    protocol_version = "HTTP/1.1"

    def forward(self) -> None:
        """Answer by a rule, else pass the request on and stream the answer back."""
        gate = self.server
        gate.seen.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for rule in gate.rules:
            if answer := rule(self.command, self.path):
                self.reply(answer.status, (("Content-Type", "application/json"), *answer.headers))
                self.wfile.write(answer.body)
                return
        self.relay(body)

    def relay(self, body: bytes) -> None:
        """Pass the request on and stream the answer back as it comes."""
        gate = self.server
        host, port = gate.target.hostname or "", gate.target.port
        target = http.client.HTTPSConnection(host, port, timeout=60, context=gate.trust)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        gate.open.add(self.connection)
        try:
            target.request(self.command, gate.target.path + self.path, body or None, headers)
            answer = target.getresponse()
            if gate.loses(self.command, self.path):
                self.close_connection = True
                return
            kept = ("content-type", "warning", "retry-after", "content-encoding")
            self.reply(answer.status, tuple(h for h in answer.getheaders() if h[0].lower() in kept))
            while piece := answer.read1(65536):
                self.wfile.write(piece)
        finally:
            gate.open.discard(self.connection)
            target.close()

    def reply(self, status: int, headers: tuple[tuple[str, str], ...]) -> None:
        """Send the head of an answer that ends with its connection."""
        self.send_response(status)
        for name, value in (*headers, ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = forward

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test reads `Gate.seen`."""
