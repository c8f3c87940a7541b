"""The options of a Spec as click options, and back: what the user gave, as `spec.parse` takes it."""

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Any

import click

from arena.commands import _complete
from arena.errors import SpecError
from arena.kinds import forms
from arena.kinds.spec import Option, options

_FILES = ("FILE", "DIR", "/HOST")
"""How metavars begin where something of this machine is named."""
_OLD = "arena.old-spellings"


class SpecCommand(click.Command):
    """A command that reads flags as the Go arena does.

    A switch takes a value only after `=` (`--gang=false`), so does an option whose value may be left
    out (`--dry-run=server`), and a short option may have one there too (`-e=A=1`).
    """

    sections: Mapping[str, str] = {}
    heading = "Options of submit"
    """Over the options that no section has."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options in sections; each option's section is in `sections`, by its name."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record:
                rows.setdefault(self.sections.get(param.name or "", self.heading), []).append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite all that into click's own spellings; a value that follows its option stays as it is."""
        known = {word: one for one in self.params if isinstance(one, click.Option) for word in one.opts}
        found: list[str] = []
        rest = iter(args)
        for word in rest:
            name, sign, value = word.partition("=")
            one = known.get(name)
            if word == "--":
                found += [word, *rest]
            elif one is None:
                found.append(word)
            elif one.is_flag:
                found += _switch(ctx, one, name, value) if sign else [word]
            elif not sign:
                found += [f"{word}={one.flag_value}"] if _is_optional(one) else [word, *islice(rest, 1)]
            else:
                found += [word] if name.startswith("--") else [name, value]
        return super().parse_args(ctx, found)


def _is_optional(one: click.Option) -> bool:
    """Whether its value may be left out; click itself would then take the next word for it."""
    return isinstance(one.flag_value, str)


def _switch(ctx: click.Context, one: click.Option, name: str, value: str) -> list[str]:
    try:
        return [name] if forms.boolean(value) else one.secondary_opts[:1]
    except SpecError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", ctx, one) from error


def spec_options(spec: type, without: Collection[str] = ()) -> Callable[[Any], Any]:
    """A decorator: the options of the Spec, and hidden ones for their deprecated spellings.

    Args:
        without: fields that are no options of this command.
    """

    def decorate(function: Any) -> Any:
        for one in reversed([one for one in options(spec) if one.name not in without]):
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
        one.name,
        *words,
        multiple=one.form.multiple,
        metavar=one.form.metavar,
        help=_help(one),
        shell_complete=_completer(one.form),
    )


def _completer(form: forms.Form) -> Any:
    """What TAB offers for values: the words that are allowed, or files."""
    if form.choices:
        return _complete.values(*form.choices)
    return _complete.files if form.metavar.startswith(_FILES) else None


def _help(one: Option) -> str:
    plain = isinstance(one.default, (str, int)) and one.default
    notes = [f"default: {one.default}"] * bool(plain and not one.required)
    notes += ["repeatable"] * one.form.multiple
    return one.help + "".join(f"  [{note}]" for note in notes)


def _old(one: Option, word: str) -> Callable[[Any], Any]:
    """A deprecated spelling; its value joins that of the option proper."""

    def remark(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value not in (None, ()):
            click.echo(f"Flag {word} has been deprecated, please use {one.flag} instead", err=True)
            ctx.meta.setdefault(_OLD, []).append((one.name, value))

    return click.option(
        f"{one.name}_{word.strip('-')}",
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
