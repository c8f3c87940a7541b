"""Reads a container's log: `<RFC 3339 with nanoseconds> stdout|stderr F|P <text>` a line.

A `Cursor` returns whole lines in order, across rotated files (`log.2`, `log.1`, `log`) and while the file
grows; a `Text` turns them into the program's output. This module uses files only, no network.
"""

import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

CHUNK = 1 << 18
"""Bytes read at once: about 2,500 lines."""
BLOCK = 1 << 16
NODE = b"Z node F "
"""The stream of lines that report lost output."""

_FULL = re.compile(rb"(?m)^(\S+ )\S+ F ")
_LINE = re.compile(rb"(?m)^(\S+ )(\S+) ([FP])\S* (.*\n)")


class Cursor:
    """A position in a log.

    Args:
        path: the newest file.
        tail: start this number of lines before the end; None to start at the beginning.
        since: start at the first line of this time (as written in the log) or later.
    """

    def __init__(self, path: Path, tail: int | None = None, since: bytes = b"") -> None:
        self.path = path
        self._rest = b""
        files = self._files()
        start = max(_tail(files, tail), _since(files, since))
        self._fd = files[start[0]] if files else os.open(os.devnull, os.O_RDONLY)
        os.lseek(self._fd, start[1], os.SEEK_SET)
        for fd in files:
            if fd != self._fd:
                os.close(fd)

    def read(self) -> bytes:
        """The next whole lines; b"" if there are none yet."""
        while True:
            data = os.read(self._fd, CHUNK) or self._onward()
            if not data:
                return b""
            lines, end, self._rest = (self._rest + data).rpartition(b"\n")
            if end:
                return lines + end

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _onward(self) -> bytes:
        """At the end of a file, read what was added before its rotation, or open the next file."""
        ours = _identity(self._fd)
        try:
            stat = os.stat(self.path)
        except FileNotFoundError:
            return b""
        if (stat.st_dev, stat.st_ino) == ours:
            return b""
        if data := os.read(self._fd, CHUNK):
            return data
        files = self._files()
        # If ours is already deleted, the oldest remaining one comes next.
        place = next((n for n, fd in enumerate(files) if _identity(fd) == ours), -1)
        if place + 1 < len(files):
            os.close(self._fd)
            self._fd, self._rest = files.pop(place + 1), b""
        for fd in files:
            os.close(fd)
        return os.read(self._fd, CHUNK)

    def _files(self) -> list[int]:
        """The log's files, opened, oldest first."""
        found: dict[tuple[int, int], int] = {}
        # From new to old: a rotation in between shows a file twice, but hides none.
        for path in (self.path, Path(f"{self.path}.1"), Path(f"{self.path}.2")):
            try:
                fd = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            if found.setdefault(_identity(fd), fd) != fd:
                os.close(fd)
        return list(reversed(found.values()))


class Unfinished:
    """The unfinished line of a program: the file `unfinished` beside its log.

    Args:
        path: the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name("unfinished")
        self._seen: tuple[int, int] | None = None

    def read(self) -> bytes:
        """The end of the text if it has changed since the last call; else b""."""
        try:
            found = os.stat(self._path)
            seen = found.st_ino, found.st_mtime_ns
            if seen == self._seen:
                return b""
            self._seen = seen
            return self._path.read_bytes().replace(b"\n", b"")
        except FileNotFoundError:
            return b""

    def again(self) -> None:
        """Return the same text once more, because lines of another stream came in between."""
        self._seen = None


class Losses:
    """The node's record of lost output, until the log reports it."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name("lost")
        self._begun = False

    def begun(self) -> bytes:
        """A log line that reports once, while the container runs, that output is being lost."""
        said = self._read()
        first, self._begun = bool(said) and not self._begun, bool(said)
        return _line(f"output is being lost: {said.rpartition(': ')[2]}") if first else b""

    def all(self) -> bytes:
        """A line that reports at the end of the log how much was lost; b"" if nothing was."""
        said = self._read()
        return _line(said) if said else b""

    def _read(self) -> str:
        try:
            return self._path.read_text("utf-8", "replace").strip()
        except OSError:
            return ""


def _line(text: str) -> bytes:
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}000".encode() + NODE + text.encode() + b"\n"


class Text:
    """Turns lines of the log into the program's output.

    A line in several parts is joined, with the time of its last part: lines of the other stream may be in
    between.

    Args:
        stamps: begin each line with its time.
    """

    def __init__(self, stamps: bool = False) -> None:
        self._stamps = stamps
        self._parts: dict[bytes, list[bytes]] = {}

    def render(self, lines: bytes) -> bytes:
        """The text of whole lines of the log."""
        if not self._parts and b" P " not in lines and NODE not in lines:
            return _FULL.sub(rb"\1" if self._stamps else b"", lines)
        return b"".join(self._joined(lines))

    def end(self) -> bytes:
        """Parts of lines without an end, as after the program was killed."""
        return b"".join(b"".join(parts) + b"\n" for parts in self._parts.values())

    def _joined(self, lines: bytes) -> Iterator[bytes]:
        for stamp, stream, tag, text in split(lines):
            time = stamp if self._stamps else b""
            if stream == b"node":
                # Without a time, so that clients can distinguish it from the program's output.
                yield self.end() + text
                self._parts.clear()
                continue
            if tag == b"P":
                self._parts.setdefault(stream, [time]).append(text[:-1])
                continue
            yield time
            yield from self._parts.pop(stream, [b""])[1:]
            yield text


def split(lines: bytes) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """(time and a space, stream, F or P, text with its line end) of each line of the log."""
    for match in _LINE.finditer(lines):
        stamp, stream, tag, text = match.groups()
        yield stamp, stream, tag, text


def _identity(fd: int) -> tuple[int, int]:
    stat = os.fstat(fd)
    return stat.st_dev, stat.st_ino


def _tail(files: list[int], count: int | None) -> tuple[int, int]:
    """(file, offset) where the last `count` lines begin."""
    if count is None:
        return 0, 0
    for place in range(len(files) - 1, -1, -1):
        position = os.fstat(files[place]).st_size
        while position > 0:
            size = min(BLOCK, position)
            position -= size
            block = os.pread(files[place], size, position)
            ends = block.count(b"\n")
            # The line before the wanted ones ends in this block.
            if ends > count:
                cut = len(block)
                for _ in range(count + 1):
                    cut = block.rindex(b"\n", 0, cut)
                return place, position + cut + 1
            count -= ends
    return 0, 0


def _since(files: list[int], since: bytes) -> tuple[int, int]:
    """(file, offset) of the first line that is not older; times increase and compare as text."""
    for place in range(len(files) - 1 if since else -1, -1, -1):
        first = os.pread(files[place], len(since), 0)
        if not first or first >= since:
            continue
        low, high = 0, os.fstat(files[place]).st_size
        while low < high:
            middle = (low + high) // 2
            start = _line_start(files[place], middle, high)
            if start < high and os.pread(files[place], len(since), start) < since:
                low = start + 1
            else:
                high = middle
        size = os.fstat(files[place]).st_size
        return place, _line_start(files[place], low, size)
    return 0, 0


def _line_start(fd: int, offset: int, size: int) -> int:
    """The first line that starts at or after an offset; `size` if there is none."""
    if offset == 0:
        return 0
    position = offset - 1
    while position < size:
        block = os.pread(fd, BLOCK, position)
        if (found := block.find(b"\n")) >= 0:
            return min(position + found + 1, size)
        position += len(block) or size
    return size
