"""A watch that outlives connections, servers and expired versions."""

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

from arena.digits import whole
from arena.errors import MissingOperator, NotAllowed, Unreachable
from arena.kube import connection_errors, faults
from arena.kube.decoding import decoded
from arena.kube.pages import Selection, present
from arena.kube.transport import Reply, Request, Transport, lines

Object = dict[str, Any]

_SERVER_ENDS = 290
_BREATH, _LONGEST = 0.1, 2.0
"""Seconds between attempts to connect: the first, and the most."""


class Watch:
    """An endless iterator of (type, object) that loses and repeats nothing.

    A connection that ends is resumed at the last version. If the server no longer has that version, the
    objects are listed again and the differences are computed, so a consumer never notices; of an object that
    was deleted in such a gap, only type and metadata are reported. If the server does not answer for
    longer than the patience of the transport, Unreachable is raised. For a user who may read the objects and
    not watch them, they are read again every two seconds.

    With a start `version`, the objects that existed then are unknown, so those deleted during a gap that the
    server no longer has are not reported.
    """

    def __init__(self, transport: Transport, selection: Selection, version: str | None = None) -> None:
        self._transport = transport
        self._selection = selection
        self._start = version
        self._version = version
        self._known: dict[tuple[str, str], Object] = {}
        self._reply: Reply | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ever = self._connected = False
        self._changes = self._run()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        return self

    def __next__(self) -> tuple[str, Object]:
        try:
            return next(self._changes)
        except ValueError:
            # Another thread is just closing it: "generator already executing".
            if self._closed.is_set():
                raise StopIteration from None
            raise

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def listed(self) -> Iterator[Object]:
        """The present objects; iterate for later changes.

        For consumers that must not act on half of them; read it once and completely, before the first `next`.
        """
        return (one for _, one in self._listed())

    def close(self) -> None:
        """End the watch, from any thread: a blocked `next` stops."""
        with self._lock:
            self._closed.set()
            cut(self._reply)
        finish(self._changes)

    def _run(self) -> Generator[tuple[str, Object], None, None]:
        trouble: float | None = None
        waiting, cluster, attempts = self._transport.waiting, self._selection.asked.cluster, 0
        while not self._closed.is_set():
            self._connected = False
            try:
                yield from self._once()
                trouble = None
            except (MissingOperator, faults.Garbled):
                raise
            except Unreachable:
                now = time.monotonic()
                trouble = now if trouble is None or self._connected else trouble
                if not self._ever:
                    raise
                waiting.lost(cluster, trouble)
                if now - trouble > waiting.patience:
                    raise
            # A server that closes at once is stopping or overloaded, so wait before trying again.
            attempts = 0 if self._connected else attempts + 1
            self._closed.wait(min(_BREATH * (1 << min(attempts, 9)), _LONGEST))

    def _once(self) -> Iterator[tuple[str, Object]]:
        """List if necessary, then yield the changes of one connection."""
        try:
            if self._version is None:
                yield from self._listed()
            yield from self._streamed()
        except faults.Expired:
            self._version = None
        except faults.NotAuthenticated:
            raise
        except NotAllowed:
            if self._version is None:
                raise  # they may not be read, either
            self._version = None
            self._transport.waiting.found(self._selection.asked.cluster)
        except Unreachable:
            if not self._closed.is_set():
                raise

    def _listed(self) -> Iterator[tuple[str, Object]]:
        """List, and yield the differences to what was reported before."""
        seen: set[tuple[str, str]] = set()
        version = None
        asked = self._selection.asked._replace(verb="list")
        for page in present(self._transport, self._selection._replace(asked=asked)):
            version = version or page.version
            for one in page.objects:
                seen.add(_key(one))
                yield from self._compared(one)
            page.objects.clear()  # or all would be in memory at once
        for key in self._known.keys() - seen:
            yield "DELETED", self._known.pop(key)
        self._version = version
        self._ever = True

    def _compared(self, one: Object) -> Iterator[tuple[str, Object]]:
        """The change of a listed object since it was last reported."""
        old = self._known.get(_key(one))
        self._known[_key(one)] = _trace(one)
        if old is not None and _uid(old) != _uid(one):
            yield "DELETED", old
            old = None
        if old is None:
            if not self._told(one):
                yield "ADDED", one
        elif _version(old) != _version(one):
            yield "MODIFIED", one

    def _told(self, one: Object) -> bool:
        """Whether an object has not changed since the version at which the caller began."""
        version, start = whole(_version(one)), whole(self._start)
        return version is not None and start is not None and version <= start

    def _streamed(self) -> Iterator[tuple[str, Object]]:
        """The changes of one connection; ends when the server ends it."""
        reply = self._connect()
        try:
            for line in lines(reply):
                event = self._event(line)
                if event is not None:
                    yield event
        except (faults.BROKEN, ValueError) as cause:
            # A truncated line means a broken connection.
            raise connection_errors.broken(cause, self._selection.asked, self._transport.endpoint) from cause
        finally:
            with self._lock:
                self._reply = None
            reply.close()

    def _connect(self) -> Reply:
        asked, resource, namespace, *_ = self._selection
        query = {
            **self._selection.query,
            "watch": True,
            "allowWatchBookmarks": True,
            "timeoutSeconds": _SERVER_ENDS,
            "resourceVersion": self._version,
        }
        path = resource.path(namespace)
        request = Request(asked, "GET", path, query, stream=True, silence=_SERVER_ENDS + 30)
        reply = self._transport.send(request)
        self._ever = self._connected = True
        self._transport.waiting.found(asked.cluster)
        with self._lock:
            self._reply = reply
            if self._closed.is_set():
                cut(reply)
        return reply

    def _event(self, line: bytes) -> tuple[str, Object] | None:
        """The event in a line; None if it is already known. Raises ValueError if the line is truncated."""
        match decoded(line):
            case {"type": "ERROR", "object": dict() as said}:
                code = said.get("code")
                status = code if isinstance(code, int) else 500
                raise faults.refusal(status, json.dumps(said).encode(), self._selection.asked)
            case {"type": "BOOKMARK", "object": {"metadata": dict()} as one}:
                self._version = _version(one)
                return None
            case {"type": str(kind), "object": {"metadata": {"name": str()}} as one}:
                return (kind, one) if self._note(kind, one) else None
        raise faults.not_json(self._selection.asked, faults.Garbled)

    def _note(self, kind: str, one: Object) -> bool:
        """Remember a change; return whether it is new."""
        self._version = _version(one)
        if kind == "DELETED":
            self._known.pop(_key(one), None)
            return True
        old = self._known.get(_key(one))
        self._known[_key(one)] = _trace(one)
        return old is None or _version(old) != self._version


def cut(reply: Reply | None) -> None:
    """End a stream that another thread may be reading."""
    if reply is not None:
        # It may have ended by itself meanwhile.
        with suppress(OSError, ValueError, RuntimeError):
            reply.shutdown()


def finish(reader: Generator[Any, None, None]) -> bool:
    """Close a generator; return False if another thread is inside and will do so itself."""
    try:
        reader.close()
    except ValueError:
        # "generator already executing"
        return False
    return True


def _trace(one: Object) -> Object:
    """The part of an object that is kept to detect changes and report its end: thousands may be watched."""
    return {key: value for key, value in one.items() if key not in ("spec", "status")}


def _key(one: Object) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]


def _uid(one: Object) -> str:
    return str(one["metadata"].get("uid", ""))


def _version(one: Object) -> str:
    return str((one.get("metadata") or {}).get("resourceVersion", ""))
