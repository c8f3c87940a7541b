"""Whether a running job stands still: no instance writes a line, and none computes.

This takes requests for the instances of one job, so lists do not look. A job that has not run long takes
none, and one whose first instance has written lately takes one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from arena import units
from arena.actions import readings
from arena.actions.jobs.instances import main_container
from arena.errors import ArenaError, aimed
from arena.model.findings import SILENT, STALLED, Evidence, Finding
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase
from arena.parallel import thread_pool
from arena.resources import Resource
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Block
    from arena.kube import Cluster
    from arena.session import Session

SETTING = "stalled-after"
MOST = 64
"""Number of instances to look at: the first ones, the chief among them."""
IDLE = 0.05
"""CPUs that an instance may use while it only waits."""
PATIENCE = 5.0
"""Seconds to wait for a log, since its node may be gone."""
_USAGE = Resource("metrics.k8s.io", "v1beta1", "pods", kind="PodMetrics")


def limit(session: Session) -> float | None:
    """Seconds of silence after which a job counts as stalled; None for never."""
    text = session.settings.text(SETTING)
    return None if text == "off" else float(units.duration(text))


def checked(session: Session, job: Job) -> Job:
    """The job, with a finding if it stands still."""
    after, now = limit(session), session.now()
    running = [one for one in job.instances if one.phase == "Running"][:MOST]
    if after is None or job.phase is not Phase.RUNNING or job.findings or not running:
        return job
    began = max((_began(one) or now for one in running), default=now)
    if now - began < timedelta(seconds=after):
        return job
    try:
        last = _last_line(session.cluster(), running, now - timedelta(seconds=after))
        silent = now - (last.time if last else began)
        if silent < timedelta(seconds=after):
            return job
        shown = _shown(job, last, began)
        return job.explained(_finding(job, shown, silent, _cpus(session.cluster(), running)))
    except ArenaError as error:
        return replace(job, unread=(*job.unread, readings.unread("reasons", error, readings.REASONS)))


def _began(one: Instance) -> datetime | None:
    return main_container(one).started or one.started


class _Written(NamedTuple):
    """The last line of an instance."""

    time: datetime
    instance: str


def _last_line(cluster: Cluster, running: Sequence[Instance], since: datetime) -> _Written | None:
    """The last line of all instances; the others are not asked if the first has written one since then."""
    first = _written(cluster, running[0])
    if first is not None and first.time >= since:
        return first
    with thread_pool(16) as threads:
        others = list(threads.map(partial(_written, cluster), running[1:]))
    return max((one for one in (first, *others) if one), default=None)


def _written(cluster: Cluster, one: Instance) -> _Written | None:
    from arena.kube import LogQuery

    query = LogQuery(container=main_container(one).name, tail=1, timestamps=True, silence=PATIENCE)
    with cluster.logs(one.namespace, one.name, query) as stream:
        stamps = [line.split(b" ", 1)[0].decode("ascii", "replace") for line in stream if line[:1].isdigit()]
    time = units.when(stamps[-1]) if stamps else None
    return _Written(time, one.name) if time else None


def _cpus(cluster: Cluster, running: Sequence[Instance]) -> float | None:
    """The most CPUs that one of the instances uses; None if nothing measures it, or it may not be read."""

    def used(one: Instance) -> float | None:
        try:
            found = cluster.get(_USAGE, one.namespace, one.name)
            return float(sum(units.quantity(each["usage"]["cpu"]) for each in found["containers"]))
        except (ArenaError, KeyError, TypeError):
            return None

    with thread_pool(16) as threads:
        return max((each for each in threads.map(used, running) if each is not None), default=None)


def _shown(job: Job, last: _Written | None, began: datetime) -> Evidence:
    """What shows the silence."""
    if last is None:
        start = f"no line since its start at {units.rfc3339(began)}"
        return Evidence("log", f"{job.kind}/{job.name}", start, began)
    return Evidence("log", f"pod/{last.instance}", f"last line at {units.rfc3339(last.time)}", last.time)


def _finding(job: Job, line: Evidence, silent: timedelta, cpus: float | None) -> Finding:
    """The finding that a job stands still, or only that it is silent if it computes."""
    silence = f"no output for {units.age(silent.total_seconds())}"
    shown = [line]
    if cpus is not None:
        used = f"no instance uses more than {cpus:.2f} CPUs"
        shown.append(Evidence("status", f"{job.kind}/{job.name}", used))
    target = aimed(job.name, job.namespace)
    remedy = f"arena stacks {target} shows where each rank is; the setting {SETTING} changes the time"
    if cpus is not None and cpus > IDLE:
        return Finding(SILENT, f"{silence}, but its CPUs are busy", tuple(shown), remedy)
    idle = ", and its CPUs are idle" if cpus is not None else ""
    return Finding(STALLED, f"STALLED: {silence}{idle}", tuple(shown), remedy)


class Silence:
    """How long a followed job has been silent.

    Args:
        after: as `limit` returns it.
    """

    def __init__(self, after: float | None) -> None:
        self._after = after
        self._heard = time.monotonic()

    def note(self, block: Block) -> None:
        """Process a block; an empty one says nothing."""
        if block.lines or block.said or block.unfinished:
            self._heard = time.monotonic()

    def told(self, job: Job) -> str:
        """What to say of a running job that has been silent for too long; "" if it has not."""
        silent = time.monotonic() - self._heard
        if job.phase is not Phase.RUNNING or self._after is None or silent < self._after:
            return ""
        target = aimed(job.name, job.namespace)
        return f"no output for {units.age(silent)}; arena stacks {target} shows where each rank is"
