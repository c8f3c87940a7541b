"""The project files that a user trusts: a record for each content at each path, like direnv.

A record is a file that is named after path and content, so that a changed or moved file is no longer trusted.
It contains the path, for lists.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from arena import ownership, private
from arena.errors import ArenaError
from arena.paths import StrPath


def folder(environ: Mapping[str, str]) -> Path:
    """The folder with the records."""
    return Path(private.of_user(environ, "XDG_STATE_HOME", ".local/state")) / "trusted"


def is_trusted(environ: Mapping[str, str], path: StrPath, content: bytes) -> bool:
    """Whether exactly this content at this path is trusted; records that others could write are ignored."""
    try:
        return not ownership.weakness(_record(environ, path, content))
    except OSError:
        return False


def trust(environ: Mapping[str, str], path: StrPath, content: bytes) -> None:
    """Trust this content at this path from now on.

    Raises:
        ArenaError: the record cannot be stored where only this user can write.
    """
    record = _record(environ, path, content)
    try:
        private.make(record.parent)
        descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(os.fsencode(_real(path)))
        weakness = ownership.weakness(record)
    except private.Exposed as exposed:
        raise ArenaError(f"trusted files cannot be recorded: {exposed.message}", exposed.hint) from exposed
    except OSError as cause:
        raise ArenaError(
            f"{record.parent} cannot be written: {cause.strerror}", "make it writable"
        ) from cause
    if weakness:
        raise ArenaError(
            f"trusted files cannot be recorded in {record.parent}: {weakness}", "make it yours alone"
        )


def revoke(environ: Mapping[str, str], path: StrPath) -> int:
    """Trust no content at this path any more; return the number of removed records.

    Raises:
        ArenaError: the records cannot be read or removed.
    """
    real = _real(path)
    own = [record for record, told in _records(environ) if told == real]
    try:
        for record in own:
            record.unlink(missing_ok=True)
    except OSError as cause:
        raise ArenaError(f"{cause.filename} cannot be removed: {cause.strerror}", "remove it") from cause
    return len(own)


def trusted(environ: Mapping[str, str]) -> list[tuple[str, bool]]:
    """The trusted paths, each with whether its present content is trusted.

    Raises:
        ArenaError: the records cannot be read.
    """
    found: dict[str, bool] = {}
    for record, path in _records(environ):
        try:
            now = _record(environ, path, Path(path).read_bytes()) == record
        except OSError:
            now = False
        found[path] = found.get(path, False) or now
    return sorted(found.items())


def _record(environ: Mapping[str, str], path: StrPath, content: bytes) -> Path:
    from hashlib import sha256

    return folder(environ) / sha256(os.fsencode(_real(path)) + b"\0" + content).hexdigest()


def _records(environ: Mapping[str, str]) -> list[tuple[Path, str]]:
    """The records and their paths."""
    try:
        return [(one, os.fsdecode(one.read_bytes())) for one in folder(environ).iterdir()]
    except FileNotFoundError:
        return []
    except OSError as cause:
        raise ArenaError(
            f"the trusted files in {folder(environ)} cannot be read: {cause.strerror}", "make it readable"
        ) from cause


def _real(path: StrPath) -> str:
    return os.path.realpath(path)
