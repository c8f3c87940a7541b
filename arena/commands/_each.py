"""One thing done to each of several jobs: each name is tried, and the exit code tells of the worst."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import click

from arena.errors import ArenaError, NotFound, SpecError, Unreachable

if TYPE_CHECKING:
    from arena.actions.changes import Changed
    from arena.kinds.kind import Kind
    from arena.session import Session

T = TypeVar("T")
Target = tuple[str, "Kind | None"]
"""A job's name, and its kind where it is known."""


def each(targets: Iterable[T], act: Callable[[T], None]) -> int:
    """Do it to every one, telling what goes wrong with one; the exit code, 3 where any was missing.

    Raises:
        Unreachable: the cluster does not answer, so the others need not be tried.
    """
    failed: set[int] = set()
    for one in targets:
        try:
            act(one)
        except Unreachable:
            raise
        except ArenaError as error:
            failed.add(error.exit_code)
            click.echo(f"Error: {error.message}" + (f"\nHint: {error.hint}" if error.hint else ""), err=True)
    return NotFound.exit_code if NotFound.exit_code in failed else max(failed, default=0)


def named(names: Iterable[str], kind: "Kind | None") -> list[Target]:
    """The jobs that the line names, each once.

    Raises:
        SpecError: it names none.
    """
    found = [(name, kind) for name in dict.fromkeys(names)]
    if not found:
        raise SpecError("no job is named", "name one or more; arena list shows them")
    return found


def matching(session: "Session", kind: "Kind | None", selector: str) -> list[Target]:
    """The jobs with these labels; says so where there is none."""
    from arena import kinds
    from arena.actions import overview

    jobs = overview.jobs(session.cluster(), session.namespace, kind=kind, selector=selector)
    if not jobs:
        click.echo("no job matches", err=True)
    # Two kinds may each have a job of the same name.
    return [(job.name, kinds.find(job.kind)) for job in jobs]


def change(
    session: "Session",
    targets: list[Target],
    act: "Callable[[str, Kind | None], Changed]",
    done: str,
    already: str,
) -> int:
    """Change each job and say what became of it; the exit code.

    Args:
        done: what is said of a job after its name, such as `suspended`.
        already: the same where there was nothing to change.
    """
    click.echo(f"using {session.describe()}", err=True)

    def tell(target: Target) -> None:
        found = act(*target)
        job = found.job
        click.echo(f"{job.kind} {job.name} {done if found.done else already}", err=not found.done)

    return each(targets, tell)
