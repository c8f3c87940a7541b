"""Options that only some kinds of servings have, for a command that learns the kind from the cluster."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from arena.errors import SpecError
from arena.kinds.spec import Option, option_called, options

if TYPE_CHECKING:
    from arena.kinds.kind import Kind

_GIVEN = "arena.kind-options"


def accepted(spec: type) -> Any:
    """Return a decorator that adds the options of all kinds that this Spec lacks; help omits them."""
    known = {flag for one in options(spec) for flag in (*one.flags, *one.old)}

    def decorate(function: Any) -> Any:
        for flag, one in _others(known).items():
            function = _hidden(flag, one)(function)
        return function

    return decorate


def _others(known: set[str]) -> dict[str, Option]:
    """Flag -> an option that has it; all kinds write its values in the same way."""
    return {flag: one for flag, one in _flags() if flag not in known}


def _flags() -> Iterator[tuple[str, Option]]:
    from arena import kinds
    from arena.kinds.serving import FAMILY

    for kind in kinds.of(FAMILY):
        yield from ((flag, one) for one in options(kind.spec) for flag in (*one.flags, *one.old))


def _hidden(flag: str, one: Option) -> Any:
    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value not in (None, ()):
            ctx.meta.setdefault(_GIVEN, {})[flag] = value

    name = f"kind_{flag.strip('-').replace('-', '_')}"
    more: dict[str, Any] = {"hidden": True, "expose_value": False, "callback": keep, "default": None}
    if one.type.boolean:
        return click.option(name, f"{flag}/--no-{flag.lstrip('-')}", **more)
    return click.option(name, flag, multiple=one.type.multiple, metavar=one.type.metavar, **more)


def given(ctx: click.Context) -> dict[str, Any]:
    """The values of such options on the command line, by their flags."""
    found: dict[str, Any] = ctx.meta.get(_GIVEN, {})
    return found


def of(kind: "Kind", flags: Mapping[str, Any]) -> dict[str, Any]:
    """The values of flags, by field of a kind; raises SpecError if it lacks one."""
    found: dict[str, Any] = {}
    for flag, value in flags.items():
        try:
            found[option_called(kind.spec, flag).name] = value
        except SpecError as error:
            raise SpecError(
                f"a serving of the kind {kind.name} has no option {flag}",
                f"arena serve update {kind.name} --help lists those that it has",
            ) from error
    return found
