"""The logs of a serving: of all its present instances, and of those that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs.logs import follow as following
from arena.actions.jobs.logs import snapshot
from arena.actions.jobs.logs.lines import Block, Options, lines
from arena.actions.serving import find, instances
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.jobs import Job
from arena.model.logs import LogLine

if TYPE_CHECKING:
    from arena.session import Session


def logs(
    session: Session,
    name: str,
    *,
    version: str = "",
    instance: str = "",
    tail: int | None = None,
    kind: Kind | str | None = None,
) -> Iterator[LogLine]:
    """Yield the lines that the instances of a serving have logged so far, by time.

    Args:
        version: required if it has several.
        instance: only this instance: its name, or the end of it.
        tail: only the last lines of each instance.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving, or it has no such instance.
        SpecError: the name of the serving or the instance is ambiguous.
    """
    found = instances.job(session, name, version=version, kind=kind)
    return lines(snapshot.read(session.cluster(), found, Options(instance=instance, tail=tail)))


def follow(
    session: Session,
    name: str,
    *,
    version: str = "",
    instance: str = "",
    kind: Kind | str | None = None,
) -> Iterator[LogLine]:
    """Yield the lines of a serving as its instances log them, until it is deleted; earlier lines come first.

    Takes and raises what `logs` does.
    """
    for item in blocks(session, name, Options(instance=instance), version=version, kind=kind):
        if not isinstance(item, Job):
            yield from lines([item])


def blocks(
    session: Session,
    name: str,
    options: Options,
    *,
    version: str = "",
    kind: Kind | str | None = None,
) -> Iterator[Block | Job]:
    """Yield the logs of a serving's instances as they come, and the serving, as a job, when it changes."""
    cluster = session.cluster()
    found = find.one(cluster, session.namespace, name, version=version, kind=kinds.named(kind, FAMILY))
    return following.followed(cluster, partial(instances.follow, cluster, found), options)
