"""A cache of followed logs in the user's own folder, for when their pods are gone.

- `<cache>/arena/logs/<job>/<run>.<follower>.<part>`   what one follower saw of one run of a container

A job is identified by its cluster, namespace and uid, and a run by its pod's uid, its container and restart
count, so jobs of the same name never mix. Each follower writes its own files, so several followers need no
coordination; a reader takes each moment from the follower that saw most of it. A file begins with a line of
JSON about its run, followed by the lines with their timestamps, as the cluster sent them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arena import private, units
from arena.actions.jobs.instances import main_container
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Block
    from arena.config import Settings
    from arena.model.instances import Instance
    from arena.model.jobs import Job

SETTING = "log-cache"
OFF = "off"
_OPEN = 32
"""Maximum number of open files of a follower, because systems limit them."""
_PARTS = 16
"""Maximum size of a file, as a part of the whole, so that removing the oldest removes little."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Room(NamedTuple):
    """The folder of the cache and its maximum size in bytes."""

    folder: Path
    limit: int


def room(environ: Mapping[str, str], settings: Settings) -> Room | None:
    """The room according to the settings; None if the cache is off."""
    told = settings.text(SETTING)
    limit = 0 if told == OFF else int(units.quantity(told))
    folder = Path(private.of_user(environ, "XDG_CACHE_HOME", ".cache")) / "logs"
    return Room(folder, limit) if limit else None


def folder_of(cluster: str, job: Job) -> str:
    """The name of a job's folder, which contains no text from others."""
    return _digest(cluster, job.namespace, job.uid)


def _digest(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


class Keeper:
    """Stores what one follower sees; if that fails, as on a full disk, it stops and the follower continues.

    Args:
        kept: the cache of the cluster; None to store nothing.
    """

    def __init__(self, kept: Kept | None) -> None:
        self._kept = kept
        self._job: Job | None = None
        self._instances: dict[str, Instance] = {}
        self._folders: list[int] = []
        self._files: dict[tuple[str, str, int], _File] = {}
        # Sorts by creation time.
        self._follower = f"{time.time_ns():020}{secrets.token_hex(4)}"
        self._made = 0
        self._written = 0
        self._over = False

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        for one in (*(file.number for file in self._files.values()), *self._folders):
            with suppress(OSError):  # some disks report only now that they are full
                os.close(one)
        self._files, self._folders = {}, []

    @property
    def seen(self) -> list[Instance]:
        """The instances that the job had while being followed."""
        return list(self._instances.values())

    def learn(self, job: Job) -> None:
        """Remember the followed job."""
        self._job = job
        self._instances |= {one.uid: one for one in job.instances}

    def write(self, block: Block) -> None:
        """Store the lines of a block."""
        if self._over or not block.lines or self._job is None or self._kept is None:
            return
        try:
            if not self._folders:
                self._enter(self._kept, self._job)
            self._add(block, self._kept.room)
        except (OSError, private.Exposed):
            self.__exit__()

    def _add(self, block: Block, room: Room) -> None:
        run, data = (block.uid, block.container, block.restart), b"\n".join(block.raw) + b"\n"
        if run not in self._files:
            if len(self._files) >= _OPEN:
                os.close(self._files.pop(next(iter(self._files))).number)
            self._files[run] = self._begun(block)
        file = self._files[run]
        file.write(data)
        if file.size > room.limit // _PARTS:
            os.close(self._files.pop(run).number)
        self._written += len(data)
        if self._written > room.limit // _PARTS:
            self._written = 0
            prune(room)

    def _begun(self, block: Block) -> _File:
        """Create a file with its first line."""
        one = self._instances.get(block.uid)
        head: dict[str, Any] = {
            "uid": block.uid,
            "container": block.container,
            "restart": block.restart,
            "instance": block.instance,
            "role": one.role if one else "",
            "number": one.index if one else 0,
            "main": one is None or main_container(one).name == block.container,
        }
        run = _digest(block.uid, block.container, str(block.restart))
        self._made += 1
        name = f"{run}.{self._follower}.{self._made:06}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
        number = os.open(name, flags, 0o600, dir_fd=self._folders[-1])
        os.fchmod(number, 0o600)  # a umask may remove permissions of the owner, too
        made = _File(number)
        made.write(json.dumps(head).encode() + b"\n")
        return made

    def _enter(self, kept: Kept, job: Job) -> None:
        """Open the job's folder, accessible to this user only; refuse links."""
        private.make(kept.room.folder)
        prune(kept.room)
        name = folder_of(kept.cluster, job)
        self._folders.append(os.open(kept.room.folder, _FOLDER))
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self._folders[0])
        self._folders.append(os.open(name, _FOLDER, dir_fd=self._folders[0]))
        if os.fstat(self._folders[-1]).st_uid != os.geteuid():
            raise PermissionError(name)
        os.fchmod(self._folders[-1], 0o700)


