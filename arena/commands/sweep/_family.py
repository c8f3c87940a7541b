"""Sweeps, as the commands list, get and delete see them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete
from arena.commands._family import FamilyCommands
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.model.partial import Partial, Unread
    from arena.model.sweeps import Sweep
    from arena.session import Session
    from arena.views.noun import Noun


class Sweeps(FamilyCommands["Sweep"]):
    """The family of sweeps."""

    singular = "sweep"
    plural = "sweeps"
    command = "arena sweep"

    def noun(self) -> "Noun[Sweep]":
        """How sweeps are shown."""
        from arena.views.sweeps import SWEEPS

        return SWEEPS

    def all(self, session: "Session", **scope: Any) -> "Partial[Sweep]":
        """The sweeps that `arena.sweeps.sweeps` returns."""
        from arena.actions.sweeps import find

        return find.sweeps(session, **scope)

    def one(self, session: "Session", name: str, kind: "Kind | None") -> "Sweep":
        """The sweep with its trials."""
        from arena.actions.sweeps import find

        return find.sweep(session, name)

    def unread(self, value: "Sweep") -> "Sequence[Unread]":
        """Such as its trials."""
        return value.unread

    def names(self, session: "Session") -> list[str]:
        """The names of sweeps, without reading their trials."""
        from arena.actions.sweeps import find

        return find.names(session)

    def events(self, session: "Session", value: "Sweep") -> "list[Event]":
        """The events about the sweep itself."""
        from arena.actions.sweeps import find

        return find.events(session, value)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the sweep and its trials."""
        from arena.actions.sweeps import delete

        return delete.remove(removal, name, namespace)


SWEEPS = Sweeps()


def _trials(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The numbers of the trials of the sweep on the command line, or their names if one is begun."""
    from arena.errors import ArenaError

    def read(session: "Session") -> list[str]:
        from arena.actions.sweeps import find

        name = ctx.params.get("name") or next(iter(ctx.args), "")
        try:
            trials = find.sweep(session, name).trials
        except ArenaError:
            return []
        named = [one.name for one in trials]
        return (
            named
            if incomplete and not incomplete.isdigit()
            else ["best", *(str(one.number) for one in trials)]
        )

    return _complete.found(ctx, read, incomplete)


def _contenders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return _complete.found(ctx, SWEEPS.names, incomplete)


contenders_argument = click.argument(
    "words", metavar="SWEEP [TRIAL...]...", nargs=-1, required=True, shell_complete=_contenders
)
"""Sweeps, and numbers of trials after each."""


def values_of(words: Sequence[str]) -> dict[str, str]:
    """The values of `--set PARAM=VALUE`; raises SpecError if one is given twice."""
    given = dict(one.split("=", 1) for one in words)
    if len(given) < len(words):
        raise SpecError("--set: a parameter is given twice", "give it once")
    return given


def trial_argument(default: str, required: bool = False) -> Callable[[Any], Any]:
    """The number or the name of a trial."""
    return click.argument(
        "trial", metavar="[TRIAL]", required=required, default=default, shell_complete=_trials
    )
