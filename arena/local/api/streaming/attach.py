"""pods/{name}/attach: the further output of a running container, its standard input and its terminal.

These are files (the log, a named pipe, a device), so any number of clients may come and go.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from aiohttp import web

from arena import operating_system
from arena.local.api.refusals import bad
from arena.local.api.streaming.crilog import Cursor, split
from arena.local.api.streaming.exec import resize
from arena.local.api.streaming.log import flag, follow, going
from arena.local.api.streaming.sessions import Session, accept
from arena.local.api.streaming.target import placed, target
from arena.local.api.streaming.websocket import CLOSE, RESIZE, STDERR, STDIN, STDOUT, ending
from arena.local.objects import Objects
from arena.local.runtime import Runtime
from arena.tuples import NamedTuple

AGAIN = 0.01
"""Seconds until a full pipe is tried again where the system does not tell that it can be written."""


class _PipeWriter:
    """Our end of a container's named pipe.

    On macOS, the transport of asyncio takes a pipe that holds data for closed by its reader
    (https://github.com/python/cpython/issues/145030).

    Raises:
        OSError: nobody reads the pipe.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

    async def write(self, data: bytes) -> None:
        """Write everything, as fast as it is read; raises OSError if nobody will read it."""
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                await self._room()

    async def _room(self) -> None:
        """Wait until the pipe can be written, or has no reader."""
        if not operating_system.has_pipe_events():
            await asyncio.sleep(AGAIN)
            return
        loop, can_write = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._fd, can_write.set)
        try:
            await can_write.wait()
        finally:
            loop.remove_writer(self._fd)

    def close(self) -> None:
        """Close our end, once or more often."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


class ContainerInput(NamedTuple):
    """The container's input pipe and terminal, if it has them."""

    stdin: Path | None
    terminal: Path | None


async def attach(request: web.Request, api: Objects, runtime: Runtime) -> web.StreamResponse:
    """Connect the client to the container until the container ends or the client leaves.

    Raises:
        Refused: 404, 400.
    """
    found = target(api, request)
    placed(found)
    path = runtime.log(found.uid, found.container)
    if path is None or not runtime.running(found.uid, found.container):
        raise bad(f'container "{found.container}" of pod "{found.pod["metadata"]["name"]}" is not running')
    stdin = runtime.stdin(found.uid, found.container) if flag(request, "stdin") else None
    terminal = runtime.terminal(found.uid, found.container) if flag(request, "tty") else None
    cursor = Cursor(path, tail=0)
    try:
        channels = await accept(request)
        more = going(request, runtime, found, path)
        await _serve(channels, cursor, more, ContainerInput(stdin, terminal))
    finally:
        cursor.close()
    return channels.response


async def _serve(channels: Session, cursor: Cursor, more: Callable[[], bool], ends: ContainerInput) -> None:
    reader = asyncio.ensure_future(_feed(channels, ends))
    show = asyncio.ensure_future(_show(channels, cursor, more))
    try:
        await asyncio.wait([reader, show], return_when=asyncio.FIRST_COMPLETED)
        if show.done() and not show.exception():
            await channels.finish(ending(0))
    except ConnectionError:
        return  # the client left
    finally:
        reader.cancel()
        show.cancel()
        await asyncio.gather(reader, show, return_exceptions=True)


def _resize(terminal: Path | None, data: bytes) -> None:
    with contextlib.suppress(OSError):  # its last user has just ended
        if terminal is not None:
            fd = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
            with os.fdopen(fd):
                resize(fd, data)


async def _show(channels: Session, cursor: Cursor, more: Callable[[], bool]) -> None:
    """Send further output, each stream to its channel, until the container ends."""
    async for lines in follow(cursor, more):
        for stream, parts in groupby(split(lines), key=lambda part: part[1]):
            data = b"".join(text[:-1] if tag == b"P" else text for _, _, tag, text in parts)
            await channels.send(STDOUT if stream == b"stdout" else STDERR, data)


async def _feed(channels: Session, ends: ContainerInput) -> None:
    """Pass on the client's input and window size until it leaves."""
    # The client's end of input closes our end of the pipe, which the supervisor handles.
    stdin = None
    with contextlib.suppress(OSError):  # the command's input was closed for good, so only output follows
        stdin = _PipeWriter(ends.stdin) if ends.stdin else None
    try:
        while message := await channels.receive():
            channel, data = message
            if channel == RESIZE:
                _resize(ends.terminal, data)
            elif stdin and message == (CLOSE, bytes((STDIN,))):
                stdin.close()
            elif stdin and channel == STDIN:
                with contextlib.suppress(OSError):  # closed by either side, so nobody reads it
                    await stdin.write(data)
    finally:
        if stdin:
            stdin.close()
