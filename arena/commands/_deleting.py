"""A factory for the command delete of every family, such as crons."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _bulk, _flags
from arena.commands._family import FamilyCommands, Target, kind_option, matching, names_argument
from arena.commands._globals import pass_session
from arena.errors import Conflict, NotFound, SpecError

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.kinds.kind import Kind
    from arena.session import Session

F = TypeVar("F", bound=Callable[..., Any])


def delete_options(family: FamilyCommands[Any]) -> Callable[[F], F]:
    """The arguments and the flags of `delete`."""
    return _flags.decorated(
        names_argument(family),
        kind_option(family),
        click.option(
            "--all", "everything", is_flag=True, help=f"Delete all {family.plural} of the namespace."
        ),
        _flags.selector_option(f"Delete the {family.plural} with these labels."),
        click.option("-y", "--yes", is_flag=True, help="Skip confirmation."),
        _flags.patience_option,
    )


def delete_objects(
    session: "Session",
    family: FamilyCommands[Any],
    names: tuple[str, ...],
    timeout: float,
    kind: "Kind | None" = None,
    **chosen: Any,
) -> int:
    """Delete the named or selected objects; return the exit code."""
    if names and (chosen["everything"] or chosen["selector"]):
        raise SpecError("names are mutually exclusive with --all and -l", "give one of them")
    targets = [(name, kind) for name in dict.fromkeys(names)] or _selected(session, family, kind, **chosen)

    def act(removal: "Removal", target: Target) -> None:
        family.remove(removal, target[0], session.namespace, target[1])

    return _bulk.deleted(session, targets, act, timeout)


def _selected(
    session: "Session",
    family: FamilyCommands[Any],
    kind: "Kind | None",
    everything: bool,
    selector: str,
    yes: bool,
) -> list[Target]:
    """Return the objects that --all or -l selects, after confirmation."""
    if not everything and not selector:
        raise SpecError(f"no {family.singular} given", f"name {family.plural}, or give -l LABELS or --all")
    targets = matching(session, family, kind, selector)
    _check_deletable(session, family, targets)
    if targets and not yes:
        if not sys.stdin.isatty():
            count = f"1 {family.singular}" if len(targets) == 1 else f"{len(targets)} {family.plural}"
            raise SpecError(f"{count} would be deleted and there is no terminal to confirm on", "add -y")
        names = ", ".join(name for name, _ in targets)
        _flags.agreed(f"Delete {names} in namespace {session.namespace}?")
    return targets


def _check_deletable(session: "Session", family: FamilyCommands[Any], targets: Sequence[Target]) -> None:
    """Check, before anything is deleted, that the cluster allows deleting objects of each kind.

    Raises:
        NotAllowed: it does not.
    """
    from arena.actions.deletion import Removal

    trial = Removal(session.cluster(), dry_run=True)
    for name, kind in {kind and kind.name: (name, kind) for name, kind in targets}.values():
        with suppress(NotFound, Conflict):
            family.remove(trial, name, session.namespace, kind)


def delete_command(family: FamilyCommands[Any], help: str) -> click.Command:
    """The command `delete` of a family."""

    def function(session: "Session", **flags: Any) -> int:
        return delete_objects(session, family, **flags)

    return click.command("delete", help=help)(delete_options(family)(pass_session(function)))
