"""Watches over HTTP: one line of JSON for every change."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from aiohttp import web

from arena.local.api import query_options, refusals, representations, selectors, versions
from arena.local.api.object_api import Api
from arena.local.api.representations import PROTOBUF
from arena.local.api.request_options import ListOptions
from arena.local.api.request_path import Target
from arena.local.api.resource_types import Type
from arena.local.api.selectors import Selector
from arena.local.api.store import Entry, encode
from arena.local.objects import Object, Refused

QUEUE, LARGEST = 20_000, 32 * 1024 * 1024
"""A client that is this many changes, or characters, behind is disconnected; it resumes or lists again."""
BOOKMARK = 60.0
"""Seconds between bookmarks."""
LONGEST = 3600.0
"""Default duration of a watch in seconds."""
LOOK = 5.0
"""Seconds after which to check whether a silent client has left."""

WATCHES = web.AppKey("watches", set)
"""The queues of open watches; None in a queue ends its watch."""


class _Stream:
    """One client's watch; raises Refused 406 for one that accepts no form that the server writes."""

    def __init__(self, kind: Type, selector: Selector, namespace: str | None, request: web.Request) -> None:
        self.kind = kind
        self._selector = selector
        self._namespace = namespace
        self.form = representations.form(kind, request.headers.get("Accept", ""))
        self._plain = self.form is representations.PLAIN and kind.stored is None
        self._query: Mapping[str, str] = request.query
        self._first = True

    @property
    def media(self) -> str:
        """The content type of the stream."""
        return f"{PROTOBUF};stream=watch" if self.form.media == PROTOBUF else self.form.media

    def line(self, entry: Entry) -> bytes:
        """The change as this client sees it; empty if it does not concern it."""
        if entry.key != self.kind.key or self._namespace not in (None, entry.namespace):
            return b""
        if self._selector == selectors.EVERYTHING and self._plain:
            return f'{{"type":"{entry.type}","object":{entry.body}}}\n'.encode()
        obj = json.loads(entry.body)
        is_in = entry.type != "DELETED" and self._selector.matches(obj)
        was_in = entry.before is not None and self._selector.matches(json.loads(entry.before))
        if not is_in and not was_in:
            return b""
        kind = "DELETED" if not is_in else "MODIFIED" if was_in else "ADDED"
        if kind == "DELETED" and entry.type != "DELETED" and entry.before is not None:
            # It left the selection, so its last selected state is sent, by which the client identifies it.
            version = obj["metadata"]["resourceVersion"]
            obj = json.loads(entry.before)
            obj["metadata"]["resourceVersion"] = version
        return self.event(kind, obj)

    def event(self, kind: str, obj: Object) -> bytes:
        """An event with an object, in the requested form."""
        obj = versions.served(self.kind, obj)
        shown = representations.one(self.kind, obj, self.form, self._query, header=self._first)
        self._first = False
        return self.written(kind, shown)

    def bookmark(self, version: int, notes: Mapping[str, str] | None = None) -> bytes:
        """An event with the version that the client has reached."""
        meta: Object = {"resourceVersion": str(version)}
        if notes:
            meta["annotations"] = dict(notes)
        return self.written("BOOKMARK", representations.bookmark(self.kind, meta, self.form))

    def written(self, kind: str, obj: Object) -> bytes:
        """An event with what is in the requested form."""
        if self.form.media == PROTOBUF:
            from arena.local.api import protobuf  # imported late, because few clients ask for it

            return protobuf.event(kind, obj)
        return encode({"type": kind, "object": obj}).encode() + b"\n"


