"""One request to a server: timeouts, retries, and fresh credentials when they have expired."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from arena.errors import ArenaError, SpecError
from arena.kube import connection_errors, faults, limits, requestlog, urls
from arena.kube.decoding import decoded
from arena.kube.endpoint import Endpoint, Headers
from arena.kube.faults import Asked
from arena.kube.limits import Alarm
from arena.kube.retries import Retries
from arena.kube.waiting import Waiting
from arena.tuples import NamedTuple

CONNECT, READ = 5.0, 60.0
"""Seconds to wait for a connection, and between two bytes of an answer."""


class Request(NamedTuple):
    """A request.

    `body` is JSON data or None. The body of the answer to a `stream` is read by the caller, and the stream
    may stay silent forever: there is no timeout between its bytes unless `silence` (seconds) sets one. It may
    be compressed only if it is `packed`.
    """

    asked: Asked
    method: str
    path: str
    query: Mapping[str, Any] = {}
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    stream: bool = False
    silence: float | None = None
    packed: bool = False

    @property
    def target(self) -> str:
        """Path and query as sent; None and "" are omitted from the query."""
        kept = [(key, _text(value)) for key, value in self.query.items() if value not in (None, "")]
        try:
            path = urls.quoted(self.path, safe="/:@")
            return f"{path}?{urls.query(kept)}" if kept else path
        except UnicodeEncodeError as cause:
            raise SpecError("an argument is not UTF-8 text", "type it again, or set LANG") from cause


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class Reply(Protocol):
    """An answer; errors in reading it are raised as OSError."""

    status: int

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""

    @property
    def data(self) -> bytes:
        """The whole body; raises OSError if it is endless."""

    def read1(self, amount: int) -> bytes:
        """Read what has arrived of the body, at least a byte; b"" at its end."""

    def shutdown(self) -> None:
        """Wake up a reading thread, which finds the end."""

    def close(self) -> None:
        """Close the connection, unless its answer was read completely."""


class Pool(Protocol):
    """Connections to one server; may be shared by threads."""

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Headers,
        silence: float | None,
        alarm: Alarm | None = None,
    ) -> Reply:
        """Send a request and read the answer's head; raises OSError if there is none.

        Args:
            target: path and query below the server's own path.
            silence: seconds without data after which the answer counts as broken; None for no limit.
            alarm: watches the connection, to break it off if it takes too long.
        """


class Transport:
    """Sends requests to one server; may be shared by threads.

    Args:
        load: returns the endpoint; called at the first request, and once more if the server no longer accepts
            the credentials.
        waiting: tells people what is waited for.

    Attributes:
        has_long_lists: whether a list had more than its first objects; see `lists`.
    """

    has_long_lists = False

    def __init__(self, load: Callable[[], Endpoint], waiting: Waiting | None = None) -> None:
        self._load = load
        self.waiting = waiting or Waiting()
        self._lock = threading.Lock()
        self._known: tuple[Endpoint, Pool] | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The server and the credentials now in use."""
        return self._open()[0]

    def json(self, request: Request) -> dict[str, Any]:
        """The answer as a JSON object."""
        return parsed(self.body(request), request.asked)

    def body(self, request: Request) -> bytes:
        """The answer as bytes."""
        return self.send(request).data

    def send(self, request: Request) -> Reply:
        """Send a request and return the answer; raises one of `arena.errors` unless the status is below 300.

        It is sent again as `Retries` says, and once with fresh credentials.
        """
        self._open()
        retries = Retries(request.method)
        if request.stream and not request.packed:
            return self._persist(request, retries)  # a stream may have nothing to say for long
        with self.waiting.on(lambda: _waits(request.asked, retries.is_busy)):
            return self._persist(request, retries)

    def _persist(self, request: Request, retries: Retries) -> Reply:
        """Send until there is an answer, or no hope of one."""
        fresh, target = False, request.target
        while True:
            endpoint, pool = self._open()
            try:
                reply = self._once(request, target, endpoint, pool)
            except faults.BROKEN as cause:
                requestlog.note("%s %s: %s", request.method, target, type(cause).__name__)
                pause = retries.pause() if connection_errors.is_passing(cause) else None
                if pause is None:
                    raise connection_errors.broken(cause, request.asked, endpoint) from cause
                if endpoint.is_lost():
                    self.renew(endpoint)
                time.sleep(pause)
                continue
            requestlog.note("%s %s: %d", request.method, target, reply.status)
            if reply.status < 300:
                return reply
            error = self._refusal(reply, request, endpoint)
            if reply.status == 401 and not fresh:
                fresh = self.renew(endpoint)
                if fresh:
                    continue
            pause = retries.pause(reply.status, reply.header("Retry-After"))
            if pause is None:
                raise error
            time.sleep(pause)

    def _once(self, request: Request, target: str, endpoint: Endpoint, pool: Pool) -> Reply:
        """Send once; read the body at once unless it is a stream."""
        may_pack = not endpoint.is_loopback and (request.packed or not request.stream)
        headers = [("Accept", request.accept), ("User-Agent", "arena"), *endpoint.identity()]
        headers.append(("Accept-Encoding", "gzip" if may_pack else "identity"))
        body = None
        if request.body is not None:
            headers.append(("Content-Type", request.content_type))
            body = json.dumps(request.body, allow_nan=False).encode()
        sent = request.method, target, body, headers
        if request.stream:
            return pool.request(*sent, request.silence)
        # The user's own server is trusted, which saves the alarm.
        with limits.patience(limits.LONGEST if endpoint.dial is None else None) as alarm:
            reply = pool.request(*sent, READ, alarm)
            # Read here, so that a read that breaks in the middle is retried.
            try:
                _ = reply.data
            except OSError:
                reply.close()
                raise
            return reply

    def _refusal(self, reply: Reply, request: Request, endpoint: Endpoint) -> ArenaError:
        """The error of a refused request; a stream's connection goes back to the pool."""
        try:
            with limits.patience(limits.LONGEST if request.stream else None) as alarm:
                if alarm is not None:
                    alarm.wake(reply.shutdown)
                error = faults.refusal(reply.status, reply.data, request.asked)
        except faults.BROKEN as cause:
            reply.close()
            return connection_errors.broken(cause, request.asked, endpoint)
        if reply.status == 407 and endpoint.proxy:
            return connection_errors.proxy_refusal("407 proxy authentication required", endpoint)
        return error

    def _open(self) -> tuple[Endpoint, Pool]:
        with self._lock:
            if self._known is None:
                endpoint = self._load()
                requestlog.connection(endpoint)
                self._known = endpoint, open_pool(endpoint)
            return self._known

    def renew(self, used: Endpoint) -> bool:
        """Load the credentials again, as a token may have expired early; return whether they have changed.

        Args:
            used: the endpoint of the request; if another thread has renewed it, nothing is loaded.
        """
        with self._lock:
            if self._known is not None and self._known[0] is used:
                self._known = None
        now = self.endpoint
        return now.headers() != used.headers() or now.cert_file != used.cert_file


