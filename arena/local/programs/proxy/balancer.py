"""The live side of a route: it chooses the group, the backend and the connection, and counts."""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Protocol

from arena.local.programs.proxy.counters import Counters, Outcomes
from arena.local.programs.proxy.routes import Backend, Group, Route, Service

if TYPE_CHECKING:
    from arena.local.programs.proxy.upstream import Upstream

LOOPBACK = "127.0.0.1"
CONNECT = 5.0
"""Seconds to connect to a pod."""
SHUNNED = 1.0
"""Seconds for which a pod that refused a connection is only used if all others did."""
IDLE = 30.0
"""Seconds after which an unused connection to a pod is closed."""
SPARE = 100
"""Unused connections that are kept for each pod."""
WAITING = 1000
"""Requests of one port that may wait for a pod."""
AGAIN = 0.1
"""Seconds between two attempts of a waiting request to reach pods that are ready, but do not listen yet."""
REMINDED = 5.0
"""Seconds between two calls for a pod."""


class Waiting(Protocol):
    """A request, or a connection, that waits for a pod."""

    def start(self) -> None:
        """A pod is ready, or the time is over: try again."""


class LiveBackend:
    """A pod, and the connections to it that wait for a request."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.outcomes = Outcomes()
        self.load = 0
        self.shunned = 0.0
        self.gone = False
        self._idle: list[Upstream] = []
        self._sweep: asyncio.TimerHandle | None = None

    def spare(self) -> "Upstream | None":
        """A connection that waits for a request and that the pod has not closed, or None."""
        while self._idle:
            found = self._idle.pop()
            if found.is_open():
                return found
            found.close()
        return None

    def keep(self, connection: "Upstream") -> None:
        """Keep a connection for the next request."""
        if self.gone or len(self._idle) >= SPARE:
            connection.close()
            return
        connection.rested = time.monotonic()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE, self._close_unused)

    def drop(self, connection: "Upstream") -> None:
        """Forget a connection that the pod has closed."""
        if connection in self._idle:
            self._idle.remove(connection)

    def _close_unused(self) -> None:
        """Close what was not used for long: those are in front."""
        now = time.monotonic()
        while self._idle and self._idle[0].rested <= now - IDLE:
            self._idle.pop(0).close()
        wait = self._idle[0].rested + IDLE - now if self._idle else 0
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(max(wait, 1), self._close_unused) if self._idle else None

    def leave(self) -> None:
        """The pod gets no more requests; those in flight end on their own."""
        self.gone = True
        if self._sweep:
            self._sweep.cancel()
        while self._idle:
            self._idle.pop().close()

    def shun(self) -> None:
        """Use it only if all others fail as well, for a while."""
        self.shunned = time.monotonic() + SHUNNED

    def data(self) -> dict[str, Any]:
        """JSON: what was counted since the pod became ready."""
        return {
            "pod": self.backend.pod,
            "inFlight": self.load,
            "ended": self.outcomes.ended,
            "failures": self.outcomes.failures,
            "seconds": self.outcomes.seconds,
            "latencies": self.outcomes.latencies(),
        }

    async def connect(self) -> socket.socket:
        """A new connection.

        Raises:
            OSError: the pod does not listen.
            asyncio.TimeoutError: it does not answer.
        """
        *earlier, last = self.backend.ports
        for port in earlier:
            try:
                return await _connected(port)
            except (OSError, asyncio.TimeoutError):
                continue
        return await _connected(last)


async def _connected(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only if it knows that the protocol is TCP.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setblocking(False)
    try:
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(loop.sock_connect(found, (LOOPBACK, port)), CONNECT)
    except BaseException:
        found.close()
        raise
    return found


class LiveGroup:
    """The pods of a group, and its counters."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.weight = 0
        self.counters = Counters()
        self.backends: list[LiveBackend] = []
        self._next = 0

    def update(self, group: Group) -> None:
        """Use these pods from now on; one that stays keeps its connections."""
        self.weight = group.weight
        there = {one.backend: one for one in self.backends}
        self.backends = [there.pop(one) if one in there else LiveBackend(one) for one in group.backends]
        for one in there.values():
            one.leave()

    def pick(self, tried: Collection[LiveBackend] = ()) -> LiveBackend | None:
        """The pod with the fewest requests in flight, in turn if several have as few."""
        now, count = time.monotonic(), len(self.backends)
        best, least, begin = None, (True, 0), self._next
        for step in range(count):
            one = self.backends[(begin + step) % count]
            load = (one.shunned > now, one.load)
            if one not in tried and (best is None or load < least):
                best, least, self._next = one, load, begin + step + 1
        self._next %= count or 1
        return best


class Target:
    """The route of one port as it is now.

    Args:
        service: whose port it is.
        call: is told when a request waits for a pod of the Service.
    """

    def __init__(self, service: Service, call: Callable[[Service], None]) -> None:
        self.service = service
        self.route = Route(())
        self.groups: list[LiveGroup] = []
        self.connections: set[object] = set()
        """The protocols of all open connections of clients."""
        self.is_leaving = False
        """Whether clients should connect again."""
        self.refused = 0
        """Requests that found no pod."""
        self._usable: list[LiveGroup] = []
        self._call = call
        self._called = 0.0
        self._since = time.time()
        self._waiting: dict[Waiting, asyncio.TimerHandle] = {}

    def update(self, route: Route) -> None:
        """Follow a changed route, and go on with what waited for it."""
        self.route = route
        there = {one.name: one for one in self.groups}
        self.groups = [
            there.pop(one.name) if one.name in there else LiveGroup(one.name) for one in route.groups
        ]
        for live, group in zip(self.groups, route.groups, strict=True):
            live.update(group)
        for gone in there.values():
            gone.update(Group(gone.name, 0, ()))
        self._usable = [one for one in self.groups if one.backends and one.weight > 0]
        if self._usable:
            self._called = 0.0  # the pod may go again soon
            waiting, self._waiting = self._waiting, {}
            for one, timer in waiting.items():
                timer.cancel()
                one.start()

    def choose(self) -> LiveGroup | None:
        """A group by the weights of those that have ready pods; None if there is none."""
        usable = self._usable
        if len(usable) < 2:
            return usable[0] if usable else None
        at = random.random() * sum(one.weight for one in usable)
        for one in usable:
            at -= one.weight
            if at < 0:
                return one
        return usable[-1]

    def wait(self, one: Waiting) -> bool:
        """Let a request wait for a pod, and call for one; False if it cannot.

        Its `start` is called once a pod is ready, or once when the time is over, after which it cannot wait
        again.
        """
        if not self.route.hold or len(self._waiting) >= WAITING:
            return False
        loop = asyncio.get_running_loop()
        self._waiting[one] = loop.call_later(self.route.hold, one.start)
        if loop.time() >= self._called:
            self._called = loop.time() + REMINDED
            self._call(self.service)
        return True

    def leave(self, one: Waiting) -> None:
        """It waits no more."""
        if timer := self._waiting.pop(one, None):
            timer.cancel()

    def data(self) -> dict[str, Any]:
        """JSON: what was counted; `arena.local.machinery.traffic` says what the fields are."""
        groups = [
            {
                "name": one.name,
                "weight": one.weight,
                "ready": len(one.backends),
                **one.counters.data(),
                "pods": [each.data() for each in one.backends],
            }
            for one in self.groups
        ]
        namespace, name = self.service
        return {
            "namespace": namespace,
            "service": name,
            "port": self.route.number,
            "since": self._since,
            "protocol": self.route.protocol,
            "waiting": len(self._waiting),
            "refused": self.refused,
            "groups": groups,
        }
