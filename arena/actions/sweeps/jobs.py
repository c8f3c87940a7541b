"""The jobs of the trials of a sweep, their logs and the files with their metrics."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import find as jobs
from arena.actions.sweeps.find import kind_of_trial
from arena.actions.sweeps.find import sweep as found_sweep
from arena.actions.sweeps.find import trial as found_trial
from arena.errors import NotFound, SpecError
from arena.kinds.sweeps.spec import TENSORBOARD, SweepSpec
from arena.model.jobs import Job
from arena.model.logs import LogLine
from arena.model.sweeps import Sweep, Trial
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
SIDECAR = "metrics-logger-and-collector"
"""The container of Katib that prints the output of the main one, which prints nothing itself."""


def check_code(made: Plan) -> None:
    """Raise SpecError if the code of trials would have to be sent to each of their pods."""
    if made.uploads:
        raise SpecError(
            "--code is too large to be stored in the cluster, where the trials of a sweep need it",
            "put it on a volume or into the image, or use --sync-mode git",
        )


def check_folder(spec: SweepSpec) -> None:
    """Refuse a folder of this machine for metrics: all trials would write into it.

    One that does not exist is a volume of each trial, as in a container.
    """
    path = spec.metrics_file
    folder = path if spec.source == TENSORBOARD else posixpath.dirname(path)
    if path and os.path.lexists(folder):
        raise SpecError(
            f"--metrics-file {path}: {folder} exists on this machine, so all trials would share it",
            "name a folder that does not exist, such as /metrics: then each trial has one of its own",
        )


def find(cluster: Cluster, trial: Object) -> tuple[Resource, Object]:
    """The type and the object of the job of a Trial.

    Raises:
        NotFound: it does not exist.
    """
    run = (trial.get("spec") or {}).get("runSpec") or {}
    group, _, version = str(run.get("apiVersion") or "").rpartition("/")
    kind = str(run.get("kind") or "")
    resource = Resource(group, version, f"{kind.lower()}s", kind=kind)
    return resource, cluster.get(resource, trial["metadata"]["namespace"], trial["metadata"]["name"])


def job(session: Session, trial: Trial) -> Job:
    """Return the job of a trial with its instances.

    Raises:
        NotFound: it no longer exists.
        SpecError: its kind is unknown.
    """
    kind = kind_of_trial(trial)
    try:
        return jobs.job(session, trial.job, kind=kind, partial=True)
    except NotFound as error:
        raise NotFound(
            f'the job of trial "{trial.name}" no longer exists, and neither do its logs',
            "Katib deletes the jobs of trials unless their template says retain: true",
        ) from error


def container(found: Job) -> str:
    """The container with the output of a trial; "" for the main one."""
    names = {one.name for instance in found.instances for one in instance.containers}
    return SIDECAR if SIDECAR in names else ""


def logs(session: Session, name: str, trial: str = "best", *, tail: int | None = None) -> Iterator[LogLine]:
    """Yield the lines that a trial of a sweep has logged so far, of all its instances by time.

    Args:
        trial: its number, its name or the end of it; `best` is the best one so far.
        tail: only the last lines of each instance.

    Raises:
        NotFound: there is no such sweep or trial, or its job no longer exists.
    """
    from arena.actions.jobs.logs import snapshot
    from arena.actions.jobs.logs.lines import Options, lines

    found = job(session, found_trial(found_sweep(session, name), trial))
    options = Options(container=container(found), tail=tail)
    return lines(snapshot.read(session.cluster(), found, options))


def latest(one: Sweep) -> Trial:
    """The trial that runs and was started last, otherwise the one that ended last.

    Raises:
        NotFound: no trial has started.
    """
    with suppress(ValueError):
        return max(one.trials, key=lambda each: (not each.phase.is_final, each.number))
    hint = f"arena sweep why {one.name} says what it waits for"
    raise NotFound(f'sweep "{one.name}" has no trials yet', hint)
