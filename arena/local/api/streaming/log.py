"""GET pods/{name}/log: the output of a container from a position on, optionally followed."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from aiohttp import web

from arena.digits import whole
from arena.local.api.refusals import bad
from arena.local.api.streaming.crilog import Cursor, Losses, Text, Unfinished
from arena.local.api.streaming.target import Target, target, waiting
from arena.local.objects import Objects
from arena.local.runtime import Runtime

SHORTEST, LONGEST = 0.002, 0.016
"""Seconds between two checks of a log that does not grow: soon after its last line, and later."""
AGES = 10**9
"""Maximum age of a log in seconds: 31 years."""

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
    unfinished: bool
    """arena's own parameter: whether to include unfinished lines."""

    @classmethod
    def of(cls, request: web.Request, now: datetime) -> "Query":
        """Parse the parameters.

        Raises:
            Refused: 400 if one is invalid.
        """
        given = request.query
        seconds = number(request, "sinceSeconds", 1)
        if seconds is not None and "sinceTime" in given:
            raise bad("at most one of `sinceTime` or `sinceSeconds` may be specified")
        since = _ago(now, seconds) if seconds else _time(given.get("sinceTime", ""))
        return cls(
            follow=flag(request, "follow"),
            previous=flag(request, "previous"),
            stamps=flag(request, "timestamps"),
            tail=number(request, "tailLines", 0),
            since=since,
            limit=number(request, "limitBytes", 1),
            unfinished=flag(request, "unfinishedLines"),
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
    return await answer(request, query, path, going(request, runtime, found, path))


async def answer(
    request: web.Request, query: Query, path: Path | None, more: Callable[[], bool]
) -> web.StreamResponse:
    """Send the log at a path, if there is one; if it is followed, as long as `more` may come."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    if path is None:
        return response
    cursor = Cursor(path, query.tail, query.since)
    try:
        asked = query.unfinished and query.stamps
        more = more if query.follow else lambda: False
        lines = follow(cursor, more, Unfinished(path) if asked else None)
        await _send(response, query, lines)
    except ConnectionError:
        pass  # the client left
    finally:
        cursor.close()
    return response


async def follow(
    cursor: Cursor, running: Callable[[], bool], unfinished: Unfinished | None = None
) -> AsyncIterator[bytes]:
    """Yield whole lines of a log until its end, after `running` returned False, and what was lost there.

    In between, marked by a tab, comes the `unfinished` line.
    """
    pause, losses = SHORTEST, Losses(cursor.path)
    while True:
        # Checked first, so that output before the end is read below.
        more = running()
        while lines := cursor.read():
            pause = SHORTEST
            yield lines
            if unfinished:
                unfinished.again()
            await asyncio.sleep(0)
        if not more:
            if lost := losses.all():
                yield lost
            if unfinished and (text := unfinished.read()):
                yield b"\t" + text
            return
        if lost := losses.begun():
            yield lost
        if unfinished and (text := unfinished.read()):
            pause = SHORTEST
            yield b"\t" + text
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST)


def going(request: web.Request, runtime: Runtime, found: Target, path: Path | None) -> Callable[[], bool]:
    """A function that returns whether more may come: the client listens and the run continues."""

    def more() -> bool:
        gone = request.transport is None or request.transport.is_closing()
        here = runtime.running(found.uid, found.container)
        return not gone and here and runtime.log(found.uid, found.container) == path

    return more


def flag(request: web.Request, name: str) -> bool:
    """The value of a boolean query parameter."""
    return request.query.get(name, "").lower() in ("true", "1", "t")


async def _send(response: web.StreamResponse, query: Query, lines: AsyncIterator[bytes]) -> None:
    text = Text(query.stamps)
    left = query.limit
    async for chunk in lines:
        whole = chunk[:1] != b"\t"
        data = text.render(chunk) if whole else _stamp(datetime.now(timezone.utc)) + chunk + b"\n"
        if left is not None:
            data = data[:left]
            left -= len(data)
        if data:
            await response.write(data)
        if left == 0:
            return
    if rest := text.end():
        await response.write(rest[:left])


def _refuse(found: Target, previous: bool) -> None:
    """Refuse with the reason why there is no log; a pod without a node has an empty log."""
    name = found.pod["metadata"]["name"]
    if previous:
        raise bad(f'previous terminated container "{found.container}" in pod "{name}" not found')
    over = found.pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if found.pod["spec"].get("nodeName") and not over:
        why = waiting(found)
        raise bad(f'container "{found.container}" in pod "{name}" is waiting to start: {why}')


def number(request: web.Request, name: str, least: int) -> int | None:
    """A number parameter with a minimum; None if it is not given; raises Refused 400 if it is invalid."""
    text = request.query.get(name)
    if text is None:
        return None
    found = whole(text)
    if found is None or found < least:
        raise bad(f"{name}: must be a number of at least {least}, not {text[:100]!r}")
    return found


def _ago(now: datetime, seconds: int) -> bytes:
    return _stamp(now - timedelta(seconds=min(seconds, AGES)))


def _time(text: str) -> bytes:
    """A time in the format of the log, with nanoseconds."""
    if not text:
        return b""
    match = _RFC3339.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        moment = datetime.fromisoformat(match[1] + match[3].upper().replace("Z", "+00:00"))
        return _stamp(moment, (match[2] or "").ljust(9, "0")[:9])
    except (ValueError, OverflowError):
        raise bad(f"sinceTime: {text!r} is not a time as in RFC 3339") from None


def _stamp(moment: datetime, nanoseconds: str = "") -> bytes:
    text = moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{text}.{nanoseconds or f'{moment.microsecond:06}000'}Z".encode()
