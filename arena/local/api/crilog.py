"""Reads a container's log: `<RFC 3339 with nanoseconds> stdout|stderr F|P <text>` a line.

A `Cursor` yields whole lines in order, over rotated files (`log.2`, `log.1`, `log`) and while the
file grows; a `Text` turns them into what the program wrote. Files only, no network.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 18
"""Bytes read at once: about 2,500 lines."""
BLOCK = 1 << 16

_FULL = re.compile(rb"(?m)^(\S+ )\S+ F ")
_LINE = re.compile(rb"(?m)^(\S+ )(\S+) ([FP])\S* (.*\n)")


class Cursor:
    """A place in a log.

    Args:
        path: the newest file.
        tail: start so many lines before the end; None: at the beginning.
        since: start at the first line of this time (as written in the log) or later.
    """

    def __init__(self, path: Path, tail: int | None = None, since: bytes = b"") -> None:
        self._path = path
        self._rest = b""
        files = self._files()
        start = max(_tail(files, tail), _since(files, since))
        self._fd = files[start[0]] if files else os.open(os.devnull, os.O_RDONLY)
        os.lseek(self._fd, start[1], os.SEEK_SET)
        for fd in files:
            if fd != self._fd:
                os.close(fd)

    def read(self) -> bytes:
        """The next whole lines; b"" where there are none yet."""
        while True:
            data = os.read(self._fd, CHUNK) or self._onward()
            if not data:
                return b""
            lines, end, self._rest = (self._rest + data).rpartition(b"\n")
            if end:
                return lines + end

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    def _onward(self) -> bytes:
        """At the end of a file: what was added before it was rotated, or the start of the one after it."""
        ours = _identity(self._fd)
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            return b""
        if (stat.st_dev, stat.st_ino) == ours:
            return b""
        if data := os.read(self._fd, CHUNK):
            return data
        files = self._files()
        # Where ours is already deleted, the oldest that is left comes next.
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
        # From new to old: a rotation meanwhile shows a file twice, but hides none.
        for path in (self._path, Path(f"{self._path}.1"), Path(f"{self._path}.2")):
            try:
                fd = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            if found.setdefault(_identity(fd), fd) != fd:
                os.close(fd)
        return list(reversed(found.values()))


class Text:
    """Turns lines of the log into what the program wrote.

    Args:
        stamps: put its time before each line.
    """

    def __init__(self, stamps: bool = False) -> None:
        self._stamps = stamps
        self._within = False

    def render(self, lines: bytes) -> bytes:
        """The text of whole lines of the log; a line cut into parts is joined."""
        if not self._within and b" P " not in lines:
            return _FULL.sub(rb"\1" if self._stamps else b"", lines)
        return b"".join(self._parts(lines))

    def _parts(self, lines: bytes) -> Iterator[bytes]:
        for stamp, _, tag, text in split(lines):
            if self._stamps and not self._within:
                yield stamp
            self._within = tag == b"P"
            yield text[:-1] if self._within else text


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
            # The line before those wanted ends within this block.
            if ends > count:
                cut = len(block)
                for _ in range(count + 1):
                    cut = block.rindex(b"\n", 0, cut)
                return place, position + cut + 1
            count -= ends
    return 0, 0


def _since(files: list[int], since: bytes) -> tuple[int, int]:
    """(file, offset) of the first line that is not older; times rise and compare as text."""
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
    """The first line that starts at or after an offset; `size` where none does."""
    if offset == 0:
        return 0
    position = offset - 1
    while position < size:
        block = os.pread(fd, BLOCK, position)
        if (found := block.find(b"\n")) >= 0:
            return min(position + found + 1, size)
        position += len(block) or size
    return size
