"""A container's output and its log file, in the format of container runtimes.

Part of the supervisor, so it uses only the standard library.
"""

import contextlib
import os
import time

PARTIAL = 16384
"""Bytes after which a line without end is written as partial (P), as container runtimes do."""
CHUNK = 262144
UNFINISHED = 4096
"""Bytes of the end of an unfinished line that are shown before it is whole."""
ROOM = 200
"""Bytes reserved for the message about lost output."""
QUICK, PAUSE = 0.02, 0.1
"""Seconds after which an unfinished line is shown, and between two looks at it."""


class Lost:
    """Counts output that was lost to a full disk, in the file `lost` until the log can say it.

    The file's space is reserved beforehand, since it is needed when the disk is full.
    """

    def __init__(self) -> None:
        self.lines = self.bytes = 0
        self.why = ""
        self.fd = -1
        with contextlib.suppress(OSError):
            self.fd = os.open("lost", os.O_WRONLY | os.O_CREAT, 0o600)
            self._keep()

    def __bool__(self) -> bool:
        return bool(self.lines or self.bytes)

    @property
    def text(self) -> str:
        """The message about the loss; it does not begin with a time as other lines do."""
        lines = "1 line" if self.lines == 1 else f"{self.lines} lines"
        return f"output is missing here, {lines} ({self.bytes} bytes): {self.why}"

    def add(self, lines: int, size: int) -> None:
        """Count lost output; negative numbers are what the log has reported."""
        self.lines += lines
        self.bytes += size
        self._keep()

    def _keep(self) -> None:
        with contextlib.suppress(OSError):
            os.pwrite(self.fd, (self.text if self else "").encode().ljust(ROOM) + b"\n", 0)

    def close(self) -> None:
        """Remove the file if nothing was lost."""
        with contextlib.suppress(OSError):
            os.close(self.fd)
            if not self:
                os.unlink("lost")


