"""Pods as the proxy meets them, played by threads that a test scripts, and clients of the proxy."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from product import until

from arena.local.programs.proxy.control import Proxy
from arena.local.programs.proxy.routes import HTTP, Backend, Group, Route

SERVICE = ("default", "web")
CLIENTS = 8
"""Of a Load."""


class Answer(NamedTuple):
    """An answer."""

    status: int
    head: str
    body: bytes


class Wire:
    """A connection, read and written by the byte."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(20)
        self.buffer = b""

    def send(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def more(self) -> bool:
        """Read a piece; False at the end."""
        data = self.sock.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def take(self, count: int) -> bytes:
        """The next bytes, fewer at the end of the connection."""
        while len(self.buffer) < count and self.more():
            pass
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def until(self, mark: bytes) -> bytes:
        """All up to a mark and with it; b"" if the connection ends before."""
        while mark not in self.buffer:
            if not self.more():
                return b""
        return self.take(self.buffer.index(mark) + len(mark))

    def rest(self) -> bytes:
        """All up to the end."""
        while self.more():
            pass
        return self.take(len(self.buffer))

    def head(self) -> bytes:
        """The next head; b"" if the connection ends before."""
        return self.until(b"\r\n\r\n")

    def answer(self, method: str = "GET") -> Answer:
        """The next answer, whose body has a length or is chunked; `head` is in lower case."""
        head = self.head().decode("latin-1")
        assert head, "the connection has ended"
        status, low = int(head.split()[1]), head.lower()
        body = b""
        if method == "HEAD" or status in (204, 304) or status < 200:
            pass
        elif "transfer-encoding: chunked" in low:
            body = self.chunks()
        elif "content-length: " in low:
            body = self.take(int(low.partition("content-length: ")[2].split("\r\n")[0]))
        else:
            body = self.rest()
        return Answer(status, low, body)

    def chunks(self) -> bytes:
        """A chunked body, without its trailers."""
        found = b""
        while size := int(self.until(b"\r\n").partition(b";")[0], 16):
            found += self.take(size)
            assert self.take(2) == b"\r\n"
        while self.until(b"\r\n") != b"\r\n":
            pass
        return found

    def ask(self, target: str = "/", method: str = "GET", body: bytes | None = None, **fields: str) -> Answer:
        """Send a request and return the answer."""
        self.send(request(target, method, body, **fields))
        return self.answer(method)

    def close(self) -> None:
        self.sock.close()


def request(target: str = "/", method: str = "GET", body: bytes | None = None, **fields: str) -> bytes:
    """A request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: web"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    lines += [f"Content-Length: {len(body)}"] if body is not None else []
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def plain(body: bytes = b"", status: str = "200 OK", *fields: str) -> bytes:
    """An answer."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def body_of(wire: Wire, head: bytes) -> bytes:
    """The body of a request whose head was read."""
    low = head.lower().decode("latin-1")
    if "transfer-encoding: chunked" in low:
        return wire.chunks()
    length = low.partition("content-length: ")[2].split("\r\n")[0]
    return wire.take(int(length or 0))


class Pod:
    """A pod: `serve` gets every connection, in a thread of its own, and what it raises is kept.

    Attributes:
        heads: the heads of requests, if `serve` is the default, which answers with the pod's name.
        connections: the number of connections.
    """

    def __init__(self, name: str = "a", serve: Callable[[Wire], None] | None = None, port: int = 0) -> None:
        self.name = name
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._serve = serve or self.answer_all
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self.listener.getsockname()[1]
        self._wires: list[Wire] = []
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def backend(self) -> Backend:
        return Backend((self.port,), "", self.name)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            wire = Wire(sock)
            self._wires.append(wire)
            self._threads.append(threading.Thread(target=self._run, args=(wire,), daemon=True))
            self._threads[-1].start()

    def _run(self, wire: Wire) -> None:
        with suppress(OSError):
            self._serve(wire)
        wire.close()

    def answer_all(self, wire: Wire) -> None:
        """Answer each request with the pod's name."""
        while head := wire.head():
            self.bodies.append(body_of(wire, head))
            self.heads.append(head.decode("latin-1"))
            wire.send(plain(self.name.encode()))

    def close(self) -> None:
        """End it with all its connections."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(20)
        for wire in self._wires:
            with suppress(OSError):
                wire.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        for wire in self._wires:
            wire.close()


class Service:
    """A proxy with one port, its clients and pods, which all end with the test."""

    def __init__(self) -> None:
        self.called: list[tuple[str, ...]] = []
        self.proxy = Proxy(self.called.append)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.ends: list[Callable[[], None]] = []
        self.pods: list[Pod] = []

    def pod(self, name: str = "a", serve: Callable[[Wire], None] | None = None) -> Pod:
        """A pod that listens; no traffic goes there yet."""
        made = Pod(name, serve)
        self.ends.append(made.close)
        self.pods.append(made)
        return made

    def route(self, *pods: Pod, protocol: str = HTTP, hold: float = 0) -> None:
        """Pass the traffic on to these pods, and no others."""
        self.split({"web": (1, pods)}, protocol, hold)

    def split(
        self, groups: dict[str, tuple[int, tuple[Pod, ...]]], protocol: str = HTTP, hold: float = 0
    ) -> None:
        """Split the traffic: name -> weight and pods."""
        found = tuple(
            Group(name, weight, tuple(pod.backend for pod in pods)) for name, (weight, pods) in groups.items()
        )
        assert self.proxy.set(SERVICE, {self.port: Route(found, protocol, "", hold, 80)}) == []

    def dial(self) -> Wire:
        """A client's connection."""
        wire = Wire(socket.create_connection(("127.0.0.1", self.port), timeout=20))
        self.ends.append(wire.close)
        return wire

    def ask(self, target: str = "/", method: str = "GET", body: bytes | None = None, **fields: str) -> Answer:
        """A request on a connection of its own."""
        return self.dial().ask(target, method, body, **fields)

    def pid(self) -> int:
        """The proxy's process."""
        link = self.proxy._link
        assert link
        return link.pid

    def counted(self, group: str = "web") -> dict[str, object]:
        """What was counted of a group."""
        (port,) = self.proxy.traffic()
        (found,) = [one for one in port["groups"] if one["name"] == group]
        return found


class Load:
    """Clients that send one request after the other until the block ends; they connect again after a failure.

    Attributes:
        answered: the number of answers.
        failed: what went wrong with requests that were sent.
        refused: what went wrong with connecting.
    """

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.failed: list[str] = []
        self.refused: list[str] = []
        self._port = port
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def _run(self) -> None:
        wire: Wire | None = None
        while not self._ended.is_set():
            try:
                wire = wire or Wire(socket.create_connection(("127.0.0.1", self._port), timeout=20))
            except OSError as error:
                self.refused.append(repr(error))
                self._ended.wait(0.01)
                continue
            try:
                answer = wire.ask("/", "POST", b"x")
                assert answer.status == 200, answer
                self.answered += 1
                if "connection: close" in answer.head:
                    wire.close()
                    wire = None
            except (OSError, AssertionError) as error:
                self.failed.append(repr(error))
                wire.close()
                wire = None
        if wire:
            wire.close()

    def more(self, count: int = 500) -> None:
        """Wait for some more answers."""
        wanted = self.answered + count
        until(lambda: self.answered >= wanted)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)


@contextmanager
def service() -> Iterator[Service]:
    """A Service that ends afterwards."""
    made = Service()
    try:
        yield made
    finally:
        made.proxy.close()
        for end in reversed(made.ends):
            end()
