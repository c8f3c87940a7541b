"""Clusters to speak to: the local API server in a thread, a real one, and servers that misbehave on cue."""

import contextlib
import json
import os
import threading
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from appthread import AppThread

from arena.kube import Cluster, Endpoint
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport
from arena.local.machinery.operator import Operator
from arena.local.machinery.runner import Runner
from arena.resources import PODS
from arena.session import connect

Answer = Callable[[BaseHTTPRequestHandler], None]


class LocalApi:
    """The local cluster's API server without a node; it can be stopped and started again.

    Nothing acts on its objects but the operators that are given.
    """

    def __init__(self, folder: Path, *operators: Operator) -> None:
        self._file = folder / "state.db"
        self._operators = operators
        self._port = 0
        self._stack = contextlib.ExitStack()
        self.faults: list[Any] = []

    def __enter__(self) -> "LocalApi":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, on the port of the last time."""
        from arena.local.api import Api, make_app

        api = self._stack.enter_context(contextlib.closing(Api(self._file)))
        app = AppThread(lambda: make_app(api, troubles=self.faults), self._port)
        self._port = self._stack.enter_context(app).port
        if self._operators:
            runner = Runner(api, operators=self._operators)
            runner.start()
            self._stack.callback(runner.stop)

    def stop(self) -> None:
        """Serve no more; the objects stay."""
        self._stack.close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"


def real_cluster(user: str = "") -> Cluster:
    """The real cluster, as its administrator or as another user whose kubeconfig lies beside."""
    path = Path(os.environ["ARENA_TEST_KUBECONFIG"])
    return connect(kubeconfig=str(path.parent / user if user else path)).cluster()


class Stage:
    """A server that gives scripted answers in turn (the last one forever) and records the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, str, Message, bytes]] = []
        stage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle_one_request()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stage.requests.append((self.command, self.path, self.headers, body))
                turn = stage.answers.pop(0) if len(stage.answers) > 1 else stage.answers[0]
                turn(self)

            do_GET = do_POST = do_PATCH = do_DELETE = do_CONNECT = answer

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Serve no more."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(10)


def says(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer with a JSON body, or with a text or bytes as they are."""
    data = (
        body.encode()
        if isinstance(body, str)
        else body
        if isinstance(body, bytes)
        else json.dumps(body).encode()
    )

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def refuses(status: int, reason: str, message: str, **more: Any) -> Answer:
    """An answer with a Status object."""
    return says(
        status,
        {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message, **more},
    )


def streams(*parts: bytes, end: bool = True) -> Answer:
    """A chunked answer; without `end` the connection is cut after the last part."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if end:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = not end

    return answer


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """No answer at all: the connection is closed."""
    handler.close_connection = True


ASKED = Asked('cluster "test"', "list", PODS, "team-a")


def transport(server: str, **more: Any) -> Transport:
    endpoint = Endpoint(server=server, **more)
    return Transport(lambda: endpoint)


def read(path: str = "/api/v1/pods", **more: Any) -> Request:
    return Request(ASKED, "GET", path, **more)
