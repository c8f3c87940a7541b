"""The code that a job was submitted with, from the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs import find
from arena.actions.submit.code import archive, storage
from arena.kinds.kind import Kind

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.session import Session


def kept(session: Session, name: str, *, kind: Kind | str | None = None) -> Archive:
    """Return the code of a job that was submitted with --code.

    Raises:
        NotFound: there is no such job, or its code is not stored.
    """
    cluster = session.cluster()
    _, _, obj = find.find(cluster, name, session.namespace, kinds.named(kind))
    return storage.wanted(cluster, obj)


def restore(
    session: Session, name: str, folder: str, *, over: bool = False, kind: Kind | str | None = None
) -> list[str]:
    """Restore the code of a job in a folder, and return the paths of its files.

    Args:
        folder: created if it does not exist.
        over: replace existing files in the folder.
        kind: required if several kinds have a job of that name.

    Raises:
        NotFound: there is no such job, or its code is not stored.
        Conflict: the folder is not empty.
        SpecError: it cannot be written.
    """
    found = kept(session, name, kind=kind)
    archive.unpack(found, folder, over=over)
    return [one.path for one in found.files]
