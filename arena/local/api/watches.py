"""The watch over HTTP: one line of JSON for every change."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from aiohttp import web

from arena.local.api import present, refusals, selectors
from arena.local.api.options import Listing
from arena.local.api.routes import Target
from arena.local.api.selectors import Selector
from arena.local.api.service import Api
from arena.local.api.store import Entry, encode
from arena.local.api.types import Type
from arena.local.objects import Object, Refused

QUEUE = 20_000
"""A client that is that many changes behind is cut off; it resumes or lists again."""
BOOKMARK = 60.0
"""Seconds between bookmarks."""
LONGEST = 3600.0
"""Seconds that a watch lasts whose client names no other time."""
LOOK = 5.0
"""Seconds after which a silent client is looked at: has it left?"""

WATCHES = web.AppKey("watches", set)
"""The queues of the watches that are open; None in a queue ends its watch."""


class _Stream:
    """One client's watch."""

    def __init__(self, kind: Type, selector: Selector, namespace: str | None, request: web.Request) -> None:
        self.kind = kind
        self._selector = selector
        self._namespace = namespace
        self._accept = request.headers.get("Accept", "")
        self._query: Mapping[str, str] = request.query
        self._first = True

    def line(self, entry: Entry) -> bytes:
        """The change as this client sees it; empty where it does not concern it."""
        if entry.key != self.kind.key or self._namespace not in (None, entry.namespace):
            return b""
        if self._selector == selectors.EVERYTHING and not self._accept_shapes:
            return f'{{"type":"{entry.type}","object":{entry.body}}}\n'.encode()
        obj = json.loads(entry.body)
        is_in = entry.type != "DELETED" and self._selector.matches(obj)
        was_in = entry.before is not None and self._selector.matches(json.loads(entry.before))
        if not is_in and not was_in:
            return b""
        kind = "DELETED" if not is_in else "MODIFIED" if was_in else "ADDED"
        if kind == "DELETED" and entry.type != "DELETED" and entry.before is not None:
            # It left the selection: its last state there, so that the client knows which one it was.
            version = obj["metadata"]["resourceVersion"]
            obj = json.loads(entry.before)
            obj["metadata"]["resourceVersion"] = version
        return self.event(kind, obj)

    @property
    def _accept_shapes(self) -> bool:
        return present.form(self._accept) != ""

    def event(self, kind: str, obj: Object) -> bytes:
        """A line for an object, in the form that the client asked for."""
        shown: Any = present.one(self.kind, obj, self._accept, self._query, header=self._first)
        self._first = False
        return encode({"type": kind, "object": shown}).encode() + b"\n"

    def bookmark(self, version: int, notes: Mapping[str, str] | None = None) -> bytes:
        """A line that says how far the client has come."""
        meta: Object = {"resourceVersion": str(version)}
        if notes:
            meta["annotations"] = dict(notes)
        resource = self.kind.resource
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
        if present.form(self._accept) == "Table":
            obj = present.empty_table(meta)
        return encode({"type": "BOOKMARK", "object": obj}).encode() + b"\n"


async def watch(api: Api, request: web.Request, target: Target, listing: Listing) -> web.StreamResponse:
    """Stream the changes until the client leaves, `timeoutSeconds` pass or the server stops.

    Raises:
        Refused: 400 for a selector, a version or a time that cannot be read.
    """
    if target.name:
        fields = ",".join(filter(None, (listing.fields, f"metadata.name={target.name}")))
        listing = replace(listing, fields=fields)
    selector = selectors.parse(target.kind.resource, listing.labels, listing.fields)
    stream = _Stream(target.kind, selector, listing.namespace, request)
    since = _version(request.query.get("resourceVersion", ""))
    seconds = _seconds(request.query.get("timeoutSeconds", ""))
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache"})
    await response.prepare(request)
    queue: asyncio.Queue[Entry | None] = asyncio.Queue()
    request.config_dict[WATCHES].add(queue)
    try:
        with api.store.lock:  # Nothing may change between what there is and the first change that is heard.
            first = _initial(api, stream, listing, since, request)
            version = since or api.store.version
            heard = _heard(api, target.kind, queue, since)
        with heard:
            if first:
                await response.write(first)
            await _pump(response, request, queue, stream, version, seconds)
    except Refused as refused:
        await response.write(encode({"type": "ERROR", "object": refusals.status(refused)}).encode() + b"\n")
    except ConnectionError:
        pass  # the client left
    finally:
        request.config_dict[WATCHES].discard(queue)
    return response


def _heard(api: Api, kind: Type, queue: "asyncio.Queue[Entry | None]", since: int | None) -> ExitStack:
    """Put the changes of a type into the queue from now on, those after `since` first; until it is closed.

    Raises:
        Refused: 410, changes after `since` are no longer known.
    """
    loop = asyncio.get_running_loop()

    def hear(entry: Entry) -> None:
        if entry.key == kind.key:
            loop.call_soon_threadsafe(queue.put_nowait, entry)

    ended = ExitStack()
    ended.callback(api.store.listen(hear, since))
    return ended


def _version(text: str) -> int | None:
    """The version to resume from; None: begin with everything that there is."""
    if text in ("", "0"):
        return None
    if not text.isdecimal():
        raise refusals.bad(f'resourceVersion: Invalid value: "{text}": it is not a version of this server')
    return int(text)


def _seconds(text: str) -> float:
    """How long the watch may last."""
    if text and not text.isdecimal():
        raise refusals.bad(f'timeoutSeconds: Invalid value: "{text}": it is not a number of seconds')
    return float(text or 0) or LONGEST


def _initial(api: Api, stream: _Stream, listing: Listing, since: int | None, request: web.Request) -> bytes:
    wants = request.query.get("sendInitialEvents") == "true"
    if since is not None and not wants:
        return b""
    page = api.page(stream.kind.resource, replace(listing, limit=0, token=""))
    lines = [stream.event("ADDED", json.loads(text)) for text in page.texts]
    if wants:
        lines.append(stream.bookmark(page.version, {"k8s.io/initial-events-end": "true"}))
    return b"".join(lines)


async def _pump(
    response: web.StreamResponse,
    request: web.Request,
    queue: asyncio.Queue[Entry | None],
    stream: _Stream,
    version: int,
    seconds: float,
) -> None:
    """Write what comes until there is a reason to end, one of them that `seconds` have passed."""
    loop = asyncio.get_running_loop()
    deadline, marked = loop.time() + seconds, loop.time()
    marks = request.query.get("allowWatchBookmarks") in ("true", "1")
    while queue.qsize() < QUEUE and (left := deadline - loop.time()) > 0:
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
