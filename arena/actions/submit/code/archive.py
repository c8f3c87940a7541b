"""Pack a folder into an archive; the same files give the same bytes, whoever packs them and when."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from typing import IO, cast

from arena.actions.submit.code import files
from arena.actions.submit.code.files import File, Listing, human
from arena.errors import ArenaError, Conflict, SpecError
from arena.values import field, frozen

PACKED = 315_532_800
"""The time of every file, in seconds since the epoch: 1980, the earliest year in zip files."""
# Names are bytes, usually UTF-8; "surrogateescape" preserves others.
_LARGE = 10**7


@frozen
class Archive:
    """A folder's code as a compressed tar file."""

    file: io.BytesIO
    """Its bytes; the position in the file is undefined."""
    packed: int
    """How many."""
    digest: str
    """`sha256:...` of the uncompressed tar file, so that it depends only on the code."""
    files: Sequence[File] = ()
    origin: Mapping[str, str] = field(default_factory=dict)
    """`commit`, `branch`, `remote` and number of `changed` files, as far as Git knows."""
    remarks: Sequence[str] = ()
    """Remarks for the user, one sentence each."""

    def read(self, start: int = 0, count: int = -1) -> bytes:
        """Bytes of the compressed file."""
        self.file.seek(start)
        return self.file.read(count)

    @property
    def summary(self) -> str:
        """A one-line summary of number, size and origin."""
        size = sum(one.size for one in self.files)
        count = f"{len(self.files)} file" + "s" * (len(self.files) != 1)
        found = f"code: {count}, {human(size)} ({human(self.packed)} packed), {self.digest[:19]}"
        if "commit" in self.origin:
            found += f", commit {self.origin['commit'][:10]}"
            found += f" and {self.origin['changed']} changed" if "changed" in self.origin else ""
        if size > _LARGE:
            found += f"; most in {files.named(files.largest(self.files))}"
        return found


class _Hashed:
    """Writes to a file and computes the digest."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)


def pack(folder: str) -> Archive:
    """Pack the code in a folder, as listed by `files.listing`.

    Raises:
        SpecError: as `files.listing`; or a file cannot be read, or changes meanwhile.
    """
    found = files.listing(folder)
    file = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, file, mtime=0) as squeezed:
        hashed = _Hashed(squeezed)
        with tarfile.open(
            fileobj=cast(IO[bytes], hashed),
            mode="w|",
            format=tarfile.GNU_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
        ) as made:
            for one in found.files:
                _add(made, found, one)
    return Archive(
        file=file,
        packed=file.tell(),
        digest=f"sha256:{hashed.digest.hexdigest()}",
        files=found.files,
        origin=found.origin,
        remarks=files.remarks(found),
    )


def _add(made: tarfile.TarFile, found: Listing, one: File) -> None:
    entry = tarfile.TarInfo(one.path)
    entry.mode, entry.mtime = one.mode, PACKED
    if one.target:
        entry.type, entry.linkname = tarfile.SYMTYPE, one.target
        made.addfile(entry)
        return
    full = os.path.join(found.folder, one.path)
    try:
        with open(full, "rb", opener=_no_link) as file:
            entry.size = os.fstat(file.fileno()).st_size
            made.addfile(entry, file)
    except OSError as error:
        why = error.strerror or "it became shorter meanwhile"
        raise SpecError(
            f'--code: "{files.shown(full)}" cannot be read: {why}',
            f"fix this, or list the file in {files.IGNORES}",
        ) from error


def _no_link(path: str, flags: int) -> int:
    """Open a listed file, unless it has been replaced by a link."""
    return os.open(path, flags | os.O_NOFOLLOW)


def opened(data: bytes, digest: str, origin: Mapping[str, str]) -> Archive:
    """An archive from its bytes; raises ArenaError if they do not match the digest."""
    file = io.BytesIO(data)
    seen, files = hashlib.sha256(), []
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as plain:
            while block := plain.read(1 << 20):
                seen.update(block)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz", encoding="utf-8", errors="surrogateescape") as packed:
            files = [File(path=one.name, size=one.size, mode=one.mode, target=one.linkname) for one in packed]
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ArenaError(f"the code in the cluster is damaged: {error}") from error
    if f"sha256:{seen.hexdigest()}" != digest:
        raise ArenaError("the code in the cluster is not the code that the job was submitted with")
    return Archive(file=file, packed=len(data), digest=digest, files=files, origin=origin)


def unpack(archive: Archive, folder: str, *, over: bool = False) -> None:
    """Restore the code in a folder, which is created if necessary; write nothing outside of it.

    Args:
        over: whether existing files may be replaced.

    Raises:
        Conflict: the folder is not empty.
        SpecError: it cannot be written.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder) and not over:
            raise Conflict(f'"{folder}" is not empty', "name another folder, or add --force")
        archive.file.seek(0)
        with tarfile.open(
            fileobj=archive.file, mode="r:gz", encoding="utf-8", errors="surrogateescape"
        ) as packed:
            for one in packed:
                _restore(packed, one, folder)
    except OSError as error:
        raise SpecError(
            f'"{folder}" cannot be written: {error.strerror}: {error.filename}', "name another folder"
        ) from error


def _restore(packed: tarfile.TarFile, one: tarfile.TarInfo, folder: str) -> None:
    """Write one member, unless it or a link in its path leads out of the folder."""
    top = os.path.realpath(folder)
    full = os.path.join(top, one.name)
    place = os.path.dirname(full)
    leads = os.path.realpath(os.path.join(place, one.linkname)) if one.issym() else place
    for end in (os.path.realpath(place), os.path.realpath(leads)):
        if end != top and not end.startswith(top.rstrip("/") + "/"):
            raise ArenaError(f'the code in the cluster contains "{one.name}", which leads out of the folder')
    os.makedirs(place, exist_ok=True)
    if os.path.lexists(full):
        os.unlink(full)
    if one.issym():
        os.symlink(one.linkname, full)
        return
    source = packed.extractfile(one)
    if source is None:
        raise ArenaError(f'the code in the cluster contains "{one.name}", which is not a file')
    fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL, one.mode & 0o777)
    with os.fdopen(fd, "wb") as file, source:
        while block := source.read(1 << 20):
            file.write(block)
    os.chmod(full, one.mode & 0o777)
