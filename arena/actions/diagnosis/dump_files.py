"""Files of a folder that others may have made: bounded, never outside of it, whatever they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from arena import foreign_json, operating_system
from arena.errors import SpecError
from arena.paths import StrPath
from arena.tuples import NamedTuple

LARGEST_JSON = 64 << 20
HEAD, TAIL = 256 << 10, 4 << 20
"""Bytes that are read of a log: its beginning and its end."""
MOST_FILES, MOST_BYTES, DEEPEST = 5000, 512 << 20, 4


class File(NamedTuple):
    """A file below the folder."""

    parts: tuple[str, ...]
    """Its path below the folder."""
    path: str
    size: int


class Files:
    """The regular files of a folder; links are not followed.

    Raises:
        SpecError: there is no such folder.
    """

    def __init__(self, folder: StrPath) -> None:
        self.folder = os.fspath(folder)
        self.unread: list[str] = []
        self._bytes = 0
        if not os.path.isdir(self.folder):
            raise SpecError(f"--from: there is no folder {self.folder}", "arena why JOB --save DIR makes one")
        self.all = sorted(self._walk((), os.path.realpath(self.folder)))

    def json(self, file: File) -> Any:
        """The data of a JSON file; None if it cannot be read."""
        if file.size > LARGEST_JSON:
            self.missing(file, f"it is larger than {LARGEST_JSON >> 20} MiB")
            return None
        try:
            return foreign_json.loads(self._bytes_of(file, file.size).decode("utf-8-sig", "replace"))
        except ValueError:
            self.missing(file, "it is not valid JSON")
        except OSError as error:
            self.missing(file, str(error.strerror))
        return None

    def text(self, file: File) -> str:
        """The text of a log; of a very long one, its beginning and its end."""
        try:
            if file.size <= HEAD + TAIL:
                return self._bytes_of(file, file.size).decode("utf-8", "replace")
            head = self._bytes_of(file, HEAD).rpartition(b"\n")[0]
            tail = self._bytes_of(file, TAIL, file.size - TAIL).partition(b"\n")[2]
            return (head + b"\n" + tail).decode("utf-8", "replace")
        except OSError as error:
            self.missing(file, str(error.strerror))
            return ""

    def missing(self, file: File, why: str) -> None:
        """Record that a file was not read."""
        self.unread.append(f"{'/'.join(file.parts)} was not read: {why}")

    def _walk(self, parts: tuple[str, ...], path: str) -> Iterator[File]:
        if len(parts) > DEEPEST:
            return
        try:
            entries = sorted(os.scandir(path), key=lambda one: one.name)
        except OSError as error:
            self.unread.append(f"{'/'.join(parts) or self.folder} was not read: {error.strerror}")
            return
        for count, one in enumerate(entries, 1):
            if count > MOST_FILES:
                self.unread.append(f"{'/'.join(parts) or '.'} has more than {MOST_FILES} files")
                return
            below = (*parts, one.name)
            state = one.stat(follow_symlinks=False)
            if stat.S_ISDIR(state.st_mode):
                yield from self._walk(below, one.path)
            elif stat.S_ISREG(state.st_mode):
                yield File(below, one.path, state.st_size)
            else:
                self.unread.append(f"{'/'.join(below)} was not read: it is a link, or no regular file")

    def _bytes_of(self, file: File, count: int, start: int = 0) -> bytes:
        if self._bytes + count > MOST_BYTES:
            raise OSError(0, f"the folder has more than {MOST_BYTES >> 20} MiB")
        flags = os.O_RDONLY | os.O_NONBLOCK | operating_system.no_follow()
        with open(os.open(file.path, flags), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise OSError(0, "it is not a file")
            opened.seek(start)
            found = opened.read(count)
        self._bytes += len(found)
        return found
