"""The server of the page over HTTP: what it answers, to whom, and how it ends."""

import json
import os
import signal
import socket
import stat
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from dashboards import Now, ask, change, panel, serving
from product import Product, until
from screens import PYTORCHJOBS, Stage

from arena.dashboard import opening
from arena.dashboard import server as servers
from arena.dashboard.page_files import NAMES, page_file
from arena.dashboard.readings import WAIT
from arena.dashboard.server import HEADERS, Handler, Server
from arena.errors import NotFound, SpecError
from arena.kube import Cluster
from arena.resources import NAMESPACES

PAGE = 300_000
"""Bytes of all files of the page."""


PATHS = ("about", "jobs", "jobs/default/pytorchjob/a", "jobs/default/pytorchjob/a/events",
         "jobs/default/pytorchjob/a/logs", "nothing")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "TOKEN", "Host": "evil.example"},
        {"Authorization": "TOKEN", "Origin": "http://evil.example"},
        {"Authorization": "TOKEN", "Sec_Fetch_Site": "cross-site"},
    ],
    ids=["no token", "wrong token", "rebinding", "other origin", "other site"],
)
def test_strangers_get_nothing(server: Server, path: str, headers: dict[str, str]) -> None:
    """Without the token, under a foreign name or from another site, nothing of the cluster is answered."""
    given = {name: value.replace("TOKEN", f"Bearer {server.token}") for name, value in headers.items()}
    answer, body = ask(server, f"/api/{path}", **given)
    assert answer.status == 403
    assert b"\n" in body
    assert b"{" not in body


@pytest.mark.parametrize(
    "query", ["tail=%C2%B2", "tail=" + "9" * 5000, "&".join("abcdefghijklmnopqrstuvwxyz")]
)
def test_strange_queries(server: Server, query: str) -> None:
    """A number that is none, a huge one, and many parameters are ignored."""
    path = f"/api/jobs/default/pytorchjob/a/logs?{query}"
    answer, body = ask(server, path, Authorization=f"Bearer {server.token}")
    assert (answer.status, list(json.loads(body))) == (200, ["error", "hint"])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_other_methods(server: Server, method: str) -> None:
    """Other methods than GET and POST have no answer, also with the token."""
    answer, _ = ask(server, "/api/jobs", method, Authorization=f"Bearer {server.token}")
    assert answer.status == 501


GONE = {"noun": "job", "verb": "delete", "namespace": "default", "kind": "pytorchjob", "name": "stays"}


def test_the_page_is_read_only(server: Server, stage: Stage) -> None:
    """Without --allow-changes, nothing can be changed, also with the token."""
    made = stage.job("stays")
    request = {**GONE, "uid": made["metadata"]["uid"]}
    assert change(server, request) == (
        200, {"error": "this page is read-only", "hint": "start arena dashboard with --allow-changes"},
    )  # fmt: skip
    assert change(server, request, token="wrong")[0] == 403
    assert stage.cluster.get(PYTORCHJOBS, "default", "stays")


def test_changes(stage: Stage, tmp_path: Path) -> None:
    """With it, only what the page offers is done, only in its namespace, and only to the object it showed."""
    made = stage.job("goes")
    request = {**GONE, "name": "goes", "uid": made["metadata"]["uid"]}
    with serving(Now(stage.cluster, tmp_path), changes=True) as server:
        assert change(server, request, token="wrong")[0] == 403
        assert "another job has the name" in change(server, {**request, "uid": "u"})[1]["error"]
        assert "no pytorchjob" in change(server, {**request, "name": "missing"})[1]["error"]
        for wrong in ({"verb": "create"}, {"noun": "node"}, {"namespace": "kube-system"}):
            assert change(server, {**request, **wrong})[1]["error"] == "the page cannot do that"
        for damaged in (b"[]", b"{", b"[" * 4000, b'"a"', {**request, "name": 1}, {"noun": "job"}):
            assert change(server, damaged)[1]["error"] == "the request is damaged"
        assert change(server, b"x" * 5000)[0] == 413
        assert stage.cluster.get(PYTORCHJOBS, "default", "goes")
        assert change(server, request) == (200, {"done": 'delete: job "goes"'})
        with pytest.raises(NotFound):
            stage.cluster.get(PYTORCHJOBS, "default", "goes")


