"""One instance of a job: select it by name, and start sessions in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs import find
from arena.errors import Conflict, NotFound, SpecError, aimed
from arena.kinds.family import Family
from arena.kinds.kind import Kind
from arena.kinds.training import FAMILY as TRAINING
from arena.model.instances import Container, Instance
from arena.model.jobs import Job
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.kube.streams import Terminal
    from arena.session import Session


def running(
    session: Session, name: str, instance: str = "", *, kind: Kind | str | None = None
) -> tuple[Job, Instance]:
    """Return the job and the requested instance, by default the chief.

    Raises:
        NotFound: there is no such job or instance.
        SpecError: the name is ambiguous.
        Conflict: the instance does not run.
    """
    job = find.job(session, name, kind=kind)
    return job, chosen(job, instance)


def chosen(job: Job, instance: str = "") -> Instance:
    """The requested instance of a job, by default the chief.

    Raises:
        NotFound: there is no such instance.
        SpecError: the name is ambiguous.
        Conflict: it does not run.
    """
    found = meant(job, instance) if instance else _foremost(job)
    if found.phase != "Running":
        raise Conflict(
            f"{found.name} is not running: it is {found.status}",
            f"{_group(job)} get {aimed(job.name, job.namespace)} -e shows why",
        )
    return found


def title(job: Job) -> str:
    """What messages call it: `job "bert"`, or by the noun of another family."""
    return f'{_family(job).noun} "{job.name}"'


def _group(job: Job) -> str:
    """What commands about its family begin with: `arena`, `arena serve`."""
    return _family(job).listing.rpartition(" ")[0]


def _family(job: Job) -> Family:
    kind = kinds.of_name(job.kind)
    return kind.family if kind else TRAINING


def _foremost(job: Job) -> Instance:
    """The chief, or the first running instance if the chief does not run."""
    alive = [one for one in job.instances if one.phase == "Running"]
    found = job.chief if job.chief in alive else next(iter(alive), job.chief)
    if found is None:
        raise NotFound(f"{title(job)} has no instance", "its instances: none yet")
    return found


def called(job: Job, word: str) -> Sequence[Instance]:
    """The instances that a word may mean; several if it is ambiguous.

    A name, whole or as logs show it, means one instance. So does a role, a number or both (`worker`, `1`,
    `worker-1`) if only one matches. Of successive pods in the same place, the last is selected.
    """
    named = [one for one in job.instances if word in (one.name, one.name.removeprefix(f"{job.name}-"))]
    placed = [one for one in job.instances if word in (one.role, str(one.index), f"{one.role}-{one.index}")]
    if named or len({(one.role, one.index) for one in placed}) != 1:
        return named or placed
    staying = [one for one in placed if not one.is_final and one.status != "Terminating"]
    return staying or [max(placed, key=by_age)]


def meant(job: Job, word: str) -> Instance:
    """Return the one instance of the job that the word means.

    Raises:
        NotFound: it has none.
        SpecError: the word is ambiguous.
    """
    found = called(job, word)
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise SpecError(f'"{word}" matches several instances of {title(job)}', f"choose one of {names}")
    if not found:
        names = ", ".join(one.name for one in job.instances) or "none yet"
        few = job.phase.is_final and len(job.instances) < job.wanted
        gone = "; those that still ran when it ended were removed" if few else ""
        raise NotFound(f'{title(job)} has no instance "{word}"', f"its instances: {names}{gone}")
    return found[0]


def container(one: Instance, name: str) -> str:
    """Return the requested container, or the instance's main one, which comes first.

    Raises:
        NotFound: it has no such container.
    """
    names = [each.name for each in one.containers if not each.init]
    if name and name not in names:
        raise NotFound(f'{one.name} has no container "{name}"', f"its containers: {', '.join(names)}")
    return name or (names[0] if names else "")


def has_ended(one: Instance, container: str) -> bool:
    """Whether the container of an instance has ended for good."""
    return any(c.ended for c in one.containers if c.name == container)


def main_container(one: Instance) -> Container:
    """The container that runs the user's program; if that never started, the one that failed before."""
    main = one.main or Container(name="")
    failed = next((c for c in one.containers if c.init and c.exit_code), main)
    return failed if one.is_final and not (main.started or main.finished) else main


def execute(
    cluster: Cluster, one: Instance, command: Sequence[str], *, container: str, stdin: bool, tty: bool
) -> Terminal:
    """Start a command in an instance."""
    return cluster.exec(one.namespace, one.name, list(command), container, stdin=stdin, tty=tty)


def attach(cluster: Cluster, one: Instance, *, container: str, stdin: bool, tty: bool) -> Terminal:
    """Attach to the main program of an instance."""
    return cluster.attach(one.namespace, one.name, container, stdin=stdin, tty=tty)
