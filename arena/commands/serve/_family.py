"""Servings, as commands see them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _complete, _flags
from arena.commands._family import KindFamilyCommands, Target
from arena.errors import aimed

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.commands._request import Output
    from arena.kinds.family import Family
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.model.partial import Partial, Unread
    from arena.model.servings import Serving
    from arena.session import Session
    from arena.views.noun import Noun

F = TypeVar("F", bound=Callable[..., Any])


def patience_of(*words: str) -> Callable[[F], F]:
    """The time limit of `--wait`, with these spellings."""
    return click.option(
        "patience", *words, default=None, metavar="TIME", callback=_flags.duration,
        help="With --wait: give up after this time, such as 90s or 2h.",
    )  # fmt: skip


class Servings(KindFamilyCommands["Serving"]):
    """The family of servings.

    Args:
        version: the version that the commands mean; "" for any.
    """

    singular = "serving"
    plural = "servings"
    command = "arena serve"
    has_kinds = True
    kind_example = "custom or triton"

    def __init__(self, version: str = "") -> None:
        self.version = version

    def family(self) -> "Family":
        """The family of the kinds of servings."""
        from arena.kinds.serving import FAMILY

        return FAMILY

    def noun(self) -> "Noun[Serving]":
        """How servings are shown."""
        from arena.views.servings import SERVINGS

        return SERVINGS

    def all(self, session: "Session", **scope: Any) -> "Partial[Serving]":
        """The servings with their instances and addresses."""
        from arena.actions.serving import listing

        return listing.servings(session, **scope)

    def names(self, session: "Session") -> list[str]:
        """The names of the servings, without reading their pods."""
        from arena.actions.serving import find

        return find.names(session)

    def one(self, session: "Session", name: str, kind: "Kind | None") -> "Serving":
        """The serving with its instances and its address."""
        from arena.actions.serving import find

        return find.serving(session, name, version=self.version, kind=kind, details=True)

    def unread(self, value: "Serving") -> "Sequence[Unread]":
        """Such as its pods."""
        return value.unread

    def events(self, session: "Session", value: "Serving") -> "list[Event]":
        """The events about the serving and its pods."""
        from arena.actions import workloads

        return workloads.events(session, value)

    def remove(self, removal: "Removal", name: str, namespace: str, kind: "Kind | None") -> object:
        """Delete the serving."""
        from arena.actions.serving import delete

        name, _, version = name.partition("@")
        return delete.remove(removal, name, namespace, version or self.version, kind)

    def waiting(self) -> tuple[Callable[[Any], Any], ...]:
        """`--wait`, and a time limit whose name differs from the `--timeout` for requests of some kinds."""
        return (
            click.option("--wait", "stays", is_flag=True,
                         help="Wait until it answers; exit 7 if the cluster gives it up."),
            patience_of("--wait-timeout"),
        )  # fmt: skip

    def stay(self, session: "Session", kind: "Kind", made: "Serving", output: "Output") -> None:
        """Wait until it is ready."""
        from arena.commands.serve import _waiting

        name, place = made.object_name, made.namespace
        goes_on = f"the serving stays; to end it, run: arena serve delete {aimed(name, place)}"
        _waiting.stay(session, made, output.patience, goes_on, quiet=bool(output.form))

    def target(self, value: "Serving") -> Target:
        """The name with the version, and the kind of the serving."""
        from arena import kinds

        return f"{value.name}@{value.version}".rstrip("@"), kinds.find(value.kind, self.family())


SERVINGS = Servings()


def completed_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of servings in the cluster in use."""
    return _complete.found(ctx, SERVINGS.names, incomplete)


def _versions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    def known(session: "Session") -> list[str]:
        from arena.actions.serving import find

        return find.versions(session, str(ctx.params.get("name") or ""))

    return _complete.found(ctx, known, incomplete)


def version_option(function: F) -> F:
    """`-v VERSION` of commands about one serving."""
    return click.option(
        "-v", "--version", "version", default="", metavar="VERSION", shell_complete=_versions,
        callback=_flags.validated("label"),
        help="Version of the serving, if it has several.",
    )(function)  # fmt: skip
