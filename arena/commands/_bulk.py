"""Apply an operation to several objects, try each one, and return the exit code of the worst error."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from arena.commands import _console
from arena.commands._progress import Live
from arena.errors import ArenaError, NotFound, SpecError, Unreachable

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.session import Session

T = TypeVar("T")
Target = tuple[str, "Kind | None"]
"""The name of a job, and its kind if it is known."""


def each(targets: Iterable[T], act: Callable[[T], object]) -> int:
    """Call `act` with each target and print its errors; return the exit code, 3 if any was missing.

    Raises:
        Unreachable: the cluster does not answer, so the rest is not tried.
    """
    failed: set[int] = set()
    for one in targets:
        try:
            act(one)
        except ArenaError as error:
            from arena.actions.readings import Hidden

            if isinstance(error, Unreachable) and not isinstance(error, Hidden):
                raise
            failed.add(error.exit_code)
            _console.error(error)
    return NotFound.exit_code if NotFound.exit_code in failed else max(failed, default=0)


def deleted(
    session: "Session",
    targets: Iterable[T],
    act: "Callable[[Removal, T], object]",
    within: float,
    quiet: bool = False,
) -> int:
    """Delete each target, and print its name once it is gone; return the exit code.

    At the end, wait for objects that finalizers hold, and show these finalizers meanwhile.

    Args:
        within: seconds to wait.
        quiet: do not print the names.

    Raises:
        TimedOut: a finalizer still holds an object.
    """
    from arena.actions.deletion import Removal

    _console.remark(f"using {session.describe()}")
    with Live() as live:

        def tell(title: str) -> None:
            live.clear()
            _console.line(f"{title} deleted")

        removal = Removal(session.cluster(), (lambda title: None) if quiet else tell)
        code = each(targets, lambda one: act(removal, one))
        removal.wait(within, live.show)
    return code


def named(names: Iterable[str], kind: "Kind | None") -> list[Target]:
    """Return the jobs that the command line names, without duplicates.

    Raises:
        SpecError: it names none.
    """
    found = [(name, kind) for name in dict.fromkeys(names)]
    if not found:
        raise SpecError("no job given", "name one or more; arena list shows them")
    return found


def change(
    session: "Session",
    targets: list[Target],
    act: "Callable[..., Job]",
    done: str,
    already: str,
) -> int:
    """Change each job and print the result; return the exit code.

    Args:
        act: a function of `arena.actions.jobs.suspend`, such as `suspend`.
        done: what to print after the name of a changed job, such as `suspended`.
        already: the same for a job that needed no change.
    """
    _console.remark(f"using {session.describe()}")

    def tell(target: Target) -> None:
        name, kind = target
        same: list[Job] = []
        job = act(session, name, kind=kind, unchanged=same.append)
        _console.line(f"{job.kind} {job.name} {already if same else done}", err=bool(same))

    return each(targets, tell)
