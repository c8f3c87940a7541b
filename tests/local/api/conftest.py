"""A real server of the API, in a thread on a free port."""

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import typed
from appthread import AppThread

from arena.local.api import Api, make_app
from arena.local.api.fault_injection import Fault


class Answer(NamedTuple):
    """What the server said."""

    code: int
    headers: Any
    body: Any


class Server:
    """The server under test, and the smallest client for it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.faults: list[Fault] = []
        self._app = AppThread(lambda: make_app(api, troubles=self.faults), patience=1)

    def __enter__(self) -> "Server":
        self._app.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._app.__exit__()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._app.port}"

    def open(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The open response of a request; its body may be endless."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        for key, value in headers.items():
            request.add_header(key.replace("_", "-"), value)
        return urllib.request.urlopen(request, timeout=10)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Make a request and read the whole answer, whatever its status."""
        try:
            response = self.open(method, path, body, **headers)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, response.headers, json.loads(text) if is_json else text)

    def kubeconfig(self, namespace: str = "default") -> str:
        """A kubeconfig for it, as JSON."""
        cluster = {"name": "local", "cluster": {"server": self.url}}
        context = {"name": "local", "context": {"cluster": "local", "user": "local", "namespace": namespace}}
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context],
            "users": [{"name": "local", "user": {}}], "current-context": "local",
        })  # fmt: skip


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    """The API; in the end, the typed client must read all that the test has made."""
    with contextlib.closing(Api(tmp_path / "state.db")) as one:
        yield one
        typed.read(one)


@pytest.fixture
def server(api: Api) -> Iterator[Server]:
    with Server(api) as one:
        yield one
