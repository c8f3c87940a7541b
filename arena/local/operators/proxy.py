"""The loopback proxy: listens on the port allotted to a Service and passes connections to its pods.

Its operator decides who listens and where connections go; the sockets live in a thread of their own
that starts with the first Service. On a real cluster Services have no allotted ports, and nothing
listens. Only TCP is passed on.
"""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from datetime import datetime

from arena.local.objects import ENDPOINTS, PODS, SERVICES, Object, Objects, key
from arena.local.operators import pods as facts
from arena.local.operators.operator import Key, Operator, of_kind
from arena.local.operators.writes import event

HOST = "127.0.0.1"
AGAIN = 5.0
"""Seconds until a port that another program holds is tried again."""
CHUNK = 65536

Backend = tuple[int, ...]
"""The ports on which one pod may listen, in the order in which they are tried."""


def operator() -> Operator:
    """The operator that keeps the proxy's table."""
    proxy = Proxy()

    def reconcile(objects: Objects, service: Object, now: datetime) -> float | None:
        taken = proxy.set(key(service), table(objects, service))
        for port in taken:
            message = f"port {port} of this machine is taken by another program"
            event(objects, (SERVICES, service), now, "Warning", "PortConflict", message)
        return AGAIN if taken else None

    inner = of_kind(SERVICES, reconcile, related={ENDPOINTS: lambda objects, one: [key(one)]})

    def run(objects: Objects, item: Key, now: datetime) -> float | None:
        if objects.get(SERVICES, item[1], item[0]) is None:
            proxy.set(item, {})
        return inner.reconcile(objects, item, now)

    return Operator("proxy", inner.watches, inner.keys, run, proxy.close)


def table(objects: Objects, service: Object) -> dict[int, list[Backend]]:
    """The ports to listen on for a Service, each with its ready pods; empty for a headless one."""
    allotted = facts.ports(service)
    if service["spec"].get("clusterIP") == "None" or not allotted:
        return {}
    namespace, name = key(service)
    subsets = (objects.get(ENDPOINTS, name, namespace) or {}).get("subsets") or []
    found: dict[int, list[Backend]] = {}
    for port in service["spec"].get("ports") or []:
        wanted = port.get("name") or ""
        if port.get("protocol", "TCP") == "TCP" and port["port"] in allotted:
            backends = [
                _backend(objects, namespace, address["targetRef"]["name"], one["port"])
                for subset in subsets
                for one in subset.get("ports") or []
                if (one.get("name") or "") == wanted
                for address in subset.get("addresses") or []
            ]
            found[allotted[port["port"]]] = backends
    return found


def _backend(objects: Objects, namespace: str, pod: str, declared: int) -> Backend:
    there = objects.get(PODS, pod, namespace)
    own = facts.ports(there).get(declared) if there else None
    return (own, declared) if own else (declared,)


class Proxy:
    """Listeners and where their connections go. Thread-safe."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._services: dict[Key, set[int]] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._backends: dict[int, list[Backend]] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    def set(self, service: Key, wanted: dict[int, list[Backend]]) -> list[int]:
        """Listen for a Service on exactly these ports; returns those that are taken by others."""
        if not wanted and service not in self._services:
            return []
        return asyncio.run_coroutine_threadsafe(self._set(service, wanted), self._started()).result()

    def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
            self._thread.start()
        return self._loop

    async def _set(self, service: Key, wanted: dict[int, list[Backend]]) -> list[int]:
        for port in self._services.get(service, set()) - set(wanted):
            self._servers.pop(port).close()
            del self._backends[port]
        self._backends.update(wanted)
        taken = [port for port in wanted if not await self._listen(port)]
        for port in taken:
            del self._backends[port]
        self._services[service] = set(wanted) - set(taken)
        if not wanted:
            del self._services[service]
        return taken

    async def _listen(self, port: int) -> bool:
        if port in self._servers:
            return True

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(port, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # Here and not in the task: one that is cancelled before it begins runs none of its lines.
            task.add_done_callback(lambda _: writer.close())

        try:
            self._servers[port] = await asyncio.start_server(accept, HOST, port)
        except OSError:
            return False
        return True

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect(port)
        if found is None:
            writer.transport.abort()
            return
        there, back = found
        try:
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        finally:
            back.close()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the next pod that answers, round robin."""
        backends = self._backends.get(port, [])
        for _ in range(len(backends)):
            backend = backends.pop(0)
            backends.append(backend)
            found = await _first(backend)
            if found:
                return found
        return None

    async def _end(self) -> None:
        for server in self._servers.values():
            for listener in server.sockets:
                asyncio.get_running_loop().remove_reader(listener)
        # A connection that was just accepted gets its task in a later turn of the loop, for which its
        # server must still be open; one that is closed gives its socket back in a later turn.
        await _turns()
        for server in self._servers.values():
            server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await _turns()


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _first(ports: Sequence[int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    for port in ports:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection(HOST, port)
    return None


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends; its end is passed on too, the other direction stays open.

    Where a side breaks instead, the other one is broken off: it would wait for nobody.
    """
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()
