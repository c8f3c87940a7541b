"""The options of a Spec as click options, and the given values as `spec.parse` takes them."""

import shlex
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from operator import length_hint
from typing import Any

import click

from arena.commands import _complete, _console
from arena.errors import SpecError
from arena.kinds import option_types, shell
from arena.kinds.spec import Option, options

_FILES = ("FILE", "DIR", "/HOST")
"""Beginnings of metavars that stand for files of this machine."""
_OLD = "arena.old-spellings"


class SpecCommand(click.Command):
    """A command that reads flags as the Go arena does.

    A switch takes a value only after `=` (`--gang=false`), and so does an option with an optional value
    (`--dry-run=server`). The value of a short option may follow `=`, too (`-e=A=1`).
    """

    sections: Mapping[str, str] = {}
    heading = "Options of submit"
    """The title of the options that have no section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options in sections; `sections` maps the name of an option to its section."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record:
                rows.setdefault(self.sections.get(param.name or "", self.heading), []).append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite these into click's own spellings; a value that follows its option stays unchanged.

        An unknown option after the first word of the command probably belongs to the command.
        """
        known = {word: one for one in self.params if isinstance(one, click.Option) for word in one.opts}
        found: list[str] = []
        begun: list[str] = []
        rest = iter(args)
        for word in rest:
            name, sign, value = word.partition("=")
            one = known.get(name)
            if word == "--":
                found += [word, *rest]
            elif one is None:
                begun = begun or ([] if word.startswith("-") else args[len(args) - length_hint(rest) - 1 :])
                found.append(word)
            elif one.is_flag:
                found += _switch(ctx, one, name, value) if sign else [word]
            elif not sign:
                found += [f"{word}={one.flag_value}"] if _is_optional(one) else [word, *islice(rest, 1)]
            else:
                found += [word] if name.startswith("--") else [name, value]
        try:
            return super().parse_args(ctx, found)
        except click.NoSuchOption as error:
            if not any(word.startswith(error.option_name) for word in begun):
                raise
            hint = "if it belongs to your command, quote the whole command, or put -- before it"
            text = f"{error.format_message().rstrip('.')}; {hint} and options of arena before that"
            raise click.UsageError(f"{text}: -- {shlex.join(begun)}", ctx) from error


def _is_optional(one: click.Option) -> bool:
    """Whether its value is optional; click itself would then use the next word as the value."""
    return isinstance(one.flag_value, str)


def _switch(ctx: click.Context, one: click.Option, name: str, value: str) -> list[str]:
    try:
        return [name] if option_types.boolean(value) else one.secondary_opts[:1]
    except SpecError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", ctx, one) from error


def spec_options(spec: type, without: Collection[str] = ()) -> Callable[[Any], Any]:
    """Return a decorator that adds the options of the Spec, and hidden ones for deprecated spellings.

    Args:
        without: fields that are not options of this command.
    """

    def decorate(function: Any) -> Any:
        for one in reversed([one for one in options(spec) if one.name not in without]):
            for old in one.old:
                function = _old(one, old)(function)
            if one.type.positional and one.flags:
                function = _besides(one)(function)
            function = _new(one)(function)
        return function

    return decorate


def _new(one: Option) -> Callable[[Any], Any]:
    if one.type.positional:
        metavar, files = f"{one.type.metavar}...", _complete.files
        return click.argument(one.name, nargs=-1, metavar=metavar, shell_complete=files)
    if one.type.boolean:
        both = [f"{flag}/--no-{flag.lstrip('-')}" for flag in one.flags]
        return click.option(one.name, *both, default=None, help=_help(one))
    words = (one.short, *one.flags) if one.short else one.flags
    return click.option(
        one.name,
        *words,
        multiple=one.type.multiple,
        metavar=one.type.metavar,
        help=_help(one),
        shell_complete=_completer(one.type),
    )


def besides(name: str) -> str:
    """The name of the parameter for the flag that gives a positional option."""
    return f"{name}_flag"


def _besides(one: Option) -> Callable[[Any], Any]:
    """The flag that gives a positional option, if it is not given by its position."""

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.meta.setdefault(_OLD, []).append((one.name, (value,)))

    about, metavar = f"{one.type.metavar}, unless words without a flag give it", one.type.metavar
    return click.option(
        besides(one.name), *one.flags, metavar=metavar, help=about, expose_value=False, callback=keep
    )


def _completer(type: option_types.OptionType) -> Any:
    """What TAB completes as values: the allowed words, or files."""
    if type is option_types.SECRETS:
        return _complete.variables
    if type.choices:
        return _complete.values(*type.choices)
    return _complete.files if type.metavar.startswith(_FILES) else None


def _help(one: Option) -> str:
    plain = isinstance(one.default, (str, int)) and one.default
    shown = str(one.default).lower() if one.type.boolean else one.default
    notes = [f"default: {shown}"] * bool(plain and not one.required)
    notes += ["repeatable"] * one.type.multiple
    return one.help + "".join(f"  [{note}]" for note in notes)


def _old(one: Option, word: str) -> Callable[[Any], Any]:
    """A deprecated spelling, whose value is merged into that of the option."""

    def remark(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value not in (None, ()):
            _console.remark(f"Flag {word} has been deprecated, please use {one.flag} instead")
            ctx.meta.setdefault(_OLD, []).append((one.name, value))

    return click.option(
        f"{one.name}_{word.strip('-').replace('-', '_')}",
        word,
        hidden=True,
        expose_value=False,
        multiple=one.type.multiple,
        callback=remark,
    )


def given(ctx: click.Context, spec: type) -> dict[str, Any]:
    """Return the values given on the command line, by field.

    If an option was given in its new and its old spelling, lists are joined; of single values, that of the
    old spelling wins.
    """
    found: dict[str, Any] = {}
    old = ctx.meta.get(_OLD, [])
    for one in options(spec):
        values = [ctx.params.get(one.name), *(value for name, value in old if name == one.name)]
        values = [value for value in values if value not in (None, ())]
        if not values:
            continue
        if one.type.multiple:
            found[one.name] = tuple(item for value in values for item in value)
        elif one.type.positional:
            found[one.name] = shell.command_line(values[0])
        else:
            found[one.name] = values[-1]
    return found
