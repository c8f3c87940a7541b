"""pods/{name}/exec: one more process in the environment of a running container.

The process ends when its client leaves.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import termios
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from arena.local.api.refusals import bad
from arena.local.api.streaming.log import flag
from arena.local.api.streaming.sessions import Session, accept
from arena.local.api.streaming.target import placed, target
from arena.local.api.streaming.websocket import CLOSE, RESIZE, STDERR, STDIN, STDOUT, ending
from arena.local.objects import Objects
from arena.local.runtime import ExecSpec, Runtime

CHUNK = 1 << 16
DRAIN = 0.2
"""Seconds to wait for output after the command ended, for children that hold the pipe."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(slots=True)
class Running:
    """A started process and the server's ends of its streams."""

    process: Process
    stdin: asyncio.StreamWriter | None
    outputs: dict[int, asyncio.StreamReader]
    """By channel."""
    transports: list[asyncio.BaseTransport]
    terminal: int | None = None

    def close_input(self) -> None:
        """End the process's input; on a terminal, send the end-of-file character."""
        if self.stdin and self.terminal is not None:
            self.stdin.write(b"\x04")
        elif self.stdin:
            self.stdin.close()

    async def close(self) -> None:
        """Close the streams, and end a process without listeners."""
        try:
            if self.process.returncode is None:
                self._signal(signal.SIGTERM if self.terminal is None else signal.SIGHUP)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.process.wait(), GRACE)
                self._signal(signal.SIGKILL)
        finally:
            for transport in self.transports:
                transport.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class _UpToTheEnd(asyncio.StreamReaderProtocol):
    """A terminal whose other side is closed returns an error, which must not hide earlier output."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end, with or without an error."""
        super().connection_lost(None)


async def run(request: web.Request, api: Objects, runtime: Runtime) -> web.StreamResponse:
    """Start the command, connect it to the client, and send its exit code.

    Raises:
        Refused: 404, 400.
    """
    found = target(api, request)
    placed(found)
    command = request.query.getall("command", [])
    if not command:
        raise bad("you must specify at least 1 command")
    if any("\0" in word for word in command):
        raise bad("a command cannot hold the character NUL")
    spec = runtime.exec_spec(found.uid, found.container, command)
    if spec is None:
        raise bad(f'container "{found.container}" of pod "{found.pod["metadata"]["name"]}" is not running')
    channels = await accept(request)
    with contextlib.suppress(ConnectionError):
        try:
            started = await start(spec, flag(request, "stdin"), flag(request, "tty"))
        except OSError as error:
            code = 127 if isinstance(error, FileNotFoundError) else 126
            await channels.send(STDERR, f"{command[0]}: {error.strerror}\n".encode())
            await channels.finish(ending(code))
            return channels.response
        await _serve(channels, started)
    return channels.response


def resize(terminal: int, data: bytes) -> None:
    """Set the size of a terminal from a client's message; invalid messages are ignored."""
    with contextlib.suppress(ValueError, KeyError, TypeError, struct.error, OSError):
        size = json.loads(data)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))


async def start(spec: ExecSpec, stdin: bool, tty: bool) -> Running:
    """Start a process as the leader of a new session.

    Raises:
        OSError: the command or its folder cannot be used.
    """
    return await (_start_on_terminal(spec) if tty else _start_on_pipes(spec, stdin))


async def _start_on_pipes(spec: ExecSpec, stdin: bool) -> Running:
    # Own pipes, because those of asyncio stay open as long as any grandchild holds them.
    pairs = [os.pipe() for _ in range(3 if stdin else 2)]
    out, err = pairs[0], pairs[1]
    theirs = [out[1], err[1], *(pair[0] for pair in pairs[2:])]
    try:
        process = await asyncio.create_subprocess_exec(
            *spec.argv, env=spec.env, start_new_session=True,
            stdin=theirs[2] if stdin else DEVNULL, stdout=out[1], stderr=err[1],
        )  # fmt: skip
    except OSError:
        for fd in (out[0], err[0], *(pair[1] for pair in pairs[2:])):
            os.close(fd)
        raise
    finally:
        for fd in theirs:
            os.close(fd)
    stdout, one = await reader(out[0])
    stderr, two = await reader(err[0])
    feed = await writer(pairs[2][1]) if stdin else None
    transports = [one, two, *([feed.transport] if feed else [])]
    return Running(process, feed, {STDOUT: stdout, STDERR: stderr}, transports)


async def _start_on_terminal(spec: ExecSpec) -> Running:
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *spec.argv, env=spec.env, start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    feed = await writer(os.dup(ours))
    stdout, transport = await reader(ours)
    return Running(process, feed, {STDOUT: stdout}, [transport, feed.transport], ours)


async def reader(fd: int) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    """A descriptor as a stream; closing the transport closes it."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: _UpToTheEnd(stream), os.fdopen(fd, "rb", 0))
    return stream, transport


async def writer(fd: int) -> asyncio.StreamWriter:
    """A descriptor as a stream to write to; closing the stream closes it."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(fd, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _serve(channels: Session, running: Running) -> None:
    """Transfer data until the process ends, or end it when the client leaves."""
    feed = asyncio.ensure_future(_feed(channels, running))
    work = asyncio.ensure_future(_drain(channels, running))
    try:
        both: list[asyncio.Future[Any]] = [feed, work]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await channels.finish(ending(work.result()))
    finally:
        work.cancel()
        feed.cancel()
        # When the client leaves, this handler is cancelled, but ending the process must not be.
        await asyncio.shield(asyncio.ensure_future(running.close()))
        await asyncio.gather(work, feed, return_exceptions=True)


async def _feed(channels: Session, running: Running) -> None:
    """Pass on what the client sends until it leaves."""
    while message := await channels.receive():
        channel, data = message
        if channel == RESIZE:
            if running.terminal is not None:
                resize(running.terminal, data)
        elif message == (CLOSE, bytes((STDIN,))):
            running.close_input()
        elif running.stdin and channel == STDIN and not running.stdin.is_closing():
            # The command may have closed its input and continue without it.
            with contextlib.suppress(ConnectionError):
                running.stdin.write(data)
                await running.stdin.drain()


async def _drain(channels: Session, running: Running) -> int:
    """Pass on all output; return the exit code, 128 + the number for a signal."""
    ended = asyncio.ensure_future(running.process.wait())
    pumps = [_pump(channels, *output, ended) for output in running.outputs.items()]
    try:
        await asyncio.gather(*pumps)
        code = await ended
    finally:
        ended.cancel()
    return code if code >= 0 else 128 - code


async def _pump(
    channels: Session, channel: int, stream: asyncio.StreamReader, ended: "asyncio.Future[int]"
) -> None:
    """Pass on one stream until its end, or until it is silent after the process ended."""
    while True:
        reading = asyncio.ensure_future(stream.read(CHUNK))
        try:
            first: list[asyncio.Future[Any]] = [reading, ended]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([reading], timeout=DRAIN)
            if not reading.done():
                return
            data = reading.result()
        finally:
            reading.cancel()
        if not data:
            return
        await channels.send(channel, data)
