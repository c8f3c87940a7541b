"""The proxy's process: it outlives its server, and is replaced when it dies; nobody is refused meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from backends import CLIENTS, SERVICE, Load, Pod, Service, Wire, request
from product import is_running, until

from arena import private
from arena.local import locks, restart, server_options
from arena.local.programs.proxy import channel, control
from arena.local.programs.proxy.control import Proxy
from arena.local.programs.proxy.link import PROGRAM
from arena.local.programs.proxy.routes import Backend, Group, Route


def test_a_killed_process(web: Service) -> None:
    """If the process is killed, at most the requests in flight fail, and no connection is refused."""
    web.route(web.pod("a"), web.pod("b"))
    with Load(web.port) as load:
        for _ in range(3):
            killed = web.pid()
            os.kill(killed, signal.SIGKILL)
            until(lambda killed=killed: web.proxy._link and web.pid() != killed)
            load.more()
            assert len(load.failed) <= CLIENTS
            load.failed.clear()
    assert load.refused == []


def test_a_process_that_hangs(web: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not answer is killed and replaced, when something is to change."""
    monkeypatch.setattr("arena.local.programs.proxy.link.PATIENCE", 0.5)
    web.route(web.pod("a"))
    assert web.ask().body == b"a"
    hangs = web.pid()
    os.kill(hangs, signal.SIGSTOP)
    web.route(web.pod("b"))
    assert web.ask().body == b"b"
    assert not is_running(hangs)


def test_the_last_service(web: Service) -> None:
    """Without a Service there is no process; it ends once the last client is disconnected."""
    web.route(web.pod("a"))
    client = web.dial()
    assert client.ask().body == b"a"
    pid = web.pid()
    web.proxy.set(SERVICE, {})
    with pytest.raises(ConnectionRefusedError):
        web.dial()
    answer = client.ask()
    assert (answer.status, "connection: close" in answer.head) == (503, True)
    until(lambda: not is_running(pid))
    web.route(web.pod("b"))
    assert web.ask().body == b"b"


def test_a_service_that_comes_back(web: Service) -> None:
    """A process that was about to end serves the next Service as well."""
    web.route(web.pod("a"))
    client = web.dial()
    client.ask()
    pid = web.pid()
    web.proxy.set(SERVICE, {})
    web.route(web.pod("b"))
    assert client.ask().status == 503
    client.close()
    assert web.ask().body == b"b"
    assert web.pid() == pid


def test_many_ports(web: Service) -> None:
    """More ports than one message can pass on are served by a new process, and by one that replaces it."""
    route = Route((Group("many", 1, (web.pod("a").backend,)),), "http")
    ports: list[int] = []

    def are_served() -> bool:
        """Whether all of some ports are served: another program may take one in between."""
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(450)]
        ports[:] = [one.getsockname()[1] for one in listeners]
        for one in listeners:
            one.close()
        return web.proxy.set(("default", "many"), dict.fromkeys(ports, route)) == []

    until(are_served)
    for _ in range(2):
        for port in ports[::50]:
            wire = Wire(socket.create_connection(("127.0.0.1", port)))
            assert wire.ask().body == b"a"
            wire.close()
        killed = web.pid()
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed: web.proxy._link and web.pid() != killed)


def test_what_it_costs(web: Service) -> None:
    """The process imports neither aiohttp nor TLS, and does nothing while nobody asks."""
    web.route(web.pod("a"))
    assert web.ask().body == b"a"
    process = psutil.Process(web.pid())
    maps = {Path(one.path).name.partition(".")[0] for one in process.memory_maps()}
    assert not maps & {"_ssl", "libssl", "_http_parser", "_multidict"}
    assert "_asyncio" in maps
    assert process.num_threads() == 1


SERVER = """
import sys, threading
from arena.local.programs.proxy.control import Proxy
from arena.local.programs.proxy.link import PROGRAM
from arena.local.programs.proxy.routes import Backend, Group, Route

folder, port, pod = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
proxy = Proxy()
proxy.open(folder)
proxy.set(("default", "web"), {port: Route((Group("web", 1, (Backend((pod,)),)),), "http", "", 0, 80)})
print(proxy.traffic()[0]["port"], flush=True)
threading.Event().wait()
"""


class Server:
    """A server whose proxy outlives it."""

    def __init__(self, folder: Path, pod: Pod) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        argv = [sys.executable, "-c", SERVER, folder, str(self.port), str(pod.port)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"80\n"

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def proxy(self) -> int | None:
        """The process of its proxy."""
        return locks.holder(self.folder, locks.PROXY)

    def ask(self) -> bytes:
        wire = Wire(socket.create_connection(("127.0.0.1", self.port)))
        try:
            return wire.ask().body
        finally:
            wire.close()

    def close(self) -> None:
        self.kill()
        assert self.process.stdout
        self.process.stdout.close()
        if pid := self.proxy():
            os.kill(pid, signal.SIGKILL)
            until(lambda: self.proxy() is None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[Pod], Server]]:
    """Starts a server that can be killed."""
    running: list[Server] = []

    def start(pod: Pod) -> Server:
        running.append(Server(tmp_path, pod))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def pods() -> Iterator[tuple[Pod, Pod]]:
    """Two pods."""
    found = Pod("a"), Pod("b")
    yield found
    for one in found:
        one.close()


