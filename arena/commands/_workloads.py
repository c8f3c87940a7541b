"""The commands of a family that needs no actions but those of every workload."""

from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _console, _flags
from arena.commands._family import KindFamilyCommands, Target, kind_option, name_argument
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.actions.workloads import Workload
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.model.partial import Partial
    from arena.session import Session

T = TypeVar("T", bound="Workload")


class Workloads(KindFamilyCommands[T]):
    """A family that uses `arena.actions.workloads`; it only defines its kinds and its noun."""

    def all(self, session: "Session", **scope: Any) -> "Partial[T]":
        """The objects with their pods."""
        from arena.actions import workloads

        return workloads.workloads(session, self.family(), **scope)

    def names(self, session: "Session") -> list[str]:
        """The names of the objects, without reading their pods."""
        from arena.actions import workloads

        return workloads.names(session, self.family())

    def one(self, session: "Session", name: str, kind: "Kind | None") -> T:
        """The object with its pods."""
        from arena.actions import workloads

        found: T = workloads.workload(session, self.family(), name, kind=kind)
        return found

    def events(self, session: "Session", value: T) -> "list[Event]":
        """The events about the object and its pods."""
        from arena.actions import workloads

        return workloads.events(session, value)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the object."""
        from arena.actions import workloads

        return workloads.remove(removal, self.family(), name, namespace, kind)

    def target(self, value: T) -> Target:
        """The name and the kind of the object."""
        from arena import kinds

        return value.name, kinds.find(value.kind, self.family())


def logs_command(family: Workloads[Any], help: str) -> click.Command:
    """The command `logs` of a family."""

    @click.command("logs", help=help)
    @name_argument(family)
    @kind_option(family)
    @_flags.instance_option
    @_flags.container_option
    @click.option("-t", "--tail", type=click.IntRange(min=0), metavar="N",
                  help="Show the last N lines of each instance.")  # fmt: skip
    @click.option("--timestamps", "stamps", is_flag=True, help="Show the time of each line.")
    @pass_session
    def command(
        session: "Session", name: str, stamps: bool, kind: "Kind | None" = None, **wanted: Any
    ) -> None:
        from arena.actions import workloads
        from arena.actions.jobs.logs.lines import Options
        from arena.commands._log_printer import Sink

        found = workloads.as_job(family.one(session, name, kind))
        sink, empty = Sink(prefix=False if wanted["instance"] else None, stamps=stamps), True
        sink.learn(found)
        for block in workloads.logs(session, found, Options(**wanted)):
            sink.write(block)
            empty = False
        if empty:
            _console.remark(f'no logs of "{name}" yet')

    return command
