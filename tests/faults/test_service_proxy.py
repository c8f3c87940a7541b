"""The ports of Services while parts of the local cluster are killed, updated and stopped."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import overtls
import psutil
import pytest
from backends import CLIENTS, Load, Wire
from product import Product, product, until

from arena.kube.cluster import STRATEGIC
from arena.local import locks, restart
from arena.local.objects import PORTS
from arena.resources import Resource

pytestmark = pytest.mark.timeout(180)

DEPLOYMENTS = Resource("apps", "v1", "deployments", kind="Deployment")
PROGRAM = """
import asyncio, os
from aiohttp import web

async def answer(request):
    await request.read()
    await asyncio.sleep(0.002)
    return web.Response(text=os.environ["VERSION"])

app = web.Application()
app.router.add_route("*", "/", answer)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
"""


ABRUPT = """
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(0.002)
        text = os.environ["VERSION"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
"""A program that dies at once on SIGTERM, whatever it is doing."""


class Serving:
    """A Deployment with two pods behind a Service."""

    def __init__(self, arena: Product, text: str) -> None:
        self.arena = arena
        program = arena.home / "program.py"
        program.write_text(text, encoding="utf-8")
        arena.must("local", "start")
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        body = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
        made = arena.ask("/api/v1/namespaces/default/services", body)
        self.port = json.loads(made["metadata"]["annotations"][PORTS])["80"]
        container = {
            "name": "web",
            "image": "none",
            "command": [arena.python, str(program)],
            "env": [{"name": "VERSION", "value": "1"}],
            "ports": [{"containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        }
        labels = {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        body = {"metadata": {"name": "web"}, "spec": spec}
        arena.ask("/apis/apps/v1/namespaces/default/deployments", body)
        until(lambda: self.ready() == 2, what="two ready pods")
        until(lambda: self.ask() == "1", what="an answer")

    def ready(self) -> int:
        """The number of ready backends, as the proxy has it."""
        ports = overtls.ask(self.arena.state, "/local/traffic")
        return int(ports[0]["groups"][0]["ready"]) if ports else 0

    def ask(self) -> str:
        """The version of the pod that answers; "" if none does."""
        wire = Wire(socket.create_connection(("127.0.0.1", self.port), timeout=20))
        try:
            answer = wire.ask()
            return answer.body.decode() if answer.status == 200 else ""
        finally:
            wire.close()

    def proxy(self) -> int:
        """The process of the proxy; 0 if there is none."""
        return locks.holder(self.arena.state, locks.PROXY) or 0

    def programs(self) -> list[psutil.Process]:
        """The processes that answer."""
        found = self.arena.processes("program.py")
        return [one for one in found if "supervisor.py" not in str(one.cmdline())]


@pytest.fixture
def serving(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Serving]:
    """Two pods behind a Service; the parameter is their program."""
    with product(tmp_path) as arena:
        yield Serving(arena, getattr(request, "param", PROGRAM))


def server(serving: Serving, but: int = 0) -> int:
    """The process of a running server other than `but`, once there is one."""
    return until(lambda: (pid := locks.holder(serving.arena.state)) != but and pid, what="a server")


def kill(*pids: int) -> None:
    """Kill processes at the same moment: none of them can act on the end of another."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)


def test_a_killed_server(serving: Serving) -> None:
    """The proxy starts a killed server again, without a command and as often as needed; no request fails."""
    proxy = serving.proxy()
    with Load(serving.port) as load:
        killed = server(serving)
        for _ in range(2):  # the second one is still starting
            os.kill(killed, signal.SIGKILL)
            killed = server(serving, but=killed)
        load.more()
        until(lambda: serving.arena.answers() and serving.ready() == 2)
        load.more()
    assert (load.failed, load.refused) == ([], [])
    assert serving.proxy() == proxy


def restarts(serving: Serving) -> int:
    """How often in a row the server was started again."""
    found = json.loads((serving.arena.state / restart.NAME).read_text(encoding="utf-8"))
    return int(found["restarts"])


@pytest.mark.parametrize("first", ["server", "proxy"])
def test_one_after_the_other(serving: Serving, first: str) -> None:
    """If one is killed while it starts the other, the ports are open again soon, without any command.

    Of each client at most the request in flight fails, and the one whose connection waits to be accepted.
    """
    killed, proxy = server(serving), serving.proxy()
    with Load(serving.port) as load:
        if first == "server":
            os.kill(killed, signal.SIGKILL)
            until(lambda: restarts(serving))
            os.kill(proxy, signal.SIGKILL)
        else:
            os.kill(proxy, signal.SIGKILL)
            until(lambda: serving.proxy() not in (0, proxy))
            os.kill(killed, signal.SIGKILL)
        server(serving, but=killed)
        load.more()
    assert len(load.failed) <= 2 * CLIENTS
    assert serving.proxy()


def test_both_at_once(serving: Serving) -> None:
    """If neither could start the other, the supervisor of a pod starts the server, as no part of the pod."""
    pids = [server(serving), serving.proxy()]
    with Load(serving.port) as load:
        kill(*pids)
        server(serving, but=pids[0])
        load.more()
        assert serving.ready() == 2
    assert len(load.failed) <= 2 * CLIENTS
    assert serving.proxy() not in (0, pids[1])
    parents = {one.pid for one in psutil.Process(server(serving)).parents()}
    assert not parents & {one.pid for one in serving.arena.processes("supervisor.py")}


def test_a_server_that_is_replaced(serving: Serving) -> None:
    """No request fails while another server takes over from one that is told to end, as in an upgrade."""
    proxy = serving.proxy()
    with Load(serving.port) as load:
        server = psutil.Process(serving.arena.server())
        server.terminate()
        server.wait(20)
        serving.arena.must("local", "start")
        until(lambda: serving.ready() == 2)
        load.more()
    assert (load.failed, load.refused) == ([], [])
    assert serving.proxy() == proxy


def test_a_killed_proxy(serving: Serving) -> None:
    """If the proxy is killed, at most the requests in flight fail, and no connection is refused."""
    with Load(serving.port) as load:
        killed = serving.proxy()
        os.kill(killed, signal.SIGKILL)
        load.more()
    assert len(load.failed) <= CLIENTS
    assert load.refused == []
    assert serving.proxy() not in (0, killed)


def test_a_killed_replica(serving: Serving) -> None:
    """If a pod's program is killed, at most the requests that it worked on fail."""
    with Load(serving.port) as load:
        serving.programs()[0].kill()
        load.more()
        until(lambda: serving.ready() == 2)
        load.more()
    assert len(load.failed) <= CLIENTS
    assert load.refused == []


@pytest.mark.parametrize("serving", [PROGRAM, ABRUPT], ids=["graceful", "abrupt"], indirect=True)
def test_a_rolling_update(serving: Serving) -> None:
    """No request fails while all pods are replaced, even if their program ends at once when it is told to."""
    with Load(serving.port) as load:
        container = {"name": "web", "env": [{"name": "VERSION", "value": "2"}]}
        change = {"spec": {"template": {"spec": {"containers": [container]}}}}
        serving.arena.cluster().patch(DEPLOYMENTS, "default", "web", change, STRATEGIC)
        until(lambda: {serving.ask() for _ in range(8)} == {"2"}, what="the second version")
        until(lambda: len(serving.programs()) == 2, what="the end of the first version")
        load.more()
    assert (load.failed, load.refused) == ([], [])


def test_the_end(serving: Serving) -> None:
    """`arena local stop` closes the ports, also while a killed server comes back; a start opens them."""
    state = serving.arena.state
    for killed in ([], ["server"], ["server", "proxy"]):
        found = {"server": server(serving), "proxy": serving.proxy()}
        kill(*(found[one] for one in killed))
        serving.arena.must("local", "stop")
        assert (locks.holder(state), serving.proxy()) == (None, 0)
        with pytest.raises(ConnectionRefusedError):
            serving.ask()
        assert not restart.is_due(str(state))  # which the supervisors ask
        until(lambda: not serving.arena.processes("restart.py"))
        assert (locks.holder(state), serving.proxy()) == (None, 0)
        serving.arena.must("local", "start")
        until(lambda: serving.proxy() and serving.ask() == "1", what="an answer")
    serving.arena.must("local", "stop", "--pods")
    assert serving.arena.processes() == []