def adopted(server: Server) -> Proxy:
    """The proxy as the next server has it."""
    proxy = Proxy()
    proxy.open(str(server.folder))
    assert proxy.services() == [SERVICE]
    return proxy


def route(pod: Pod) -> Route:
    """All traffic to a pod."""
    return Route((Group("web", 1, (Backend((pod.port,)),)),), "http", "", 0, 80)


def test_a_killed_server(server: Callable[[Pod], Server], pods: tuple[Pod, Pod]) -> None:
    """Nobody notices that the server is killed; the next one adopts the process with all that it has."""
    one = server(pods[0])
    pid = one.proxy()
    with Load(one.port) as load:
        one.kill()
        load.more()
        proxy = adopted(one)
        load.more()
        assert proxy.traffic()[0]["groups"][0]["requests"] > 1000
        proxy.set(SERVICE, {one.port: route(pods[1])})
        assert one.ask() == b"b"
        load.more()
    assert (load.failed, load.refused) == ([], [])
    assert one.proxy() == pid
    proxy.close()
    assert one.proxy() is None
    with pytest.raises(ConnectionRefusedError):
        one.ask()
    assert not (one.folder / channel.NAME).exists()


def test_a_process_that_dies_after_its_server(server: Callable[[Pod], Server], pods: tuple[Pod, Pod]) -> None:
    """The adopted sockets are held by the new server as well, which replaces the process."""
    one = server(pods[0])
    one.kill()
    proxy = adopted(one)
    pid = one.proxy()
    assert pid
    with Load(one.port) as load:
        os.kill(pid, signal.SIGKILL)
        load.more()
        assert len(load.failed) <= CLIENTS
        assert load.refused == []
    assert one.proxy() not in (None, pid)
    proxy.close()


def test_a_process_of_another_version(
    server: Callable[[Pod], Server], pods: tuple[Pod, Pod], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that speaks another version hands its sockets over, and answers what it has begun."""
    one = server(pods[0])
    pid = one.proxy()
    assert pid
    open_one = Wire(socket.create_connection(("127.0.0.1", one.port)))
    open_one.send(request()[:-2])
    monkeypatch.setattr(channel, "VERSION", 0)
    with Load(one.port) as load:
        one.kill()
        proxy = adopted(one)
        load.more()
        assert one.proxy() not in (None, pid)
    assert (load.failed, load.refused) == ([], [])
    open_one.send(b"\r\n")
    answer = open_one.answer()
    assert (answer.body, "connection: close" in answer.head) == (b"a", True)
    open_one.close()
    until(lambda: not is_running(pid))
    proxy.close()


def test_the_end_of_the_folder(
    server: Callable[[Pod], Server], pods: tuple[Pod, Pod], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without a server ends with its state folder."""
    one = server(pods[0])
    pid = one.proxy()
    assert pid
    one.kill()
    (one.folder / locks.PROXY).unlink()
    until(lambda: not is_running(pid))


def test_a_server_that_ends_at_once(tmp_path: Path) -> None:
    """A process whose server was stopped before they met ends, although it has a Service to serve."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        link = channel.Channel(ours)
        link.send({"do": "take", "ports": [port]}, [listener.fileno()])
        link.send({"do": "set", "service": SERVICE, "routes": {port: Route(())}})
        ours.close()
        argv = [sys.executable, "-I", "-S", PROGRAM, str(theirs.fileno()), str(tmp_path)]
        assert subprocess.run(argv, pass_fds=[theirs.fileno()], timeout=20, check=False).returncode == 0


def test_a_server_whose_lock_goes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that never met its killed server restarts it, even if it notices before the lock is free."""
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(tmp_path))
    record = {**restart.own(server_options.read([])), "argv": ["false"]}
    private.write(tmp_path / restart.NAME, json.dumps(record))
    (tmp_path / locks.START).touch()
    lock = locks.acquire(tmp_path / locks.SERVER, 0)
    assert lock
    os.write(lock, b"1\n")
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-I", "-S", PROGRAM, str(theirs.fileno()), str(tmp_path)]
    with theirs, subprocess.Popen(argv, pass_fds=[theirs.fileno()]) as process:
        ours.close()
        until(lambda: (tmp_path / channel.NAME).exists())
        os.close(lock)
        until(lambda: json.loads((tmp_path / restart.NAME).read_text(encoding="utf-8"))["restarts"])
        process.terminate()


def test_a_server_without_memory_for_a_process(web: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be started is tried again, and connections wait for it."""
    monkeypatch.setattr(control, "PAUSE", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr("arena.local.programs.proxy.link.sys.executable", "/nowhere")
        web.route(web.pod("a"))
        client = web.dial()
    assert client.ask().body == b"a"
