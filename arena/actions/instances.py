"""One instance of a job: which one a command means, and sessions in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena.actions import training
from arena.errors import Conflict, NotFound, aimed
from arena.kinds.kind import Kind
from arena.model import Instance, Job

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.kube.streams import Terminal


def running(
    cluster: Cluster, name: str, namespace: str, instance: str = "", kind: Kind | None = None
) -> tuple[Job, Instance]:
    """The job and the instance asked for: by its name, its end such as `worker-1`, its role, or the chief.

    Raises:
        NotFound: there is no such job or instance.
        Conflict: the instance does not run.
    """
    job = training.job(cluster, name, namespace, kind)
    if instance:
        found = next((one for one in job.instances if one.is_called(instance, name)), None)
    else:
        alive = [one for one in job.instances if one.phase == "Running"]
        found = job.chief if job.chief in alive else next(iter(alive), job.chief)
    if found is None:
        names = ", ".join(one.name for one in job.instances) or "none yet"
        what = f'instance "{instance}"' if instance else "instance"
        raise NotFound(f'job "{name}" has no {what}', f"its instances: {names}")
    if found.phase != "Running":
        raise Conflict(
            f"{found.name} does not run: it is {found.status}",
            f"arena get {aimed(name, namespace)} -e shows why",
        )
    return job, found


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