class Log:
    """The container's log; never raises, since a full disk must not end the container.

    Lost output is counted, and reported in the log by a line of the stream `node` once there is room. A
    truncated line is completed first, so that readers never see half a line.
    """

    def __init__(self, path: str, limit: int, files: int) -> None:
        self.path = path
        self.limit = limit
        self.files = files
        self.last = 0
        self.lost = Lost()
        self.cut = b""
        self.told = (0, 0)
        self.fd = self._open()
        self.size = os.fstat(self.fd).st_size
        self.shown = b""

    def show(self, stream: bytes, text: bytes) -> None:
        """Keep what there is of a stream's unfinished line in the file `unfinished`; b"" removes it."""
        with contextlib.suppress(OSError):
            if text:
                with open("unfinished.new", "wb", opener=_private) as file:
                    file.write(text[-UNFINISHED:])
                os.rename("unfinished.new", "unfinished")
                self.shown = stream
            elif self.shown == stream:
                os.unlink("unfinished")
                self.shown = b""

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, lines: list[bytes], stream: bytes, tag: bytes = b"F") -> None:
        """Append lines (without line ends), each with its own time."""
        data = self._stamped(lines, stream, tag)
        left = data
        if not (self.cut or self.lost) or self._settle():
            if self.size and self.size + len(data) > self.limit:
                with contextlib.suppress(OSError):
                    self._rotate()
            left = self._append(data)
        if left:
            self._lose(data, left, lines, tag)

    def _stamped(self, lines: list[bytes], stream: bytes, tag: bytes) -> bytes:
        stamp, nanos = self._stamps(len(lines))
        form = b"%b.%%09dZ %b %b %%b\n" % (stamp, stream, tag)
        return b"".join([form % pair for pair in zip(range(nanos, nanos + len(lines)), lines, strict=True)])

    def _append(self, data: bytes) -> bytes:
        """Write as much as the disk takes, and return the rest."""
        view = memoryview(data)
        try:
            while view:
                done = os.write(self.fd, view)
                self.size += done
                view = view[done:]
        except OSError as error:
            self.lost.why = os.strerror(error.errno or 0)
        return bytes(view)

    def _lose(self, data: bytes, left: bytes, lines: list[bytes], tag: bytes) -> None:
        """Count the lines that were not written, and keep the rest of one that was cut short."""
        written = data[: len(data) - len(left)]
        if written and not written.endswith(b"\n"):
            self.cut = left[: left.index(b"\n") + 1]
        gone = lines[written.count(b"\n") + bool(self.cut) :] if written else lines
        if gone:
            self.lost.add(len(gone) if tag == b"F" else 0, sum(map(len, gone)))

    def _settle(self) -> bool:
        """After a loss, complete the line that was cut short and report the rest; False if still full."""
        fresh = not self.cut
        if fresh:
            self.cut = self._stamped([self.lost.text.encode()], b"node", b"F")
            self.told = (self.lost.lines, self.lost.bytes)
        whole, self.cut = self.cut, self._append(self.cut)
        if fresh and self.cut == whole:  # not begun, so that it can report more the next time
            self.cut, self.told = b"", (0, 0)
            return False
        if not self.cut and any(self.told):
            self.lost.add(-self.told[0], -self.told[1])
            self.told = (0, 0)
        return not self.cut and (not self.lost or self._settle())

    def close(self) -> None:
        """Report the last losses, in the log or beside it."""
        if (self.cut or self.lost) and not self._settle() and self.cut and not any(self.told):
            self.lost.add(1, len(self.cut) - 1)
        self.lost.close()

    def _stamps(self, count: int) -> tuple[bytes, int]:
        first = max(time.time_ns(), self.last + 1)
        second, nanos = divmod(first, 10**9)
        if nanos + count > 10**9:  # the batch's times must share one second, so it starts with the next
            second, nanos = second + 1, 0
        self.last = second * 10**9 + nanos + count - 1
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode(), nanos

    def _rotate(self) -> None:
        # First, as there may be no room for it.
        fd = os.open(f"{self.path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            for number in range(self.files - 1, 0, -1):
                older = f"{self.path}.{number - 1}" if number > 1 else self.path
                with contextlib.suppress(FileNotFoundError):
                    os.rename(older, f"{self.path}.{number}")
            os.rename(f"{self.path}.new", self.path)
            os.dup2(fd, self.fd)
        finally:
            os.close(fd)
        self.size = 0


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Output:
    """One output stream of the command, cut into lines."""

    def __init__(self, fd: int, stream: bytes, log: Log) -> None:
        self.fd = fd
        self.stream = stream
        self.log = log
        self.rest = b""
        self.due = 0.0
        self._shown = 0.0
        os.set_blocking(fd, False)

    def read(self) -> bool:
        """Read what is available; False at the end of the stream."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # a terminal whose other side is closed returns EIO
            data = b""
        if data:
            self._split(data)
        return bool(data)

    def _split(self, data: bytes) -> None:
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        if lines:  # before the line is written completely, so that nobody sees both
            self.log.show(self.stream, b"")
        if any(len(line) > PARTIAL for line in lines):
            for line in lines:
                self._long(line)
        elif lines:
            self.log.write(lines, self.stream)
        while len(self.rest) > PARTIAL:
            self.log.write([self.rest[:PARTIAL]], self.stream, b"P")
            self.rest = self.rest[PARTIAL:]
        if self.rest:
            self.due = self.due or max(time.monotonic() + QUICK, self._shown + PAUSE)

    def show(self) -> None:
        """Publish the unfinished line if there is one and it is due."""
        if self.due and time.monotonic() >= self.due:
            self.due, self._shown = 0.0, time.monotonic()
            if self.rest:
                self.log.show(self.stream, self.rest)

    def _long(self, line: bytes) -> None:
        while len(line) > PARTIAL:
            self.log.write([line[:PARTIAL]], self.stream, b"P")
            line = line[PARTIAL:]
        self.log.write([line], self.stream)

    def close(self) -> None:
        """Read the rest of the pipe; text without a line end becomes the last line."""
        for _ in range(16):  # a pipe of the largest size; more can only come from a writer that lives on
            with contextlib.suppress(OSError):
                self._split(os.read(self.fd, CHUNK))
        if self.rest:
            self.log.write([self.rest], self.stream)
            self.rest = b""
        self.log.show(self.stream, b"")
