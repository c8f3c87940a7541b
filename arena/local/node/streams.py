"""A container's output and input: its log file as container runtimes write it, and its named pipe.

Part of the supervisor, so the standard library only.
"""

import contextlib
import os
import selectors
import time

PARTIAL = 16384
"""Bytes after which a line without end is written as partial (P), as container runtimes do."""
CHUNK = 262144


class Log:
    """The container's log; never raises, since a full disk must not end the container."""

    def __init__(self, path: str, limit: int, files: int) -> None:
        self.path = path
        self.limit = limit
        self.files = files
        self.last = 0
        self.fd = self._open()
        self.size = os.fstat(self.fd).st_size

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, lines: list[bytes], stream: bytes, tag: bytes = b"F") -> None:
        """Append lines (without their ends), each with a time of its own."""
        stamp, nanos = self._stamps(len(lines))
        form = b"%b.%%09dZ %b %b %%b\n" % (stamp, stream, tag)
        data = b"".join([form % pair for pair in zip(range(nanos, nanos + len(lines)), lines, strict=True)])
        with contextlib.suppress(OSError):
            if self.size and self.size + len(data) > self.limit:
                self._rotate()
            self._append(data)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            done = os.write(self.fd, view)
            self.size += done
            view = view[done:]

    def _stamps(self, count: int) -> tuple[bytes, int]:
        first = max(time.time_ns(), self.last + 1)
        second, nanos = divmod(first, 10**9)
        if nanos + count > 10**9:  # the batch's times must share one second, so it starts with the next
            second, nanos = second + 1, 0
        self.last = second * 10**9 + nanos + count - 1
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode(), nanos

    def _rotate(self) -> None:
        for number in range(self.files - 1, 0, -1):
            older = f"{self.path}.{number - 1}" if number > 1 else self.path
            with contextlib.suppress(FileNotFoundError):
                os.rename(older, f"{self.path}.{number}")
        fd = self._open()
        os.dup2(fd, self.fd)
        os.close(fd)
        self.size = 0


class Output:
    """One output stream of the command, cut into lines."""

    def __init__(self, fd: int, stream: bytes, log: Log) -> None:
        self.fd = fd
        self.stream = stream
        self.log = log
        self.rest = b""
        os.set_blocking(fd, False)

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # a terminal whose other side is closed answers EIO
            data = b""
        if data:
            self._split(data)
        return bool(data)

    def _split(self, data: bytes) -> None:
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        if any(len(line) > PARTIAL for line in lines):
            for line in lines:
                self._long(line)
        elif lines:
            self.log.write(lines, self.stream)
        while len(self.rest) > PARTIAL:
            self.log.write([self.rest[:PARTIAL]], self.stream, b"P")
            self.rest = self.rest[PARTIAL:]

    def _long(self, line: bytes) -> None:
        while len(line) > PARTIAL:
            self.log.write([line[:PARTIAL]], self.stream, b"P")
            line = line[PARTIAL:]
        self.log.write([line], self.stream)

    def close(self) -> None:
        """Take what the pipe still holds; what is left without line end becomes the last line."""
        for _ in range(16):  # a pipe of the largest size; more can only come from a writer that lives on
            with contextlib.suppress(OSError):
                self._split(os.read(self.fd, CHUNK))
        if self.rest:
            self.log.write([self.rest], self.stream)
            self.rest = b""


class Input:
    """Feeds the command's standard input from the named pipe, client after client.

    It reads no more than the command takes, so a slow command slows its client and not the supervisor.
    """

    def __init__(self, path: str, target: int, once: bool, terminal: bool) -> None:
        self.path = path
        self.target = os.dup(target)  # a terminal's descriptor is watched for its output already
        self.once = once
        self.terminal = terminal
        self.rest = b""
        self.fd = self._open()
        os.set_blocking(self.target, False)
        if not terminal:
            os.close(target)

    def _open(self) -> int:
        return os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def begin(self, selector: selectors.BaseSelector) -> None:
        """Wait for what a client writes."""
        selector.register(self.fd, selectors.EVENT_READ, self)

    def ready(self, selector: selectors.BaseSelector) -> None:
        """Take what a client wrote, or hand on what was taken."""
        if self.rest:
            self._write(selector)
            return
        try:
            self.rest = os.read(self.fd, CHUNK)
        except BlockingIOError:  # the last client left, and the next came before we looked
            return
        selector.unregister(self.fd)
        if self.rest:
            selector.register(self.target, selectors.EVENT_WRITE, self)
        else:
            self._left(selector)

    def _left(self, selector: selectors.BaseSelector) -> None:
        """A client left: wait for the next one, or end the command's input."""
        left = self.fd
        if not self.once:
            self.fd = self._open()  # before the other is closed: a pipe that nobody reads refuses clients
            os.close(left)
            self.begin(selector)
            return
        os.close(left)
        if self.terminal:
            with contextlib.suppress(OSError):
                os.write(self.target, b"\x04")
        os.close(self.target)

    def _write(self, selector: selectors.BaseSelector) -> None:
        try:
            self.rest = self.rest[os.write(self.target, self.rest) :]
        except BlockingIOError:
            return
        except OSError:  # the command closed its input, so its clients shall see a broken pipe
            selector.unregister(self.target)
            os.close(self.target)
            os.close(self.fd)
            return
        if not self.rest:
            selector.unregister(self.target)
            self.begin(selector)
