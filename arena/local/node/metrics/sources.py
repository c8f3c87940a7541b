"""What a collector reads: the log of a container, or a text file, from where the last collector stopped.

Part of the collector, so the standard library only. A position is JSON. It covers exactly the lines that
`read` has returned, so whoever continues from it reads every line once.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from typing import Any

    Line = tuple[bytes, str]
    """Text and time of a line."""

CHUNK = 1 << 18
LONGEST = 32 * 1024
"""Bytes of a line that are read; its rest is skipped. No line of a container's log is longer."""


def numbers() -> list[int]:
    """The runs of the container in whose folder this process works, oldest first."""
    return sorted(int(name) for name in os.listdir(".") if name.isdigit())


def has_ended() -> bool:
    """Whether the newest run is over, so that its output grows no more."""
    runs = numbers()
    return bool(runs) and os.path.exists(f"{runs[-1]}/exit")


def now() -> str:
    """The present as RFC 3339."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}Z"


class LineFile:
    """An open file, cut into lines.

    Attributes:
        offset: the beginning of the first line that was not returned yet.
        skips: whether reading is inside a line that is too long.
    """

    def __init__(self, path: str, offset: int = 0, skips: bool = False) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        found = os.fstat(self.fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(self.fd)
            raise FileNotFoundError(path)
        self.inode = found.st_ino
        self.offset = os.lseek(self.fd, offset, os.SEEK_SET)
        self.skips = skips
        self._rest = b""

    def lines(self) -> list[bytes] | None:
        """The added lines, [] if none is complete; None at the end of the file."""
        data = os.read(self.fd, CHUNK)
        if not data:
            return None
        if self.skips:
            end = data.find(b"\n") + 1
            self.skips = not end
            self.offset += end or len(data)
            data = data[end:] if end else b""
        lines = (self._rest + data).split(b"\n")
        self.offset += len(self._rest) + len(data) - len(lines[-1])
        self._rest = lines.pop()
        if len(self._rest) > LONGEST:
            self.skips = True
            lines.append(self.last())
        return [line[:LONGEST] for line in lines]

    def last(self) -> bytes:
        """The unfinished line at the end of the file."""
        line, self._rest = self._rest, b""
        self.offset += len(line)
        return line

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


class ContainerLog:
    """The log of a container over rotated files and restarts."""

    def __init__(self, position: dict[str, Any]) -> None:
        self._run: int = position.get("run", -1)
        self._inode: int = position.get("inode", 0)
        self._offset: int = position.get("offset", 0)
        self._gaps: int = position.get("gaps", 0)
        self._partial: set[str] = set(position.get("partial", ()))
        self._file: LineFile | None = None

    @property
    def position(self) -> dict[str, Any]:
        """Where the next collector continues; `gaps` counts files that were gone before they were read."""
        if self._file:
            self._offset = self._file.offset
        return {
            "run": self._run, "inode": self._inode, "offset": self._offset,
            "gaps": self._gaps, "partial": sorted(self._partial),
        }  # fmt: skip

    def read(self) -> list[Line] | None:
        """Some added lines, [] if there are none yet; None at the end of the last run."""
        while True:
            over = not os.path.isdir(str(self._run)) or os.path.exists(f"{self._run}/exit")
            files = self._files()
            if self._file is not None or self._open(files):
                assert self._file is not None
                lines = self._file.lines()
                if lines is not None:
                    return [line for one in lines if (line := self._parsed(one))]
                if files[-1:] != [(self._inode, "log")]:
                    self._go_to_next_file([inode for inode, _ in files])
                    continue
            if not over or not self._go_to_next_run():
                return None if over and self._run >= 0 else []

    def _go_to_next_file(self, inodes: list[int]) -> None:
        self._close()
        self._gaps += self._inode not in inodes
        following = inodes.index(self._inode) + 1 if self._inode in inodes else 0
        self._inode, self._offset = (inodes[following] if following < len(inodes) else 0), 0

    def _go_to_next_run(self) -> bool:
        later = [one for one in numbers() if one > self._run]
        if later:
            self._close()
            self._run, self._inode, self._offset, self._partial = later[0], 0, 0, set()
        return bool(later)

    def _files(self) -> list[tuple[int, str]]:
        """The inodes and names of the run's log files, oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            names = [name for name in os.listdir(str(self._run)) if name == "log" or name[4:].isdigit()]
            for name in sorted(names, key=lambda name: int(name[4:] or 0), reverse=True):
                with contextlib.suppress(FileNotFoundError):
                    found.append((os.stat(f"{self._run}/{name}").st_ino, name))
        return found

    def _open(self, files: list[tuple[int, str]]) -> bool:
        """Open the file of the position; if it is gone, the oldest."""
        names = dict(files)
        if self._inode not in names:
            self._gaps += bool(self._inode)
            self._inode, self._offset = files[0][0] if files else 0, 0
        with contextlib.suppress(OSError):
            file = LineFile(f"{self._run}/{names[self._inode]}" if files else "", self._offset)
            if file.inode == self._inode:
                self._file = file
                return True
            file.close()  # rotated meanwhile, so the next call looks again
        return False

    def _close(self) -> None:
        if self._file:
            self._file.close()
        self._file = None

    def _parsed(self, line: bytes) -> Line | None:
        """Text and time of a line of the log; None for what continues a long line, and for the node's own."""
        fields = line.split(b" ", 3)
        if len(fields) < 4 or fields[1] == b"node":
            return None
        stream = fields[1].decode(errors="replace")
        continues = stream in self._partial
        if fields[2] == b"P":
            self._partial.add(stream)
        else:
            self._partial.discard(stream)
        return None if continues else (fields[3], fields[0].decode(errors="replace"))


class TextFile:
    """A text file that the program writes; it may appear late, be replaced or be truncated."""

    def __init__(self, path: str, position: dict[str, Any]) -> None:
        self._path = path
        self._position = {"inode": 0, "offset": 0, "skips": False, **position}
        self._file: LineFile | None = None

    @property
    def position(self) -> dict[str, Any]:
        """Where the next collector continues."""
        file = self._file
        if file:
            self._position = {"inode": file.inode, "offset": file.offset, "skips": file.skips}
        return self._position

    def read(self) -> list[Line] | None:
        """Some added lines, [] if there are none yet; None at the end."""
        over = has_ended()
        if self._file is None and not self._open():
            return None if over else []
        assert self._file is not None
        lines = self._file.lines()
        if lines is None and self._is_other():
            self._file.close()
            self._file = None
            return []
        if lines is None and over:
            last = self._file.last()
            return [(last[:LONGEST], now())] if last else None
        return [(line, now()) for line in lines or ()]

    def _open(self) -> bool:
        """Open the file at the position; another file of the same name from its beginning."""
        try:
            found = os.stat(self._path)
            at = self._position
            is_same = found.st_ino == at["inode"] and found.st_size >= at["offset"]
            self._file = LineFile(self._path, at["offset"], at["skips"]) if is_same else LineFile(self._path)
        except OSError:
            return False
        return True

    def _is_other(self) -> bool:
        """Whether the file was replaced or truncated."""
        at = self.position
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return bool(found.st_ino != at["inode"] or found.st_size < at["offset"])