async def watch(api: Api, request: web.Request, target: Target, listing: ListOptions) -> web.StreamResponse:
    """Stream the changes until the client leaves, `timeoutSeconds` pass or the server stops.

    Raises:
        Refused: 400 for an invalid selector, version or time, 406 for a form that is not written.
    """
    if target.name:
        fields = ",".join(filter(None, (listing.fields, f"metadata.name={target.name}")))
        listing = replace(listing, fields=fields)
    selector = selectors.parse(target.kind.resource, listing.labels, listing.fields)
    stream = _Stream(target.kind, selector, listing.namespace, request)
    since = query_options.version(request.query)
    if listing.initial:
        since = None  # what exists is newer
    seconds = query_options.number(request.query, "timeoutSeconds") or LONGEST
    response = web.StreamResponse(headers={"Content-Type": stream.media, "Cache-Control": "no-cache"})
    queue = _Backlog()
    request.config_dict[WATCHES].add(queue)
    try:
        # A client that sees the headers relies on every later change, so it is heard first.
        with api.store.lock:  # Nothing may change between the list and the first change.
            first = _initial(api, stream, listing, since)
            version = since or api.store.version
            heard = _heard(api, target.kind, queue, since, request)
        with heard:
            await response.prepare(request)
            if first:
                await response.write(first)
            await _pump(response, request, queue, stream, version, seconds)
    except Refused as refused:
        await response.prepare(request)
        await response.write(stream.written("ERROR", refusals.status(refused)))
    except ConnectionError:
        pass  # the client left
    finally:
        request.config_dict[WATCHES].discard(queue)
    return response


class _Backlog(asyncio.Queue[Entry | None]):
    """The changes that a client has not yet received."""

    size = 0
    """Characters."""

    def _put(self, item: Entry | None) -> None:
        self.size += _length(item)
        super()._put(item)

    def _get(self) -> Entry | None:
        item = super()._get()
        self.size -= _length(item)
        return item


def _length(entry: Entry | None) -> int:
    return len(entry.body) + len(entry.before or "") if entry else 0


def _heard(api: Api, kind: Type, queue: _Backlog, since: int | None, request: web.Request) -> ExitStack:
    """Put the changes of a type into the queue until it is closed, first those after `since`.

    Raises:
        Refused: 410 if changes after `since` are no longer known.
    """
    loop = asyncio.get_running_loop()

    def add(entry: Entry) -> None:
        if queue.qsize() < QUEUE and queue.size < LARGEST:
            queue.put_nowait(entry)
        elif request.transport:
            # A writer may wait for the client forever.
            request.transport.abort()

    def hear(entry: Entry) -> None:
        if entry.key == kind.key:
            loop.call_soon_threadsafe(add, entry)

    ended = ExitStack()
    ended.callback(api.store.listen(hear, since))
    return ended


def _initial(api: Api, stream: _Stream, listing: ListOptions, since: int | None) -> bytes:
    if since is not None or listing.initial is False:
        return b""
    page = api.page(stream.kind.resource, replace(listing, limit=0, token=""))
    lines = [stream.event("ADDED", json.loads(text)) for text in page.texts]
    if listing.initial:
        lines.append(stream.bookmark(page.version, {"k8s.io/initial-events-end": "true"}))
    return b"".join(lines)


async def _pump(
    response: web.StreamResponse,
    request: web.Request,
    queue: _Backlog,
    stream: _Stream,
    version: int,
    seconds: float,
) -> None:
    """Write changes until there is a reason to end, such as the end of the time."""
    loop = asyncio.get_running_loop()
    deadline, marked = loop.time() + seconds, loop.time()
    marks = query_options.flag(request.query, "allowWatchBookmarks")
    while (left := deadline - loop.time()) > 0:
        try:
            entry = await asyncio.wait_for(queue.get(), min(left, LOOK))
        except asyncio.TimeoutError:
            if request.transport is None or request.transport.is_closing():
                return
            if marks and loop.time() - marked > BOOKMARK:
                marked = loop.time()
                await response.write(stream.bookmark(version))
            continue
        if entry is None:
            return
        version = entry.version
        if line := stream.line(entry):
            await response.write(line)
    if marks:
        await response.write(stream.bookmark(version))
