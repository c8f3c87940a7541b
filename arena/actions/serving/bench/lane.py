"""The load on one server: its connections, and the requests that are due."""

from __future__ import annotations

import errno
import itertools
import os
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from arena.actions.serving.bench.connection import Closed, Connection
from arena.actions.serving.bench.pace import Pace, Rate, Turns
from arena.actions.serving.bench.responses import Garbled, Response
from arena.actions.serving.bench.tally import Tally
from arena.errors import Unreachable
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    import selectors
    import ssl

    from arena.actions.serving.bench.target import Target
    from arena.model.benchmarks import Load

_FULL = (errno.EMFILE, errno.ENFILE)
WRONG, TIMEOUT, REFUSED, RESET, TLS = "wrong answer", "timeout", "refused", "reset", "tls"


class Place(NamedTuple):
    """Where to connect."""

    family: int
    sockaddr: Any


def find(target: Target) -> Place:
    """Look up the address of a server, once.

    Raises:
        Unreachable: its name is unknown.
    """
    host, port = target.address.host, target.address.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        why = getattr(cause, "strerror", None) or str(cause)
        raise Unreachable(f"{host} is unknown: {why}", "check the address") from cause
    for family, kind, protocol, _, sockaddr in found:
        # localhost may be two addresses, of which the server has one.
        with socket.socket(family, kind, protocol) as link:
            link.settimeout(2.0)
            if len(found) == 1 or link.connect_ex(sockaddr) == 0:
                return Place(family, sockaddr)
    return Place(found[0][0], found[0][4])


class Lane:
    """Sends the requests of one target when they are due.

    Args:
        selector: wakes the connections.
        start: the moment at which the load begins; the measurement begins after the warm-up.
    """

    clock = staticmethod(time.perf_counter)

    def __init__(self, target: Target, load: Load, selector: selectors.BaseSelector, start: float) -> None:
        self.target = target
        self.selector = selector
        self.place = find(target)
        self.tls: ssl.SSLContext | None = target.address.tls()
        self.not_yet = _not_yet(self.tls)
        self.tally = Tally(start + load.warmup)
        self.end = self.tally.start + load.duration
        self._load = load
        self._pace: Pace = Rate(start, load.rps) if load.rps else Turns(start, load.concurrency)
        self._room = load.connections if load.rps else load.concurrency
        self._left = load.requests
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []
        self._waiting: deque[float] = deque()
        self.unanswered = 0
        self._bodies = itertools.cycle(target.requests)

    def due(self) -> float | None:
        """When the next request is due; None if none is before another one ends, or ever."""
        found = self._pace.due()
        return None if found is None or found >= self.end or self._left == 0 else found

    @property
    def under_way(self) -> int:
        """The number of requests that have not ended."""
        return sum(one.busy for one in self._connections) + len(self._waiting)

    def is_over(self) -> bool:
        """Whether all requests have ended and no other follows."""
        return self.due() is None and not self.under_way

    def launch(self, now: float) -> None:
        """Begin the requests that are due."""
        while (due := self.due()) is not None and due <= now:
            self._pace.take()
            begun = due if self._pace.is_open else now
            if self._left is not None and begun >= self.tally.start:
                self._left -= 1
            self._begin(begun, now)

    def _begin(self, begun: float, now: float) -> None:
        if one := self._connection(now):
            meter = self.target.meter
            try:
                one.send(next(self._bodies), begun, meter() if meter else None)
            except OSError as error:
                self.failed(one, error)
        elif len(self._connections) >= self._room:
            self._waiting.append(begun)

    def _connection(self, now: float) -> Connection | None:
        """A connection that is free or new; None if there is no room, or it failed at once."""
        while self._idle:
            one = self._idle.pop()
            if not one.is_stale(now):
                return one
            self._drop(one)
        if len(self._connections) >= self._room:
            return None
        one = Connection(self)
        self._connections.add(one)
        self.tally.connections += 1
        return one

    def answered(self, one: Connection, response: Response, now: float) -> None:
        """An answer is complete: count it, and begin what waited for it."""
        kind = self._fault(one, response)
        if not kind:
            self.tally.succeed(one.begun, now)
            if one.meter:
                self.tally.wrote(one.begun, one.meter)
        else:
            self.tally.fail(one.begun, now, kind, self.target.reason(bytes(response.body)))
        if response.ends:
            self._drop(one)
        else:
            self._idle.append(one)
        self._pace.ended(now, well=not kind)
        self._next(now)

    def _next(self, now: float) -> None:
        if self._waiting:
            self._begin(self._waiting.popleft(), now)
        else:
            self.launch(now)

    def _fault(self, one: Connection, response: Response) -> str:
        """The kind of error that an answer is; "" for a right one."""
        if not 200 <= response.status < 300:
            return f"status {response.status}"
        right = one.meter.end() if one.meter else self.target.right(bytes(response.body))
        return "" if right else WRONG

    def failed(self, one: Connection, error: Exception) -> None:
        """A connection has failed."""
        kind = _kind(error)
        self._end(one, kind, str(error) if kind in (WRONG, TLS) else "")

    def _end(self, one: Connection, kind: str, example: str = "") -> None:
        if one.busy:
            one.busy = False
            now = self.clock()
            self.tally.fail(one.begun, now, kind, example)
            self._pace.ended(now, well=False)
        self._drop(one)

    def expire(self, now: float) -> None:
        """End the requests that have taken too long, and use the room that they leave."""
        oldest = now - self._load.timeout
        for one in [one for one in self._connections if one.busy and one.begun < oldest]:
            self._end(one, TIMEOUT)
        while self._waiting and self._waiting[0] < oldest:
            self.tally.fail(self._waiting.popleft(), now, TIMEOUT)
        while self._waiting and (self._idle or len(self._connections) < self._room):
            self._begin(self._waiting.popleft(), now)

    def _drop(self, one: Connection) -> None:
        one.close()
        self._connections.discard(one)
        if one in self._idle:
            self._idle.remove(one)

    def measured(self, now: float) -> float:
        """The length of the measurement in seconds, up to the last answer or to now."""
        if not self.is_over() or self.unanswered:
            return max(0.0, now - self.tally.start)
        all_sent = self._left == 0
        return max(self.tally.end, self.tally.start if all_sent else self.end) - self.tally.start

    def close(self) -> None:
        """Close all connections; requests that are under way stay unanswered."""
        self.unanswered = self.under_way
        self._waiting.clear()
        for one in list(self._connections):
            self._drop(one)


def _not_yet(tls: ssl.SSLContext | None) -> tuple[type[OSError], ...]:
    """The errors by which a connection says that nothing can be read or sent yet."""
    if tls is None:
        return (BlockingIOError,)
    import ssl

    return BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError


def _kind(error: Exception) -> str:
    """The kind of an error, in the words of a `Failure`."""
    if isinstance(error, Garbled):
        return WRONG
    if isinstance(error, Closed | BrokenPipeError | ConnectionResetError):
        return RESET
    if isinstance(error, ConnectionRefusedError):
        return REFUSED
    if isinstance(error, TimeoutError):
        return TIMEOUT
    if type(error).__module__ == "ssl":  # its numbers are not those of the system
        return TLS
    code = error.errno if isinstance(error, OSError) else None
    return os.strerror(code).lower() if code else type(error).__name__