def _waits(asked: Asked, busy: bool) -> str:
    """What is waited for, in words."""
    what = "answer" if asked.resource is None else f"{asked.verb} {asked.noun}"
    return (
        f"{asked.cluster} is overloaded; trying again" if busy else f"waiting for {asked.cluster} to {what}"
    )


def parsed(text: bytes, asked: Asked) -> dict[str, Any]:
    """The JSON object in an answer."""
    try:
        data = decoded(text)
    except ValueError:
        raise faults.not_json(asked) from None
    if not isinstance(data, dict):
        raise faults.not_json(asked)
    return data


def open_pool(endpoint: Endpoint) -> Pool:
    """Connections to the endpoint. The HTTP library is slow to import and used only for proxies."""
    if endpoint.proxy is None:
        from arena.kube import direct

        return direct.Pool(endpoint, CONNECT)
    from arena.kube import proxied

    return proxied.Pool(endpoint, CONNECT)


def lines(reply: Reply) -> Iterator[bytes]:
    """The lines of a stream as they arrive, without line ends; raises the error that broke the stream."""
    for batch in batches(reply):
        yield from batch


def batches(reply: Reply) -> Iterator[list[bytes]]:
    """As `lines`, but in lists of those that arrived together."""
    rest: list[bytes] = []
    size = 0
    while chunk := reply.read1(1 << 16):
        first, *more = chunk.split(b"\n")
        rest.append(first)
        size = limits.checked(size + len(first))
        if more:
            last = more.pop()
            yield [b"".join(rest), *more]
            rest, size = [last], len(last)
    if any(rest):
        yield [b"".join(rest)]
