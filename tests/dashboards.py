"""The server of the page of `arena dashboard` in this process, and what it answers."""

import http.client
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent / "commands"))
sys.path.append(str(Path(__file__).parent / "kube"))

from product import until
from screens import Fixed

from arena.dashboard.panel import Scope
from arena.dashboard.routes import Routes
from arena.dashboard.server import Server
from arena.session import Session


class Now(Fixed):
    """A session with a cluster of the test's own, and the real time."""

    def now(self) -> datetime:
        return datetime.now(timezone.utc)


@contextmanager
def serving(session: Session, **how: bool) -> Iterator[Server]:
    """The server of the page for this session."""
    with Server(Routes(Scope(session=session, **how))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """An answer to a request with these headers, and its body; `Host` is that of the server if not given."""
    link = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    try:
        link.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            link.putheader(name.replace("_", "-"), value)
        link.endheaders()
        answer = link.getresponse()
        return answer, answer.read()
    finally:
        link.close()


def change(server: Server, request: object, *, token: str = "") -> tuple[int, Any]:
    """The status of the answer to a request for a change, and what it says."""
    link = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    try:
        link.request("POST", "/api/change", body, {"Authorization": f"Bearer {token or server.token}"})
        answer = link.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if answer.status == 200 else text.decode()
    finally:
        link.close()


def panel(server: Server, path: str) -> dict[str, Any]:
    """What a panel has read."""

    def read() -> Any:
        answer, body = ask(server, f"/api/{path}", Authorization=f"Bearer {server.token}")
        return json.loads(body) if answer.status == 200 else None

    return until(read)
