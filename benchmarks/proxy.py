"""The proxy in front of Services: what it adds to the latency of a fast backend, and how much it carries."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psutil

from arena.local.programs.proxy.control import Proxy
from arena.local.programs.proxy.link import PROGRAM
from arena.local.programs.proxy.routes import HTTP, Backend, Group, Route
from arena.local.sockets import listen_on_loopback
from benchmarks.measure import Figure, median
from benchmarks.server import WINDOW, watched

SECONDS = 2.0
"""Of each measurement."""
REQUEST = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CLIENTS = 16
"""Connections for the throughput."""
BACKEND = f"""
import asyncio, socket, sys
from functools import partial

class Fast(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write({ANSWER!r})

async def main():
    sock = socket.socket(fileno=int(sys.argv[1]))
    server = await asyncio.get_running_loop().create_server(Fast, sock=sock)
    await server.serve_forever()

asyncio.run(main())
"""


class Client(asyncio.Protocol):
    """Sends one request after the other, and keeps their latencies."""

    def __init__(self, latencies: list[float], deadline: float, ended: "asyncio.Future[None]") -> None:
        self._latencies, self._deadline, self._ended = latencies, deadline, ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Go on with the next request."""
        assert data == ANSWER, data
        now = time.perf_counter()
        self._latencies.append(now - self._began)
        if now < self._deadline:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._ended.set_result(None)


async def load(port: int, connections: int) -> list[float]:
    """The latencies in seconds of all requests of some connections within SECONDS."""
    loop, latencies = asyncio.get_running_loop(), list[float]()
    deadline = time.perf_counter() + SECONDS
    ended = [loop.create_future() for _ in range(connections)]
    for one in ended:
        await loop.create_connection(partial(Client, latencies, deadline, one), "127.0.0.1", port)
    await asyncio.gather(*ended)
    return latencies


@contextmanager
def served() -> Iterator[tuple[int, int, psutil.Process]]:
    """The ports of a backend and of a proxy in front of it, and the process of the proxy."""
    with listen_on_loopback(None) as free:
        own, given = free.getsockname()[1], free.fileno()
        child = subprocess.Popen([sys.executable, "-c", BACKEND, str(given)], pass_fds=[given])
    with listen_on_loopback(None) as other:
        port = other.getsockname()[1]
    proxy = Proxy()
    try:
        proxy.set(("default", "m"), {port: Route((Group("m", 1, (Backend((own,)),)),), HTTP)})
        (process,) = [one for one in psutil.Process().children() if PROGRAM in one.cmdline()]
        yield own, port, process
    finally:
        proxy.close()
        child.kill()
        child.wait()


def figures(runs: int) -> Iterator[Figure]:
    """The latency that the proxy adds, one request at a time, and the requests a second of many."""
    alone, proxied, rates, bare = [], [], [], []
    with served() as (own, port, process):
        asyncio.run(load(port, CLIENTS))
        for _ in range(max(1, runs // 3)):  # in turn, so that a busy machine weighs on both
            alone.append(median(asyncio.run(load(own, 1))))
            proxied.append(median(asyncio.run(load(port, 1))))
            bare.append(len(asyncio.run(load(own, CLIENTS))) / SECONDS)
            rates.append(len(asyncio.run(load(port, CLIENTS))) / SECONDS)
        memory, share, used = watched(process)
    yield Figure(
        what="proxy, added to the median latency", budget=0.3,
        measured=(median(proxied) - median(alone)) * 1000, unit="ms",
        note=f"{median(alone) * 1000:.2f} ms to {median(proxied) * 1000:.2f} ms",
    )  # fmt: skip
    yield Figure(
        what="proxy, requests with keep-alive", budget=3000, measured=median(rates), unit="requests/s",
        least=True, note=f"{CLIENTS} connections; {median(bare):,.0f} without it",
    )  # fmt: skip
    yield Figure(what="proxy at rest, memory", budget=20, measured=memory, unit="MB")
    yield Figure(
        what="proxy at rest, CPU", budget=0.2, measured=share, unit="% of a core",
        note=f"{used * 1000:.0f} ms in {WINDOW:.0f} s",
    )  # fmt: skip
