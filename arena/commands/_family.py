"""A family as commands see it, and a factory for the commands list and get of every family, such as crons."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from arena.commands import _complete, _console, _flags, _show
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.commands._request import Output
    from arena.kinds import family as kinds
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.model.partial import Partial, Unread
    from arena.session import Session
    from arena.views.noun import Noun

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Target = tuple[str, "Kind | None"]
"""The name of an object, and its kind if known."""


class FamilyCommands(ABC, Generic[T]):
    """A family as its commands see it: how to list, read and delete its objects.

    The methods import what they need when called, so that help and completion stay fast.
    """

    singular: str
    """What messages call one object: `cron`."""
    plural: str
    """What messages call several: `crons`."""
    command: str
    """The command that the verbs follow: `arena cron`."""
    metavar: str = "NAME"
    has_kinds: bool = False
    """Whether -T selects a kind."""
    kind_example: str = ""
    """An example for the help of -T: a kind and an alias."""

    @abstractmethod
    def noun(self) -> "Noun[T]":
        """How the objects are shown."""

    @abstractmethod
    def all(
        self, session: "Session", *, everywhere: bool, selector: str, kind: "Kind | None"
    ) -> "Partial[T]":
        """The objects of the namespace, or of all namespaces, and what could not be read."""

    def rows(self, session: "Session", **scope: Any) -> "Partial[T]":
        """The objects that `all` returns, reduced to what a table shows."""
        return self.all(session, **scope)

    def wide(self, session: "Session", **scope: Any) -> "Partial[T]":
        """The objects that `rows` returns, with what only a wide table shows."""
        return self.rows(session, **scope)

    @abstractmethod
    def one(self, session: "Session", name: str, kind: "Kind | None") -> T:
        """The object with that name, with everything that `get` shows."""

    @abstractmethod
    def events(self, session: "Session", value: T) -> "list[Event]":
        """The events about an object, the oldest first."""

    @abstractmethod
    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the object with that name; `removal` waits until it is gone."""

    def unread(self, value: T) -> "Sequence[Unread]":
        """What of the object that `one` returned could not be read."""
        return ()

    def names(self, session: "Session") -> list[str]:
        """The names that completion offers."""
        everything: dict[str, Any] = {"everywhere": False, "selector": "", "kind": None}
        found = self.all(session, **everything)
        return [self.target(one)[0] for one in found]

    def target(self, value: T) -> Target:
        """The arguments of `remove` for an object."""
        return self.noun().name(value), None

    def advise(self, values: Sequence[T]) -> None:
        """Print advice on stderr that the table or page of the objects does not contain."""

    def waiting(self) -> tuple[Callable[[Any], Any], ...]:
        """Flags of the commands that submit an object, if they can wait for what becomes of it."""
        return ()

    def stay(self, session: "Session", kind: "Kind", made: T, output: "Output") -> None:
        """Wait for a submitted object as these flags request, and print the result."""


class KindFamilyCommands(FamilyCommands[T]):
    """A family with kinds, each of which has a command that submits an object."""

    @abstractmethod
    def family(self) -> "kinds.Family":
        """The family of kinds."""


def kind_option(family: FamilyCommands[Any]) -> Callable[[F], F]:
    """`-T KIND`, if the family has several kinds."""
    if not isinstance(family, KindFamilyCommands) or not family.has_kinds:
        return lambda function: function
    example = f", such as {family.kind_example}" if family.kind_example else ""
    return _flags.kind_option_of(family.family, f"Select {family.plural} of this kind{example}.")


def _completer(family: FamilyCommands[Any]) -> Any:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        return _complete.found(ctx, family.names, incomplete)

    return complete


def name_argument(family: FamilyCommands[Any]) -> Callable[[F], F]:
    """The name of one object, completed from the cluster in use."""
    return click.argument("name", metavar=family.metavar, shell_complete=_completer(family))


def names_argument(family: FamilyCommands[Any], *, required: bool = False) -> Callable[[F], F]:
    """The names of several objects, completed from the cluster in use."""
    metavar, complete = f"{family.metavar}...", _completer(family)
    return click.argument("names", metavar=metavar, nargs=-1, required=required, shell_complete=complete)


# ---- list


def list_options(family: FamilyCommands[Any]) -> Callable[[F], F]:
    """The flags of `list`."""
    return _flags.decorated(
        _flags.everywhere_option,
        kind_option(family),
        _flags.selector_option(f"List only {family.plural} with these labels: a=b,c!=d."),
        _flags.output_option(default=None),
    )


def scope(everywhere: bool, selector: str, kind: "Kind | None" = None) -> dict[str, Any]:
    """The flags of `list` as `FamilyCommands.all` takes them."""
    return {"everywhere": everywhere, "selector": selector, "kind": kind}


def matching(
    session: "Session", family: FamilyCommands[Any], kind: "Kind | None", selector: str
) -> list[Target]:
    """Return the objects with these labels; print a remark if there are none."""
    found = family.rows(session, **scope(everywhere=False, selector=selector, kind=kind))
    _console.unread(found, form="name")
    targets = [family.target(one) for one in found]
    if not targets:
        _console.remark(f"no {family.singular} matches")
    return targets


def list_objects(session: "Session", family: FamilyCommands[Any], form: str | None, **flags: Any) -> None:
    """Print the objects that the flags select."""
    form = form or session.settings.text("output") or "table"
    read = family.all if form in ("json", "yaml") else family.wide if form == "wide" else family.rows
    found = read(session, **scope(**flags))
    _console.unread(found, form=form)
    _show.show(session, family.noun(), found, form, everywhere=flags["everywhere"])
    if form in ("table", "wide"):
        family.advise(found)


def list_command(family: FamilyCommands[Any], help: str) -> click.Command:
    """The command `list` of a family."""

    def function(session: "Session", **flags: Any) -> None:
        list_objects(session, family, **flags)

    return click.command("list", help=help)(list_options(family)(pass_session(function)))


# ---- get


def get_options(family: FamilyCommands[Any], *formats: str) -> Callable[[F], F]:
    """The argument and the flags of `get`; `formats` are output formats that only this family has."""
    return _flags.decorated(
        name_argument(family),
        kind_option(family),
        click.option("-e", "--events", "with_events", is_flag=True, help="Include events."),
        _flags.output_option(*_flags.FORMATS, *formats),
    )


def get_object(
    session: "Session",
    family: FamilyCommands[Any],
    name: str,
    with_events: bool,
    form: str,
    kind: "Kind | None" = None,
) -> None:
    """Print one object."""
    from arena.actions import readings
    from arena.resources import EVENTS

    found = family.one(session, name, kind)
    read = partial(family.events, session, found)
    events = readings.optional(EVENTS, readings.EVENTS, read) if with_events else None
    _console.missing([*family.unread(found), *(events.unread if events is not None else ())])
    _show.show_one(session, family.noun(), found, form, events)
    if form in ("table", "wide"):
        family.advise([found])


def get_command(family: FamilyCommands[Any], help: str) -> click.Command:
    """The command `get` of a family."""

    def function(session: "Session", **flags: Any) -> None:
        get_object(session, family, **flags)

    return click.command("get", help=help)(get_options(family)(pass_session(function)))
