"""Logs, exec and attach sessions and port forwards: fast, whole, and ended from any thread."""

import io
import json
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from aiohttp import WSMsgType, web
from servers import AppThread, hangs_up, real_cluster, refuses, streams

from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kube import Cluster, Endpoint, LogQuery
from arena.kube.streams import STDERR, STDOUT
from arena.resources import PODS


def test_a_log_is_read_line_by_line_and_fast(stage):
    """300,000 lines arrive whole, in order, for a second of work, wherever the chunks are cut."""
    text = b"".join(
        b"%06d the quick brown fox jumps over the lazy dog\n" % number for number in range(300_000)
    )
    stage.answers = [streams(*(text[start : start + 16_000] for start in range(0, len(text), 16_000)))]
    start = time.process_time()
    found = list(Cluster.at(stage.url).logs("team-a", "bert"))
    assert time.process_time() - start < 2
    assert found == text.splitlines()


def test_a_last_line_without_an_end_is_a_line(stage):
    """Bytes are passed on as they are, also a last line without its end."""
    stage.answers = [streams(b"one\n\xff\xfe two\r\n", b"\nthree")]
    assert list(Cluster.at(stage.url).logs("team-a", "bert")) == [b"one", b"\xff\xfe two\r", b"", b"three"]


def test_lines_come_in_batches_too(stage):
    """batches() gives the same lines, as they arrived together."""
    stage.answers = [streams(b"one\ntwo\nth", b"ree\nfour")]
    with Cluster.at(stage.url).logs("team-a", "bert") as lines:
        assert list(lines.batches()) == [[b"one", b"two"], [b"three"], [b"four"]]


def test_a_line_of_many_pieces_takes_time_as_its_length(stage):
    """A line of 32 MB without an end comes in its time, not in the square of it."""
    stage.answers = [streams(*[b"x" * 16_000] * 2000, b"\n")]
    start = time.process_time()
    [line] = Cluster.at(stage.url).logs("team-a", "bert")
    assert len(line) == 32_000_000
    assert time.process_time() - start < 2


def test_which_lines_are_asked_for(stage):
    """The query says what the caller wants and nothing else."""
    stage.answers = [streams()]
    query = LogQuery(container="main", follow=True, tail=0, since_seconds=60, timestamps=True, previous=True)
    list(Cluster.at(stage.url).logs("team-a", "bert", query))
    list(Cluster.at(stage.url).logs("team-a", "bert"))
    paths = [path for _, path, _, _ in stage.requests]
    asked = "container=main&follow=true&tailLines=0&sinceSeconds=60&timestamps=true&previous=true"
    assert paths == [
        f"/api/v1/namespaces/team-a/pods/bert/log?{asked}",
        "/api/v1/namespaces/team-a/pods/bert/log",
    ]


def test_a_log_that_breaks_off_is_an_error(stage):
    """What came before the break is given, then Unreachable: the caller may resume."""
    stage.answers = [streams(b"one\ntwo\nthr", end=False)]
    lines = Cluster.at(stage.url).logs("team-a", "bert")
    assert [next(lines), next(lines)] == [b"one", b"two"]
    with pytest.raises(Unreachable, match=r'read the log of pod "bert"'):
        next(lines)


def test_a_log_that_is_not_there_yet_is_not_found(stage):
    """A container that waits to start has no log, in the server's words."""
    stage.answers = [
        refuses(400, "BadRequest", 'container "m" in pod "bert" is waiting to start: ContainerCreating')
    ]
    with pytest.raises(NotFound, match="ContainerCreating"):
        Cluster.at(stage.url).logs("team-a", "bert")


def test_another_thread_ends_a_silent_log(stage):
    """close() wakes a thread that waits for a line which never comes."""
    over = threading.Event()

    def silent(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"first\n")
        over.wait(60)
        handler.close_connection = True

    stage.answers = [silent]
    lines = Cluster.at(stage.url).logs("team-a", "bert", LogQuery(follow=True))
    assert next(lines) == b"first"
    rest: list[bytes] = []
    waiting = threading.Thread(target=lambda: rest.extend(lines))
    waiting.start()
    lines.close()
    waiting.join(30)
    over.set()
    assert not waiting.is_alive()
    assert rest == []


