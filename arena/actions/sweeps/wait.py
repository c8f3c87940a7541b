"""Wait until a sweep has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions import served
from arena.actions.sweeps import find
from arena.actions.sweeps.foreground import find as foreground
from arena.actions.watches import Source, Watching
from arena.errors import ArenaError, JobFailed, NotFound, TimedOut, aimed
from arena.kinds.sweeps import reading, trial_jobs
from arena.kinds.sweeps.experiment import EXPERIMENT_LABEL, EXPERIMENTS, TRIALS
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

TICK = 1.0
"""Seconds between reports while nothing changes."""
Report = Callable[[Sweep], None]


def ignore(one: Sweep) -> None:
    """Ignore progress."""


def wait(session: Session, name: str, *, timeout: float | None = None, progress: Report = ignore) -> Sweep:
    """Wait until a sweep has ended, and return it.

    Args:
        timeout: seconds; None waits without a limit.
        progress: called with the sweep after every change and every second.

    Raises:
        JobFailed: it failed.
        TimedOut: it took longer than `timeout`.
        NotFound: there is no such sweep, or it was deleted.
    """
    start = monotonic()
    for found in follow(session, name):
        progress(found)
        if found.phase.is_final:
            with suppress(ArenaError):
                found = find.sweep(session, name)
            return succeeded(found)
        if timeout is not None and monotonic() - start >= timeout:
            raise TimedOut(
                f'sweep "{name}" has not ended after {timeout:g}s',
                f"arena sweep get {aimed(name, session.namespace)} shows its trials",
            )
    raise AssertionError("the sweep ends, or `follow` raises")


def follow(session: Session, name: str) -> Iterator[Sweep]:
    """Yield a sweep now, after every change, and every second in between, until it has ended.

    Raises:
        NotFound: there is no such sweep, or it was deleted.
    """
    cluster, namespace = session.cluster(), session.namespace
    obj, there = find.found(cluster, name, namespace)
    if there:
        yield from _without_katib(session, name)
        return
    uid = obj["metadata"]["uid"]
    own = f"{EXPERIMENT_LABEL}={name}"
    sources = [
        Source(EXPERIMENTS, namespace, fields=f"metadata.name={name}"),
        Source(TRIALS, namespace, labels=own),
    ]
    order: Sequence[str] = ()
    asked: set[str] = set()
    with Watching(cluster, sources) as watching:
        while same := [one for one in watching.objects(0) if one["metadata"]["uid"] == uid]:
            found = reading.sweep(same[0], find.kind_of)
            trials = watching.objects(1)
            if new := {one["metadata"]["name"] for one in trials} - asked:
                order, asked = find.order(cluster, obj), asked | new
            found = replace(found, trials=reading.trials(same[0], trials, find.kind_of, order))
            yield found
            if found.phase.is_final:
                return
            watching.wait(TICK)
    raise NotFound(f'sweep "{name}" was deleted from namespace "{namespace}"')


def _without_katib(session: Session, name: str) -> Iterator[Sweep]:
    """As `follow`, for a sweep that another process runs."""
    cluster, namespace = session.cluster(), session.namespace
    types = served.types(cluster, kinds.training_kinds()).served
    own = trial_jobs.selector(name)
    with Watching(cluster, [Source(one, namespace, own, optional=True) for one in types]) as watching:
        while there := foreground.read({one: watching.objects(at) for at, one in enumerate(types)}):
            found = foreground.assembled(there)
            yield found
            if found.phase.is_final:
                return
            watching.wait(TICK)
    raise NotFound(f'sweep "{name}" was deleted from namespace "{namespace}"')


def succeeded(one: Sweep) -> Sweep:
    """Return the sweep, unless it has failed.

    Raises:
        JobFailed: it has.
    """
    if one.phase is Phase.FAILED:
        reason = f": {one.reason}" if one.reason else ""
        raise JobFailed(
            f'sweep "{one.name}" failed{reason}', f"arena sweep why {aimed(one.name, one.namespace)}"
        )
    return one