def test_every_answer_has_the_policy(server: Server) -> None:
    """Each answer, errors too, forbids inline scripts, frames, foreign content and guessing its type."""
    paths = ("/", "/main.js", "/nothing", "/api/jobs", "/../main.py", "/page/..%2f..%2fcli.py", "/%7f")
    for path in paths:
        answer, _ = ask(server, path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_files(server: Server) -> None:
    """The files of the page are served without the token, know no secret, and are small."""
    size = 0
    for name in NAMES:
        answer, body = ask(server, f"/{name}")
        assert answer.status == 200, name
        assert server.token.encode() not in body
        size += len(body)
        again, rest = ask(server, f"/{name}", If_None_Match=answer.headers["ETag"])
        assert (again.status, rest) == (304, b"")
    assert size < PAGE
    folder = Path(__file__).parents[2] / "arena" / "dashboard" / "page"
    assert sorted(os.listdir(folder)) == sorted(NAMES)
    assert page_file("../server.py") is None


def test_jobs(server: Server, stage: Stage) -> None:
    """The list has the keys of `arena list -o json` but for what grows, and changes with the cluster."""
    stage.job("listed", "Created", "Running")
    rows = until(lambda: [one for one in panel(server, "jobs")["items"] if one["name"] == "listed"])
    [row] = rows
    assert row["status"] == "RUNNING"
    assert row["trainer"] == "pytorchjob"
    assert not {"instances", "duration"} & row.keys()
    one = panel(server, "jobs/default/pytorchjob/listed")["item"]
    assert one["uuid"] == row["uuid"]
    assert one["instances"] == []
    assert panel(server, "jobs/default/pytorchjob/listed/events")["items"] == []


def test_unchanged_answers_are_not_sent_again(server: Server, stage: Stage) -> None:
    """A viewer who has the present answer gets none, and a new one once a job has come."""
    stage.job("first")
    until(lambda: "first" in {one["name"] for one in panel(server, "jobs")["items"]})
    token = f"Bearer {server.token}"
    answer, _ = ask(server, "/api/jobs", Authorization=token)
    tag = answer.headers["ETag"]
    again, rest = ask(server, "/api/jobs", Authorization=token, If_None_Match=tag)
    assert (again.status, rest) == (304, b"")
    stage.job("second")

    def changed() -> bytes:
        answer, body = ask(server, "/api/jobs", Authorization=token, If_None_Match=tag)
        return body if answer.status == 200 else b""

    assert b'"second"' in until(changed)


def test_what_is_not_there(server: Server) -> None:
    """Missing jobs, unknown kinds and impossible names are told; other namespaces are not shown."""
    told = panel(server, "jobs/default/pytorchjob/missing")
    assert told["error"] == 'no pytorchjob "missing" in namespace "default"'
    assert "nojob" in panel(server, "jobs/default/nojob/a")["error"]
    assert "error" in panel(server, "jobs/default/pytorchjob/%2e%2e")
    assert "error" in panel(server, "jobs/default/pytorchjob/a%00b%1b")
    token = f"Bearer {server.token}"
    for path in (
        "jobs/kube-system/pytorchjob/a",
        "jobs/default/pytorchjob/a%2fb",
        "jobs//job/a",
        "jobs/a",
    ):
        answer, _ = ask(server, f"/api/{path}", Authorization=token)
        assert answer.status == 404, path


def test_all_namespaces(stage: Stage, tmp_path: Path) -> None:
    """With -A, the list has the jobs of all namespaces, and each has its page."""
    stage.cluster.create(NAMESPACES, None, {"metadata": {"name": "team-b"}})
    stage.job("elsewhere", namespace="team-b")
    with serving(Now(stage.cluster, tmp_path), everywhere=True) as server:
        until(lambda: "elsewhere" in {one["name"] for one in panel(server, "jobs")["items"]})
        assert panel(server, "jobs/team-b/pytorchjob/elsewhere")["item"]["namespace"] == "team-b"
        assert panel(server, "about")["namespace"] == ""


def test_a_silent_cluster_freezes_nothing(tmp_path: Path) -> None:
    """While the cluster is silent, a panel says how long it has been read, and the others answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cluster = Cluster.at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with serving(Now(cluster, tmp_path)) as server:
            began = time.monotonic()
            answer, body = ask(server, "/api/jobs", Authorization=f"Bearer {server.token}")
            assert answer.status == 202
            assert json.loads(body)["reading"] >= WAIT
            assert panel(server, "about")["version"]
            assert time.monotonic() - began < WAIT + 5


def test_malformed_requests(server: Server) -> None:
    """What is no request of HTTP ends its own connection, and nothing else."""
    for raw in (b"\x16\x03\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100, b"A" * 70_000,
                b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: b\r\n" * 200 + b"\r\n"):  # fmt: skip
        with socket.create_connection(server.server_address[:2], timeout=60) as link:
            link.sendall(raw)
            link.shutdown(socket.SHUT_WR)
            while link.recv(1 << 16):
                pass
    assert panel(server, "about")["version"]


def test_idle_connections_are_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request, or with half of one, ends after a while."""
    monkeypatch.setattr(Handler, "timeout", 0.1)
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: 127"):
        with socket.create_connection(server.server_address[:2], timeout=60) as link:
            link.sendall(begun)
            assert link.recv(1) == b""


def test_many_connections(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens very many connections gets no further ones, until some of them end."""
    monkeypatch.setattr(servers, "CONNECTIONS", 3)
    with serving(Now(stage.cluster, tmp_path)) as server, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(server.server_address[:2], timeout=60))
        with socket.create_connection(server.server_address[:2], timeout=60) as more:
            assert more.recv(1) == b""
        stack.close()

        def answered() -> str:
            with suppress(OSError):  # the server learns of each end a moment later
                return str(panel(server, "about")["version"])
            return ""

        assert until(answered)


def test_a_port_in_use() -> None:
    """A port that is in use is told in a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SpecError, match=f"port {port} cannot be used: Address already in use"):
            Server(None, port)  # type: ignore[arg-type]


def test_the_link_is_opened_by_a_private_file() -> None:
    """The browser is started with a file that only this user can read, so no command line has the token."""
    launched: list[str] = []
    link = "http://127.0.0.1:1/#token=secret"
    with opening.opened(link, launched.append):
        [url] = launched
        assert "secret" not in url
        path = Path(url.removeprefix("file://"))
        assert link in path.read_text("utf-8")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()


# ---- as users run it


def test_the_command(arena: Product) -> None:
    """It prints only the link on stdout, serves on loopback, follows logs, and Ctrl-C ends it at once."""
    arena.submit("talks", "import time\nprint('first line', flush=True)\ntime.sleep(600)")
    child = arena.start("dashboard", "--no-open")
    out, err = arena.lines(child.stdout), arena.lines(child.stderr)
    [link] = until(lambda: [one for one in out if one.endswith("\n")])
    address, _, token = link.strip().partition("/#token=")
    port = int(address.removeprefix("http://127.0.0.1:"))
    until(lambda: err)
    assert err[0] == 'serving namespace "default" of the local cluster; press Ctrl-C to stop\n'
    where = f"GET /api/jobs/default/pytorchjob/talks/logs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as reader:
        reader.sendall(f"{where}Authorization: Bearer {token}\r\n\r\n".encode())
        seen = b""
        while b"first line" not in seen:
            more = reader.recv(1 << 16)
            assert more, seen
            seen += more
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=5)
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
        assert time.monotonic() - began < 3
    assert len(out.whole()) == 1
    assert "Traceback" not in "".join(err.whole())
