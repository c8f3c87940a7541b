"""Wait until a serving is ready, its rollout has ended, or it is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from time import monotonic
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.serving import find, instances
from arena.actions.serving.find import Found
from arena.actions.serving.reasons import Reasons
from arena.errors import ArenaError, Conflict, JobFailed, NotFound, SpecError, TimedOut, aimed
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.model.servings import Serving

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

READY, DELETED = "ready", "deleted"
GOALS = (READY, DELETED)
SETTLE = 2.0
"""Seconds: how long an instance without a readiness probe must run, and an uncertain status must stay."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A serving that is being waited for."""

    serving: Serving
    why: str
    """Why it is not ready; "" if that is not known."""


Report = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """Ignore progress."""


def wait(  # noqa: PLR0913  # what names a serving, and what to wait for
    session: Session,
    name: str,
    *,
    until: str = READY,
    timeout: float | None = None,
    version: str = "",
    kind: Kind | str | None = None,
    progress: Report = ignore,
) -> Serving | None:
    """Wait until a serving is ready, and return it; or until it is gone, and return None.

    Ready means that all requested instances answer and are of the newest revision.

    Args:
        until: `ready` or `deleted`.
        timeout: seconds; None waits without a limit.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.
        progress: called with the serving after every change and every second.

    Raises:
        JobFailed: the cluster has given up its rollout.
        TimedOut: it took longer than `timeout`.
        NotFound: it does not exist, or was deleted while it was to become ready.
    """
    if until not in GOALS:
        raise SpecError(f'"{until}" is not a state to wait for', f"write {' or '.join(GOALS)}")
    cluster, namespace = session.cluster(), session.namespace
    try:
        found = find.one(cluster, namespace, name, version=version, kind=kinds.named(kind, FAMILY))
    except NotFound:
        if until == DELETED:
            return None
        raise
    if until == DELETED:
        _gone(cluster, found, timeout, progress)
        return None
    return ready(cluster, found, timeout=timeout, progress=progress)


def ready(
    cluster: Cluster,
    found: Found,
    *,
    timeout: float | None = None,
    progress: Report = ignore,
    holds: Callable[[Found], bool] = lambda now: True,
) -> Serving:
    """Wait until a serving is ready and its rollout has ended, and return it; raises as `wait`.

    Args:
        holds: what must be so of its main object, too.
    """
    reasons, start, why = Reasons(cluster), monotonic(), ""
    ready_since: float | None = None
    for now in instances.states(cluster, found):
        one = now.serving
        why = reasons.of(one)
        progress(Progress(one, why))
        ready_since = (ready_since or monotonic()) if one.is_ready and holds(now) else None
        if ready_since is not None and _is_settled(one, monotonic() - ready_since):
            return one
        late = timeout is not None and monotonic() - start > timeout
        if one.rollout.failure or late:
            why, hint = _explained(cluster, found, why)
        reason = f": {why}" if why else ""
        if one.rollout.failure:
            text = f"{one.rollout.failure.rstrip('.')}{reason}" if why != one.rollout.failure else why
            raise JobFailed(f'the rollout of serving "{one.title}" failed: {text}', hint)
        if one.rollout.is_paused and one.rollout.updated < one.wanted:
            text = f'the rollout of serving "{one.title}" is paused'
            raise Conflict(text, f"kubectl rollout resume deployment {one.object_name} continues it")
        if late:
            raise TimedOut(f'serving "{one.title}" is not ready after {timeout:.0f}s{reason}', hint)
    raise NotFound(f'serving "{found.serving.title}" was deleted from namespace "{found.serving.namespace}"')


def _explained(cluster: Cluster, found: Found, why: str) -> tuple[str, str]:
    """The cause by the rules of `arena why`, or else what is known; and what to do next."""
    from arena.actions.diagnosis import collecting
    from arena.actions.diagnosis.explainers import rules

    target = aimed(found.serving.object_name, found.serving.namespace)
    subject = collecting.Subject(found.kind, found.resource, found.obj)
    with suppress(ArenaError):
        cause = rules.cause(collecting.brief(cluster, found.serving.namespace, subject))
        if cause:
            return cause.cause, f"arena why {target} shows more"
    return why, f"arena serve get {target} -e shows its events"


def _is_settled(one: Serving, seconds: float) -> bool:
    """Whether it stays ready, as far as one can tell.

    Without a readiness probe, an instance counts as ready once it starts, even if it crashes at once. A
    status may be from before a change, unless it says otherwise.

    Args:
        seconds: how long it has been ready.
    """
    if not one.rollout.is_observed and seconds < SETTLE:
        return False
    if any(probe.type == "readiness" for probe in one.probes):
        return True
    starts = [each.main.started for each in one.instances if each.main and each.main.started]
    return not starts or (datetime.now(timezone.utc) - max(starts)).total_seconds() >= SETTLE


def _gone(cluster: Cluster, found: Found, timeout: float | None, progress: Report) -> None:
    start = monotonic()
    for one in instances.servings(cluster, found):
        progress(Progress(one, "it still exists"))
        if timeout is not None and monotonic() - start > timeout:
            raise TimedOut(f'serving "{one.title}" still exists after {timeout:.0f}s', "delete it")
