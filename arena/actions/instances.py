"""One instance of a job: which one a command means, and sessions in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.actions import training
from arena.errors import Conflict, NotFound, SpecError, aimed
from arena.kinds.kind import Kind
from arena.model import Instance, Job
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.kube.streams import Terminal


def running(
    cluster: Cluster, name: str, namespace: str, instance: str = "", kind: Kind | None = None
) -> tuple[Job, Instance]:
    """The job and the instance asked for: as `meant`, or the chief.

    Raises:
        NotFound: there is no such job or instance.
        SpecError: several could be meant.
        Conflict: the instance does not run.
    """
    job = training.job(cluster, name, namespace, kind)
    found = meant(job, instance) if instance else _foremost(job)
    if found.phase != "Running":
        raise Conflict(
            f"{found.name} does not run: it is {found.status}",
            f"arena get {aimed(name, namespace)} -e shows why",
        )
    return job, found


def _foremost(job: Job) -> Instance:
    """The chief, or the first that runs where that does not."""
    alive = [one for one in job.instances if one.phase == "Running"]
    found = job.chief if job.chief in alive else next(iter(alive), job.chief)
    if found is None:
        raise NotFound(f'job "{job.name}" has no instance', "its instances: none yet")
    return found


def called(job: Job, word: str) -> Sequence[Instance]:
    """The instances that people mean by a word; several where that is not clear.

    A name means one, whole or as logs show it. So does a role, a number or both (`worker`, `1`, `worker-1`)
    where there is one of it; of successive tries in the same place the last is meant.
    """
    named = [one for one in job.instances if word in (one.name, one.name.removeprefix(f"{job.name}-"))]
    placed = [one for one in job.instances if word in (one.role, str(one.index), f"{one.role}-{one.index}")]
    if named or len({(one.role, one.index) for one in placed}) != 1:
        return named or placed
    staying = [one for one in placed if not one.is_final and one.status != "Terminating"]
    return staying or [max(placed, key=by_age)]


def meant(job: Job, word: str) -> Instance:
    """The one instance of the job that is called so.

    Raises:
        NotFound: it has none.
        SpecError: it has several.
    """
    found = called(job, word)
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise SpecError(f'"{word}" is more than one instance of job "{job.name}"', f"choose of {names}")
    if not found:
        names = ", ".join(one.name for one in job.instances) or "none yet"
        gone = "; those that ran on at its end were removed" if job.phase.is_final else ""
        raise NotFound(f'job "{job.name}" has no instance "{word}"', f"its instances: {names}{gone}")
    return found[0]


def container(one: Instance, name: str) -> str:
    """The container asked for, or the instance's main one.

    Raises:
        NotFound: it has none of that name.
    """
    names = [each.name for each in one.containers if not each.init]
    if name and name not in names:
        raise NotFound(f'{one.name} has no container "{name}"', f"its containers: {', '.join(names)}")
    return name or (names[0] if names else "")


def execute(
    cluster: Cluster, one: Instance, command: Sequence[str], *, container: str, stdin: bool, tty: bool
) -> Terminal:
    """Start a command in an instance."""
    return cluster.exec(one.namespace, one.name, list(command), container, stdin=stdin, tty=tty)


def attach(cluster: Cluster, one: Instance, *, container: str, stdin: bool, tty: bool) -> Terminal:
    """Join the main program of an instance."""
    return cluster.attach(one.namespace, one.name, container, stdin=stdin, tty=tty)
