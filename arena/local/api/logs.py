"""GET pods/{name}/log: what a container wrote, from its beginning, its end or a time on, and as it goes."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from aiohttp import web

from arena.local.api.crilog import Cursor, Text
from arena.local.api.refusals import bad
from arena.local.api.targets import Target, target, waiting
from arena.local.objects import Objects
from arena.local.runtime import Runtime

SHORTEST, LONGEST = 0.002, 0.016
"""Seconds between two looks at a log that does not grow: soon after its last line, and later."""
AGES = 10**9
"""Seconds before which there was no log: 31 years."""

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([zZ]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request for a log."""

    follow: bool
    previous: bool
    stamps: bool
    tail: int | None
    since: bytes
    limit: int | None

    @classmethod
    def of(cls, request: web.Request, now: datetime) -> "Query":
        """Read them.

        Raises:
            Refused: 400, one is not what it should be.
        """
        given = request.query
        seconds = _number(request, "sinceSeconds", 1)
        if seconds is not None and "sinceTime" in given:
            raise bad("at most one of `sinceTime` or `sinceSeconds` may be specified")
        since = _ago(now, seconds) if seconds else _time(given.get("sinceTime", ""))
        return cls(
            follow=flag(request, "follow"),
            previous=flag(request, "previous"),
            stamps=flag(request, "timestamps"),
            tail=_number(request, "tailLines", 0),
            since=since,
            limit=_number(request, "limitBytes", 1),
        )


async def log(request: web.Request, api: Objects, runtime: Runtime) -> web.StreamResponse:
    """Answer with the log as plain text.

    Raises:
        Refused: 404, 400.
    """
    query = Query.of(request, datetime.now(timezone.utc))
    found = target(api, request)
    path = runtime.log(found.uid, found.container, query.previous)
    if path is None:
        _refuse(found, query.previous)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    if path is None:
        return response
    cursor = Cursor(path, query.tail, query.since)
    try:
        running = going(request, runtime, found) if query.follow and not query.previous else lambda: False
        await _send(response, query, follow(cursor, running))
    except ConnectionError:
        pass  # the client left
    finally:
        cursor.close()
    return response


async def follow(cursor: Cursor, running: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Whole lines of a log until its end, which comes after `running` said no."""
    pause = SHORTEST
    while True:
        # Asked first: what was written before the end is then read below.
        more = running()
        while lines := cursor.read():
            pause = SHORTEST
            yield lines
            await asyncio.sleep(0)
        if not more:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST)


def going(request: web.Request, runtime: Runtime, found: Target) -> Callable[[], bool]:
    """A function that tells whether more may come: the client listens and the present run goes on."""
    path = runtime.log(found.uid, found.container)

    def more() -> bool:
        gone = request.transport is None or request.transport.is_closing()
        here = runtime.running(found.uid, found.container)
        return not gone and here and runtime.log(found.uid, found.container) == path

    return more


def flag(request: web.Request, name: str) -> bool:
    """Whether a yes-or-no parameter of the query says yes."""
    return request.query.get(name, "").lower() in ("true", "1", "t")


async def _send(response: web.StreamResponse, query: Query, lines: AsyncIterator[bytes]) -> None:
    text = Text(query.stamps)
    left = query.limit
    async for chunk in lines:
        data = text.render(chunk)
        if left is not None:
            data = data[:left]
            left -= len(data)
        await response.write(data)
        if left == 0:
            return


def _refuse(found: Target, previous: bool) -> None:
    """Say why there is no log; a pod that has no node yet merely has an empty one."""
    name = found.pod["metadata"]["name"]
    if previous:
        raise bad(f'previous terminated container "{found.container}" in pod "{name}" not found')
    over = found.pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if found.pod["spec"].get("nodeName") and not over:
        why = waiting(found)
        raise bad(f'container "{found.container}" in pod "{name}" is waiting to start: {why}')


def _number(request: web.Request, name: str, least: int) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) < least:
        raise bad(f"{name}: must be a number of at least {least}, not {text!r}")
    return int(text)


def _ago(now: datetime, seconds: int) -> bytes:
    return _stamp(now - timedelta(seconds=min(seconds, AGES)))


def _time(text: str) -> bytes:
    """A time as the log writes it, to the nanosecond."""
    if not text:
        return b""
    match = _RFC3339.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        moment = datetime.fromisoformat(match[1] + match[3].upper().replace("Z", "+00:00"))
    except ValueError:
        raise bad(f"sinceTime: {text!r} is not a time as in RFC 3339") from None
    return _stamp(moment, (match[2] or "").ljust(9, "0")[:9])


def _stamp(moment: datetime, nanoseconds: str = "") -> bytes:
    text = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanoseconds or f'{moment.microsecond:06}000'}Z".encode()