class _File:
    """An open file and its size."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append data, or raise an OSError if not all of it could be stored."""
        self.size += (done := os.write(self.number, data))
        if done < len(data):
            raise OSError(errno.ENOSPC, "it is full")


def prune(room: Room) -> None:
    """Remove the oldest files until the others fit into the room, and empty folders."""
    root = os.open(room.folder, _FOLDER)
    try:
        found = [(name, *one) for name in os.listdir(root) for one in _files(root, name)]
        total = sum(size for *_, size in found)
        for name, file, _, size in sorted(found, key=lambda one: one[2]):
            if total <= room.limit:
                return
            with suppress(FileNotFoundError):  # another follower was quicker
                os.unlink(os.path.join(name, file), dir_fd=root)
            with suppress(OSError):  # the folder has other files
                os.rmdir(name, dir_fd=root)
            total -= size
    finally:
        os.close(root)


def _files(root: int, name: str) -> Iterator[tuple[str, int, int]]:
    """(name, nanoseconds of the last write, bytes) of each file in a job's folder."""
    with suppress(OSError):
        folder = os.open(name, _FOLDER, dir_fd=root)
        try:
            for file in os.listdir(folder):
                with suppress(FileNotFoundError):
                    meta = os.stat(file, dir_fd=folder, follow_symlinks=False)
                    yield file, meta.st_mtime_ns, meta.st_size
        finally:
            os.close(folder)


class Kept(NamedTuple):
    """The cached logs of the jobs of one cluster."""

    room: Room
    cluster: str

    def runs(self, job: Job) -> list[Run]:
        """The cached runs of a job, in the order in which they were first followed."""
        found: dict[tuple[str, str, int], Run] = {}
        for path in self._paths(job):
            with suppress(OSError, ValueError, TypeError):
                run = _read(path)
                known = found.get(run[:3], run)
                files = [*known.files, path] if known is not run else [path]
                found[run[:3]] = run._replace(files=files, until=max(known.until, run.until))
        return list(found.values())

    def _paths(self, job: Job) -> list[Path]:
        """The files of a job, the oldest first; none if others could have written them."""
        folder = self.room.folder / folder_of(self.cluster, job)
        with suppress(OSError, private.Exposed):
            private.check(folder)
            there = [one for one in folder.iterdir() if not os.path.islink(one)]
            return sorted(there, key=lambda one: one.name.partition(".")[2])
        return []


class Run(NamedTuple):
    """A cached run of a container."""

    uid: str
    container: str
    restart: int
    instance: str
    role: str
    number: int
    main: bool
    files: list[Path] = []  # noqa: RUF012 - never changed
    until: float = 0.0
    """The time of its last cached line, in seconds since 1970."""

    def lines(self) -> Iterator[tuple[bytes, bytes]]:
        """Its lines with their timestamps, in order."""
        import heapq
        from itertools import groupby

        followers: dict[str, list[Path]] = {}
        for path in self.files:
            followers.setdefault(path.name.split(".")[1], []).append(path)
        told = heapq.merge(*(_lines(paths, number) for number, paths in enumerate(followers.values())))
        for stamp, moment in groupby(told, key=lambda one: one[0]):
            seen: dict[int, list[bytes]] = {}
            for _, number, _, text in moment:
                seen.setdefault(number, []).append(text)
            for text in max(seen.values(), key=len):
                yield stamp, text


def _lines(paths: list[Path], number: int) -> Iterator[tuple[bytes, int, int, bytes]]:
    """(timestamp, number of the follower, place, text) of each line of a file; a truncated one is omitted."""
    place = 0
    for path in paths:
        # Another follower may have removed the file to make room.
        with suppress(FileNotFoundError), path.open("rb") as file:
            next(file, None)
            for line in file:
                stamp, _, text = line.partition(b" ")
                if line.endswith(b"\n"):
                    place += 1
                    yield stamp, number, place, text[:-1]


def _read(path: Path) -> Run:
    """The run of a file; raises if the file cannot be read."""
    with path.open("rb") as file:
        head: dict[str, Any] = json.loads(file.readline())
        return Run(**head)._replace(files=[path], until=os.fstat(file.fileno()).st_mtime)
