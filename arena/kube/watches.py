"""A watch that outlives connections, servers and expired versions."""

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

from arena.errors import MissingOperator, Unreachable
from arena.kube import faults
from arena.kube.decoding import decoded
from arena.kube.pages import Selection, pages
from arena.kube.transport import Reply, Request, Transport, lines

Object = dict[str, Any]

_SERVER_ENDS = 290
_PATIENCE = 60.0
_BREATH = 0.1


class Watch:
    """An endless iterator of (type, object); nothing is lost and nothing comes twice.

    A connection that ends is resumed at the last version. Where the server no longer has that, the
    objects are listed again and the differences made up, so a consumer never notices; of an object that
    went in such a gap only type and metadata are told. A server that stays away for a minute raises
    Unreachable.

    With a start `version` the objects that existed then are not known; those deleted during a gap so
    long that the server forgot it are then not reported.
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
        """The objects that are there now; what changes from then on comes by iteration.

        For who must not act on half of them; to be read once and whole, before the first `next`.
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
        while not self._closed.is_set():
            self._connected = False
            try:
                yield from self._once()
            except (MissingOperator, faults.Garbled):
                raise
            except Unreachable:
                now = time.monotonic()
                trouble = now if trouble is None or self._connected else trouble
                if not self._ever or now - trouble > _PATIENCE:
                    raise
            # A server that hangs up at once is going down, or full: do not spin meanwhile.
            self._closed.wait(_BREATH)

    def _once(self) -> Iterator[tuple[str, Object]]:
        """List where needed, then the changes of one connection."""
        try:
            if self._version is None:
                yield from self._listed()
            yield from self._streamed()
        except faults.Expired:
            self._version = None
        except Unreachable:
            if not self._closed.is_set():
                raise

    def _listed(self) -> Iterator[tuple[str, Object]]:
        """List, and tell what differs from what was told before."""
        seen: set[tuple[str, str]] = set()
        version = None
        for page in pages(self._transport, self._selection):
            version = version or page.version
            for one in page.objects:
                seen.add(_key(one))
                yield from self._compared(one)
            page.objects.clear()  # or all would be in memory at once
        for key in self._known.keys() - seen:
            yield "DELETED", self._known.pop(key)
        self._version = version

    def _compared(self, one: Object) -> Iterator[tuple[str, Object]]:
        """How a listed object differs from what was told of it."""
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
        version = _version(one)
        known = self._start is not None and self._start.isdigit() and version.isdigit()
        return known and int(version) <= int(self._start or 0)

    def _streamed(self) -> Iterator[tuple[str, Object]]:
        """The changes of one connection; ends when the server ends it."""
        reply = self._connect()
        try:
            for line in lines(reply):
                event = self._event(line)
                if event is not None:
                    yield event
        except (faults.BROKEN, ValueError) as cause:
            # A line cut short is a connection cut short.
            raise faults.broken(cause, self._selection.asked, self._transport.endpoint) from cause
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
        with self._lock:
            self._reply = reply
            if self._closed.is_set():
                cut(reply)
        return reply

    def _event(self, line: bytes) -> tuple[str, Object] | None:
        """What a line tells; None for what is known already. ValueError where the line is cut short."""
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
        """Take note of a change; whether it has not been told."""
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
    """Run what a generator does at its end; False where another thread is inside and will do so itself."""
    try:
        reader.close()
    except ValueError:
        # "generator already executing"
        return False
    return True


def _trace(one: Object) -> Object:
    """What is kept of an object to see its changes, and to tell of its end: thousands may be watched."""
    return {key: value for key, value in one.items() if key not in ("spec", "status")}


def _key(one: Object) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]


def _uid(one: Object) -> str:
    return str(one["metadata"].get("uid", ""))


def _version(one: Object) -> str:
    return str((one.get("metadata") or {}).get("resourceVersion", ""))