ODD = {
    "text": b"<upstream is gone",
    "list": b"[1]",
    "words": b'{"details": "x", "message": "words"}',
    "causes": b'{"reason": "NonZeroExitCode", "details": {"causes": [1, {"reason": "ExitCode"}]}}',
    "deep": b"[" * 100_000,
}
"""What some servers send instead of an exit code, by the command for which they do it."""


class Pod:
    """The stream routes of a pod, played by the test over real websockets."""

    def __init__(self) -> None:
        self.protocols = ("v5.channel.k8s.io", "v4.channel.k8s.io")
        self.asked: list[str] = []
        self.sizes: list[dict] = []
        self.url = ""

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_get("/api/v1/namespaces/team-a/pods/bert/{verb:exec|attach}", self.run)
        app.router.add_get("/api/v1/namespaces/team-a/pods/bert/portforward", self.forward)
        return app

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """`cat` echoes its input to its end, `flood` writes 20 MB, `fail` ends with 7, `drop` hangs up."""
        self.asked.append(request.query_string)
        ws = web.WebSocketResponse(protocols=self.protocols)
        await ws.prepare(request)
        command = request.query.get("command")
        if command == "drop":
            await ws.send_bytes(b"\1half")
            request.transport.abort()
            return ws
        if command == "flood":
            for _ in range(640):
                await ws.send_bytes(b"\1" + bytes(31_250))
        if command in ("cat", None):
            await self._echo(ws)
        await ws.send_bytes(b"\2complaint\n")
        await ws.send_bytes(b"\1")
        await ws.send_bytes(b"\3" + (ODD.get(command) or json.dumps(self._status(command)).encode()))
        await ws.close()
        return ws

    def _status(self, command: str | None) -> dict:
        if command == "fail":
            causes = [{"reason": "ExitCode", "message": "7"}]
            return {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
        if command == "nosuch":
            return {"status": "Failure", "message": 'oci: exec: "nosuch": executable file not found in $PATH'}
        if command == "odd":
            return {"status": "Failure", "message": "the container runtime is away"}
        return {"status": "Success"}

    async def _echo(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.data[:1] == b"\xff":
                return
            if message.data[:1] == b"\4":
                self.sizes.append(json.loads(message.data[1:]))
            elif message.type is WSMsgType.BINARY:
                await ws.send_bytes(b"\1" + message.data[1:])

    async def forward(self, request: web.Request) -> web.WebSocketResponse:
        """Port 80 echoes in upper case and ends at `bye`; others refuse."""
        ws = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await ws.prepare(request)
        port = int(request.query["ports"])
        for channel in (b"\0", b"\1"):
            await ws.send_bytes(channel + port.to_bytes(2, "little"))
        if port != 80:
            await ws.send_bytes(b"\1dial tcp4 127.0.0.1:81: connect: connection refused")
        else:
            async for message in ws:
                await ws.send_bytes(b"\0" + message.data[1:].upper())
                if message.data.endswith(b"bye"):
                    break
        await ws.close()
        return ws


@pytest.fixture
def pod() -> Iterator[tuple[Pod, Cluster]]:
    one = Pod()
    with AppThread(one.app) as served:
        one.url = f"http://127.0.0.1:{served.port}"
        yield one, Cluster.at(one.url)


def run(cluster: Cluster, *command: str, **more) -> tuple[int, bytes, bytes]:
    out, err = io.BytesIO(), io.BytesIO()
    with cluster.exec("team-a", "bert", command, **more) as terminal:
        return terminal.wait(out, err), out.getvalue(), err.getvalue()


def test_a_command_gives_output_and_exit_code(pod):
    """stdout, stderr and the exit code arrive apart."""
    assert run(pod[1], "fail") == (7, b"", b"complaint\n")


def test_20_mb_arrive_fast(pod):
    """20 MB are carried for well under a second of work, byte for byte."""
    start = time.process_time()
    code, out, _ = run(pod[1], "flood")
    assert time.process_time() - start < 2
    assert (code, len(out), out.count(0)) == (0, 20_000_000, 20_000_000)


def test_input_is_fed_to_its_end(pod):
    """Binary input larger than a frame arrives, with its end and the size of the terminal."""
    data = bytes(range(256)) * 1000
    with pod[1].exec("team-a", "bert", ["cat"], container="m", stdin=True, tty=True) as terminal:
        terminal.resize(80, 24)
        feeder = threading.Thread(target=terminal.feed, args=(io.BytesIO(data),))
        feeder.start()
        out = b"".join(piece for channel, piece in terminal if channel == STDOUT)
        feeder.join(30)
        assert terminal.exit_code == 0
    assert out == data
    assert pod[0].sizes == [{"Width": 80, "Height": 24}]
    assert pod[0].asked == ["command=cat&container=m&stdin=true&stdout=true&stderr=false&tty=true"]


def test_an_older_server_cannot_be_told_of_the_inputs_end(pod):
    """With the protocol before v5, end_input() says that it is not possible."""
    pod[0].protocols = ("v4.channel.k8s.io",)
    with pod[1].exec("team-a", "bert", ["cat"], stdin=True) as terminal:
        assert terminal.end_input() is False


def test_attach_joins_the_main_process(pod):
    """Attach speaks the same streams without a command."""
    with pod[1].attach("team-a", "bert", stdin=True) as terminal:
        terminal.send(b"hello")
        assert next(iter(terminal)) == (STDOUT, b"hello")
        terminal.end_input()
        assert list(terminal) == [(STDERR, b"complaint\n")]
    assert pod[0].asked == ["stdin=true&stdout=true&stderr=true&tty=false"]


@pytest.mark.parametrize(("command", "error", "text"), [
    ("nosuch", SpecError, r'^pod "bert" has no such command: exec: "nosuch": executable file not found'),
    ("odd", ArenaError, "the container runtime is away"),
    *((command, ArenaError, 'pod "bert" could not run the command: ') for command in ODD),
    ("drop", Unreachable, r'^the connection to pod "bert"'),
])  # fmt: skip
def test_a_command_that_never_ended_is_an_error(pod, command, error, text):
    """A missing exit code is not invented."""
    with pytest.raises(error, match=text):
        run(pod[1], command)


def test_refused_sessions_are_errors_of_ours(stage):
    """A refused handshake is mapped as any other answer, a broken one too."""
    stage.answers = [
        refuses(404, "NotFound", 'pods "bert" not found', details={"name": "bert", "kind": "pods"})
    ]
    with pytest.raises(NotFound, match=r'^no pod "bert" in namespace "team-a"$'):
        run(Cluster.at(stage.url), "ls")
    stage.answers = [hangs_up]
    with pytest.raises(Unreachable):
        run(Cluster.at(stage.url), "ls")


def test_a_proxy_carries_sessions(pod, stage):
    """A session goes through an http proxy by a tunnel, with the proxy's own password."""

    def tunnel(handler) -> None:
        host, _, port = handler.path.partition(":")
        with socket.create_connection((host, int(port)), 30) as far:
            handler.send_response(200)
            handler.end_headers()
            back = threading.Thread(target=relay, args=(far, handler.connection))
            back.start()
            relay(handler.connection, far)
            back.join(30)
        handler.close_connection = True

    stage.answers = [tunnel]
    endpoint = Endpoint(server=pod[0].url, proxy=f"http://user:pass@127.0.0.1:{stage.port}")
    assert run(Cluster(lambda: endpoint), "fail")[0] == 7
    assert stage.requests[0][2]["Proxy-Authorization"] == "Basic dXNlcjpwYXNz"


def relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def talk(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 30) as one:
        found = b""
        # A hard end is an end: there may be bytes that nobody took.
        with suppress(ConnectionResetError):
            one.sendall(text)
            while piece := one.recv(65536):
                found += piece
        return found


def test_a_forwarded_port_carries_many_connections(pod):
    """Connections one after another and at once reach the pod, with large data too."""
    with pod[1].forward("team-a", "bert", 80) as forward:
        assert talk(forward.port, b"hello bye") == b"HELLO BYE"
        large = b"x" * 1_000_000 + b"bye"
        found: list[bytes] = []
        threads = [threading.Thread(target=lambda: found.append(talk(forward.port, large))) for _ in range(5)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
        assert found == [large.upper()] * 5
        assert forward.last_fault is None


def test_a_port_where_nothing_listens_ends_the_connection(pod):
    """The local program sees its connection end, and the reason is kept."""
    with pod[1].forward("team-a", "bert", 81) as forward:
        assert talk(forward.port, b"hello") == b""
        assert "nothing listens on that port" in str(forward.last_fault)


def test_closing_a_forward_ends_its_connections(pod):
    """close() wakes local programs that wait, and the port is free again."""
    forward = pod[1].forward("team-a", "bert", 80)
    with socket.create_connection(("127.0.0.1", forward.port), 30) as waiting:
        waiting.sendall(b"x")
        assert waiting.recv(1) == b"X"
        forward.close()
        assert waiting.recv(1) == b""
    assert forward.wait(30)
    with socket.create_server(("127.0.0.1", forward.port)), pytest.raises(SpecError, match="cannot be used"):
        pod[1].forward("team-a", "bert", 80, forward.port)


def test_a_forward_outlives_a_server_that_is_away():
    """While the server is away connections end, with it back they work again."""
    one = Pod()
    with AppThread(one.app) as served:
        port = served.port
        forward = Cluster.at(f"http://127.0.0.1:{port}").forward("team-a", "bert", 80)
        assert talk(forward.port, b"bye") == b"BYE"
    assert talk(forward.port, b"bye") == b""
    assert isinstance(forward.last_fault, Unreachable)
    with AppThread(one.app, port):
        assert talk(forward.port, b"again bye") == b"AGAIN BYE"
    forward.close()


SERVER = "import http.server as h; print('up', flush=True); h.test(h.SimpleHTTPRequestHandler, port=8080)"


@pytest.fixture
def real_pod() -> Iterator[tuple[Cluster, str]]:
    cluster = real_cluster()
    name = f"kube-{uuid.uuid4().hex[:8]}"
    container = {
        "name": "m", "image": "rig.local/python:3", "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-u", "-c", SERVER],
    }  # fmt: skip
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    cluster.create(
        PODS, "default", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    )
    with cluster.watch(PODS, "default", fields=f"metadata.name={name}") as watch:
        next(one for _, one in watch if one["status"].get("phase") == "Running")
    yield cluster, name
    cluster.delete(PODS, "default", name, grace=0)


@pytest.mark.cluster
def test_a_real_pod_runs_commands(real_pod):
    """Output, exit codes, a terminal of a given size, and a command that is not there."""
    cluster, name = real_pod
    out, err = io.BytesIO(), io.BytesIO()
    with cluster.exec("default", name, ["sh", "-c", "echo out; echo err >&2; exit 7"]) as terminal:
        assert (terminal.wait(out, err), out.getvalue(), err.getvalue()) == (7, b"out\n", b"err\n")
    out = io.BytesIO()
    with cluster.exec("default", name, ["sh"], stdin=True, tty=True) as terminal:
        terminal.resize(77, 33)
        # The node passes the size on beside the input, and maybe after it.
        terminal.send(b"until stty size | grep -v '^0 0'; do :; done; exit 3\n")
        assert terminal.wait(out, err) == 3
    assert b"33 77" in out.getvalue()
    with (
        pytest.raises(SpecError, match="has no such command"),
        cluster.exec("default", name, ["nosuch"]) as terminal,
    ):
        terminal.wait(out, err)


@pytest.mark.cluster
def test_a_real_pod_has_a_log_and_a_port(real_pod):
    """Its log is followed and its port answers through a forward."""
    cluster, name = real_pod
    with cluster.logs("default", name, LogQuery(follow=True)) as lines:
        assert next(lines) == b"up"
    with cluster.forward("default", name, 8080) as forward:
        page = urllib.request.urlopen(f"http://127.0.0.1:{forward.port}/", timeout=30).read()
    assert b"Directory listing" in page
