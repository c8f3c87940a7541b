"""The log lines of a job as values, for programs; `snapshot` and `follow` read them in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs import find
from arena.actions.jobs.logs import follow as following
from arena.actions.jobs.logs import snapshot
from arena.actions.jobs.logs.lines import Options, lines
from arena.kinds.kind import Kind
from arena.model.jobs import Job
from arena.model.logs import LogLine

if TYPE_CHECKING:
    from arena.session import Session


def logs(
    session: Session,
    name: str,
    *,
    instance: str = "",
    tail: int | None = None,
    kind: Kind | str | None = None,
) -> Iterator[LogLine]:
    """Yield the lines that a job has logged so far, of all instances by time.

    Args:
        instance: only this instance: by name, place such as `worker-1`, role or number.
        tail: only the last lines of each instance.
        kind: required if several kinds have a job of that name.

    Raises:
        NotFound: there is no such job, or it has no such instance.
        SpecError: the name of the job or the instance is ambiguous.
    """
    job, options = find.job(session, name, kind=kind), Options(instance=instance, tail=tail)
    return lines(snapshot.read(session.cluster(), job, options))


def follow(
    session: Session, name: str, *, instance: str = "", kind: Kind | str | None = None
) -> Iterator[LogLine]:
    """Yield the lines of a job as it logs them, until it has ended; earlier lines come first.

    Takes and raises what `logs` does.
    """
    options, of_kind = Options(instance=instance), kinds.named(kind)
    for item in following.follow(session.cluster(), name, session.namespace, options, of_kind):
        if not isinstance(item, Job):
            yield from lines([item])
