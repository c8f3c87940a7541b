"""The verbs for Python and notebooks: the functions behind the commands, with a session's defaults.

Everything takes a `Session` from `arena.connect()`, returns values of `arena.model`, raises
`arena.errors` and prints nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena._version import VERSION
from arena.actions import (
    changes,
    differences,
    following,
    goals,
    overview,
    plans,
    queues,
    reruns,
    served,
    training,
)
from arena.actions import events as remarks
from arena.actions import logs as streams
from arena.actions import submit as submitting
from arena.actions.defaults import configured
from arena.actions.plans import Origin, Overrides, Plan
from arena.errors import NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.spec import filled
from arena.kinds.training.base import TrainingSpec
from arena.model import Difference, Event, Job, LogLine
from arena.resources import Resource
from arena.session import Session

if TYPE_CHECKING:
    from arena.kube import Cluster

__all__ = [
    "delete",
    "diff",
    "events",
    "follow",
    "job",
    "jobs",
    "logs",
    "preview",
    "recorded",
    "resume",
    "scale",
    "submit",
    "suspend",
    "wait",
]

STANDARD = Overrides()


def plan(
    session: Session,
    spec: TrainingSpec,
    *,
    kind: Kind | None = None,
    resource: Resource | None = None,
    overrides: Overrides = STANDARD,
    surroundings: Mapping[str, str] | None = None,
) -> Plan:
    """What submitting the Spec would send; asks no cluster. Raises as `arena.actions.plans.plan`.

    Args:
        surroundings: how processes of this machine start, where pods are such; None: as this one did.
    """
    if surroundings is None:
        surroundings = session.surroundings(here=starts_here(spec))
    origin = Origin(submitter=session.user, version=VERSION, surroundings=surroundings)
    return plans.plan(
        kind or _kind(spec),
        spec,
        resource=resource,
        namespace=session.namespace,
        origin=origin,
        overrides=overrides,
    )


def starts_here(spec: TrainingSpec) -> bool:
    """Whether processes of this machine start where the user is, as the default directory is of an image."""
    return bool(spec.working_dir == type(spec).working_dir)


def _kind(spec: TrainingSpec) -> Kind:
    for kind in kinds.training_kinds():
        if type(spec) is kind.spec:
            return kind
    raise SpecError(f"{type(spec).__name__} is not the Spec of a kind", "use one such as PyTorchJobSpec")


def preview(session: Session, spec: TrainingSpec) -> list[dict[str, Any]]:
    """The objects that `submit` would create, the job first; asks no cluster.

    Raises:
        SpecError: a value or a file that the Spec names cannot be used.
    """
    kind = _kind(spec)
    return list(plan(session, _with_defaults(session, spec, kind), kind=kind).objects)


def _with_defaults(
    session: Session, spec: TrainingSpec, kind: Kind, cluster: Cluster | None = None
) -> TrainingSpec:
    """The Spec with what is configured for options that it leaves at their defaults, as commands have it."""
    return filled(spec, configured(session.settings, kind, cluster))


def submit(session: Session, spec: TrainingSpec, *, replace: bool = False) -> Job:
    """Submit a job; all that it needs is created, or nothing.

    Options that the Spec leaves at their defaults are what is configured, as on the command line.

    Args:
        replace: delete a job of that name first.

    Raises:
        Conflict: there is a job of that name.
        SpecError, NotAllowed, MissingOperator, Unreachable: what the cluster has against it.
    """
    kind, cluster = _kind(spec), session.cluster()
    resource = served.require(cluster, kind)
    whole = queues.settled(cluster, _with_defaults(session, spec, kind, cluster))
    made = plan(session, whole, kind=kind, resource=resource)
    return submitting.submit(cluster, made, instead=replace)


def jobs(session: Session, *, everywhere: bool = False, selector: str = "") -> list[Job]:
    """The training jobs of the session's namespace, or of all, the newest first.

    Args:
        selector: labels that the jobs must have, such as `team=vision,stage!=test`.
    """
    return overview.jobs(session.cluster(), None if everywhere else session.namespace, selector=selector)


def job(session: Session, name: str) -> Job:
    """One job with its instances; NotFound where there is none."""
    return training.job(session.cluster(), name, session.namespace)


def events(session: Session, name: str) -> list[Event]:
    """What the cluster remarked on a job and its instances, the oldest first."""
    return remarks.events(session.cluster(), job(session, name))


def logs(session: Session, name: str, *, instance: str = "", tail: int | None = None) -> Iterator[LogLine]:
    """The lines that a job has written so far, of all instances by time.

    Args:
        instance: only the one of that name, or with that end such as `worker-1`.
        tail: the last lines of each instance only.
    """
    options = streams.Options(instance=instance, tail=tail)
    return streams.lines(streams.read(session.cluster(), job(session, name), options))


def follow(session: Session, name: str, *, instance: str = "") -> Iterator[LogLine]:
    """The lines of a job as they come, until it has ended; those written before come first."""
    options = streams.Options(instance=instance)
    for item in following.follow(session.cluster(), name, session.namespace, options):
        if not isinstance(item, Job):
            yield from streams.lines([item])


def wait(
    session: Session,
    name: str,
    *,
    until: str = "",
    timeout: float | None = None,
    progress: Callable[[Job], None] = lambda job: None,
) -> Job:
    """Wait until a job has succeeded, or come as far as `until`, and return it.

    Args:
        until: `phase=RUNNING`, `condition=Created` or the like, as for the command; "": its success.
        timeout: seconds; None: for ever.
        progress: called with the job whenever it changed and every second.

    Raises:
        JobFailed: it failed.
        TimedOut: it takes longer.
        NotFound: there is none, or it was deleted.
        ArenaError: it ended before it came as far.
    """
    goal = dataclasses.replace(goals.goal(until) if until else goals.END, within=timeout)
    ended = goals.wait(
        session.cluster(),
        [name],
        session.namespace,
        until=goal,
        progress=lambda jobs: progress(jobs[0]),
    )
    if not ended:
        raise NotFound(f'no job "{name}" in namespace "{session.namespace}"', "it is gone already")
    return goals.judged(ended[0], goal)


def delete(session: Session, name: str) -> Job:
    """Delete a job and all that was made with it; NotFound where there is none."""
    return training.delete(session.cluster(), name, session.namespace)


def suspend(session: Session, name: str) -> Job:
    """End a job's pods and keep the job, until it is resumed.

    Raises:
        NotFound: there is none.
        SpecError: jobs of its kind cannot be suspended.
        Conflict: it has ended.
    """
    return changes.suspend(session.cluster(), name, session.namespace).job


def resume(session: Session, name: str) -> Job:
    """Start a suspended job again; raises as `suspend`."""
    return changes.resume(session.cluster(), name, session.namespace).job


def scale(session: Session, name: str, workers: int) -> Job:
    """Change how many workers a job has while it runs; raises as `suspend`, of scaling."""
    return changes.scale(session.cluster(), name, session.namespace, workers).job


def recorded(session: Session, name: str, *settings: str) -> TrainingSpec:
    """The Spec that a job was submitted with; with another name it can be submitted once more.

    Args:
        settings: changes to it, such as `workers=4` or `env=LR=0.1`; what is secret must be given.

    Raises:
        NotFound: there is no such job, or arena did not submit it.
        SpecError: a change cannot be made, or something secret is missing.
    """
    kind, _, obj = training.find(session.cluster(), name, session.namespace)
    return reruns.again(kind, obj, name, settings)


def diff(session: Session, left: str, right: str) -> list[Difference]:
    """In what two jobs differ, names aside; NotFound where one does not exist."""
    return differences.jobs(session.cluster(), left, right, session.namespace)
