"""The options of a Spec as click options, and back: what the user gave, as `spec.parse` takes it."""

from collections.abc import Callable
from typing import Any

import click

from arena.kinds.spec import Option, options

_OLD = "arena.old-spellings"


class SpecCommand(click.Command):
    """A command whose switches take a value after `=` (`--gang=false`), and short options too (`-e=A=1`)."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite both into click's own spellings; the value that follows an option stays as it is."""
        switches = {word: one for one in self.params if _is_switch(one) for word in one.opts}
        taking = {word for one in self.params if not _is_switch(one) for word in one.opts if word[:1] == "-"}
        found: list[str] = []
        rest = iter(args)
        for word in rest:
            name, sign, value = word.partition("=")
            if word == "--":
                found += [word, *rest]
            elif word in taking:
                found += [word, *([] if (after := next(rest, None)) is None else [after])]
            elif sign and name in switches:
                found += [name] if _truth(ctx, name, value) else [f"--no-{name.lstrip('-')}"]
            elif sign and len(name) == 2 and name in taking:
                found += [name, value]
            else:
                found.append(word)
        return super().parse_args(ctx, found)


def _is_switch(one: click.Parameter) -> bool:
    return isinstance(one, click.Option) and one.is_flag and bool(one.secondary_opts)


def _truth(ctx: click.Context, name: str, value: str) -> bool:
    return bool(click.BOOL.convert(value, click.Option([name]), ctx))


def spec_options(spec: type) -> Callable[[Any], Any]:
    """A decorator: the options of the Spec, and hidden ones for their deprecated spellings."""

    def decorate(function: Any) -> Any:
        for one in reversed(options(spec)):
            for old in one.old:
                function = _old(one, old)(function)
            function = _new(one)(function)
        return function

    return decorate


def _new(one: Option) -> Callable[[Any], Any]:
    if one.form.positional:
        return click.argument(one.name, nargs=-1, metavar=f"{one.form.metavar}...")
    if one.form.boolean:
        both = [f"{flag}/--no-{flag.lstrip('-')}" for flag in one.flags]
        return click.option(one.name, *both, default=None, help=_help(one))
    words = (one.short, *one.flags) if one.short else one.flags
    return click.option(
        one.name, *words, multiple=one.form.multiple, metavar=one.form.metavar, help=_help(one)
    )


def _help(one: Option) -> str:
    plain = isinstance(one.default, (str, int)) and one.default
    notes = ["required"] * one.required + [f"default: {one.default}"] * bool(plain and not one.required)
    notes += ["repeatable"] * one.form.multiple
    return one.help + "".join(f"  [{note}]" for note in notes)


def _old(one: Option, word: str) -> Callable[[Any], Any]:
    """A deprecated spelling; its value joins that of the option proper."""

    def remark(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value not in (None, ()):
            click.echo(f"Flag {word} has been deprecated, please use {one.flag} instead", err=True)
            ctx.meta.setdefault(_OLD, []).append((one.name, value))

    return click.option(
        f"{one.name}_{word.strip('-').lower()}",
        word,
        hidden=True,
        expose_value=False,
        multiple=one.form.multiple,
        callback=remark,
    )


def given(ctx: click.Context, spec: type) -> dict[str, Any]:
    """What the user gave on the command line, by field; nothing for what was not given.

    Where an option was given in its new and in its old spelling, lists are joined and the old one's
    single value counts.
    """
    found: dict[str, Any] = {}
    old = ctx.meta.get(_OLD, [])
    for one in options(spec):
        values = [ctx.params.get(one.name), *(value for name, value in old if name == one.name)]
        values = [value for value in values if value not in (None, ())]
        if not values:
            continue
        if one.form.multiple:
            found[one.name] = tuple(item for value in values for item in value)
        elif one.form.positional:
            found[one.name] = " ".join(values[0])
        else:
            found[one.name] = values[-1]
    return found
