"""One request to a server: its timeouts, its retries, and fresh credentials when they ran out."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from arena.errors import ArenaError, SpecError
from arena.kube import faults
from arena.kube.decoding import decoded
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked

CONNECT, READ = 5.0, 60.0
"""Seconds to wait for a connection, and between two bytes of an answer."""

_ATTEMPTS = 4
_LONGEST_PAUSE = 10.0


class Request(NamedTuple):
    """What is sent.

    `body` is JSON data or None. A `stream` may stay silent for ever: no timeout between its bytes
    unless `silence` (seconds) says so.
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

    @property
    def target(self) -> str:
        """Path and query as they go on the wire; None and "" are left out of the query."""
        kept = [(key, _text(value)) for key, value in self.query.items() if value not in (None, "")]
        try:
            path = quote(self.path, safe="/:@")
            return f"{path}?{urlencode(kept, doseq=True)}" if kept else path
        except UnicodeEncodeError as cause:
            raise SpecError("an argument is not UTF-8 text", "type it again, or set LANG") from cause


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class Reply(Protocol):
    """An answer; what is wrong with reading it is an OSError."""

    status: int

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""

    @property
    def data(self) -> bytes:
        """The whole body."""

    def read1(self, amount: int) -> bytes:
        """What has arrived of the body, at least a byte; b"" at its end."""

    def shutdown(self) -> None:
        """Wake up a thread that reads: it finds the end."""

    def close(self) -> None:
        """Give the connection up, unless its answer was read whole."""


class Pool(Protocol):
    """Connections to one server; may be shared by threads."""

    def request(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], silence: float | None
    ) -> Reply:
        """Send a request and read the answer's head; an OSError where there is none.

        Args:
            target: path and query below the server's own path.
            silence: seconds between two bytes of the answer after which it counts as broken; None: no limit.
        """


class Transport:
    """Sends requests to one server; may be shared by threads.

    Args:
        load: gives the endpoint; asked at the first request, and again once when the server does not
            accept the credentials any more.
    """

    def __init__(self, load: Callable[[], Endpoint]) -> None:
        self._load = load
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
        """The answer as it came."""
        return self.send(request).data

    def send(self, request: Request) -> Reply:
        """The answer to a request; raises one of `arena.errors` unless its status is below 300.

        Only reads are tried again: after a broken or refused connection, a 429 or a 5xx.
        """
        fresh = False
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= _ATTEMPTS or request.method != "GET"
            try:
                reply = self._once(request)
            except faults.BROKEN as cause:
                if last or not _passing(cause):
                    raise faults.broken(cause, request.asked, self.endpoint) from cause
                if self.endpoint.is_lost():
                    self.renew()
                time.sleep(_pause(attempt))
                continue
            if reply.status < 300:
                return reply
            error, pause = self._refusal(reply, request), _pause(attempt, reply)
            if reply.status == 401 and not fresh:
                fresh = self.renew()
                if fresh:
                    continue
            if last or (reply.status != 429 and reply.status < 500) or reply.status == 501:
                raise error
            time.sleep(pause)

    def _once(self, request: Request) -> Reply:
        """Send once; the body is read at once unless it is a stream."""
        endpoint, pool = self._open()
        headers = {"Accept": request.accept, "User-Agent": "arena", **endpoint.headers()}
        if not endpoint.is_loopback and not request.stream:
            headers["Accept-Encoding"] = "gzip"
        body = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            body = json.dumps(request.body, allow_nan=False).encode()
        silence = request.silence if request.stream else READ
        reply = pool.request(request.method, request.target, body, headers, silence)
        if not request.stream:
            # Read here, so that a read that breaks in the middle is tried again.
            try:
                _ = reply.data
            except OSError:
                reply.close()
                raise
        return reply

    def _refusal(self, reply: Reply, request: Request) -> ArenaError:
        """The error of a refused request; a stream's connection goes back to the pool."""
        try:
            return faults.refusal(reply.status, reply.data, request.asked)
        except faults.BROKEN as cause:
            return faults.broken(cause, request.asked, self.endpoint)

    def _open(self) -> tuple[Endpoint, Pool]:
        with self._lock:
            if self._known is None:
                endpoint = self._load()
                self._known = endpoint, _open_pool(endpoint)
            return self._known

    def renew(self) -> bool:
        """Load the credentials again, as a token may have ended early; whether they are others now."""
        with self._lock:
            before, self._known = self._known, None
        after = self._open()[0]
        return (
            before is None or after.headers() != before[0].headers() or after.cert_file != before[0].cert_file
        )


def parsed(text: bytes, asked: Asked) -> dict[str, Any]:
    """The JSON object that an answer holds."""
    try:
        data = decoded(text)
    except (ValueError, RecursionError):
        raise faults.not_json(asked) from None
    if not isinstance(data, dict):
        raise faults.not_json(asked)
    return data


def _open_pool(endpoint: Endpoint) -> Pool:
    """Connections to the endpoint; without the HTTP library, slow to import, where nothing asks for it."""
    if endpoint.server.startswith("http:") and endpoint.is_loopback and endpoint.proxy is None:
        from arena.kube import plain

        return plain.Pool(endpoint.server, CONNECT)
    from arena.kube import pooled

    return pooled.Pool(endpoint, CONNECT)


def _passing(cause: OSError) -> bool:
    """Whether trying again soon may help."""
    return bool(getattr(cause, "passing", not isinstance(cause, TimeoutError)))


def _pause(attempt: int, reply: Reply | None = None) -> float:
    """Seconds before the next attempt: what the server asks for, else 0.1, 0.2, 0.4 ..."""
    wish = reply.header("Retry-After") if reply is not None else ""
    if wish.isdigit():
        return min(float(wish), _LONGEST_PAUSE)
    return float(0.1 * 2 ** (attempt - 1))


def lines(reply: Reply) -> Iterator[bytes]:
    """The lines of a stream as they arrive, without their ends; raises what broke the stream."""
    for batch in batches(reply):
        yield from batch


def batches(reply: Reply) -> Iterator[list[bytes]]:
    """As `lines`, but all that arrived together at once."""
    rest = b""
    while chunk := reply.read1(1 << 16):
        first, *more = chunk.split(b"\n")
        if not more:
            rest += first
            continue
        last = more.pop()
        yield [rest + first, *more]
        rest = last
    if rest:
        yield [rest]
