"""The Python stacks of the processes of a job."""

from collections.abc import Sequence

from arena.tuples import NamedTuple
from arena.values import frozen


class Frame(NamedTuple):
    """A call on a stack."""

    function: str
    file: str
    line: int


class Thread(NamedTuple):
    """A thread of a process, with its stack."""

    name: str
    frames: tuple[Frame, ...]
    """The innermost first."""


@frozen
class Process:
    """A Python process of an instance."""

    instance: str
    """The short name of the instance: `worker-1`."""
    pid: int
    program: str
    """The name of its script or module."""
    rank: int | None = None
    """Its rank in the world that trains together; None if it has none, such as a helper of a rank."""
    helps: int | None = None
    """The rank of the process that started it."""
    threads: tuple[Thread, ...] = ()
    """Empty if its stack could not be read."""
    state: str = ""
    """What the kernel reports of its main thread: `sleeping in futex_wait`."""
    error: str = ""
    """Why there is no stack."""

    @property
    def main(self) -> Thread | None:
        """The main thread, or the first one with a stack."""
        alive = [one for one in self.threads if one.frames]
        return next((one for one in alive if one.name == "MainThread"), alive[0] if alive else None)


@frozen
class Stacks:
    """The stacks of all processes of a job at one moment."""

    name: str
    namespace: str
    processes: tuple[Process, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """Instances whose processes could not be seen, and why."""
    advice: tuple[str, ...] = ()
    """What is missing, and how to get it."""


@frozen
class Group:
    """Processes with the same stacks."""

    processes: tuple[Process, ...]
    threads: tuple[Thread, ...]

    @property
    def ranks(self) -> list[int]:
        """The ranks of its processes."""
        return sorted({one.rank for one in self.processes if one.rank is not None})


def groups(processes: Sequence[Process], *, threads: bool = False) -> list[Group]:
    """Processes by their stacks, the largest group first, so that those that differ from it come last.

    Args:
        threads: whether to compare all threads, not only the main ones.
    """
    found: dict[object, list[Process]] = {}
    for one in processes:
        left = () if one.main else (one.state, one.error)
        found.setdefault((one.program, _compared(one, threads), left), []).append(one)
    made = [Group(processes=tuple(same), threads=_compared(same[0], threads)) for same in found.values()]
    return sorted(
        made, key=lambda group: (bool(group.threads), -len(group.processes), group.ranks[:1] or [1 << 30])
    )


def _compared(one: Process, threads: bool) -> tuple[Thread, ...]:
    if threads:
        return tuple(thread for thread in one.threads if thread.frames)
    return (one.main._replace(name=""),) if one.main else ()
