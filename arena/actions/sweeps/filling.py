"""Fill the placeholders in the options of a job, before these are read as values of their types."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from arena.actions.submit.request import Request
from arena.errors import SpecError
from arena.kinds import levels, shell
from arena.kinds.option_types import ENV
from arena.kinds.spec import Option, plain, spellings
from arena.kinds.sweeps import placeholders
from arena.kinds.sweeps.file_templates import FileTemplate
from arena.kinds.sweeps.holes import hole
from arena.kinds.sweeps.placeholders import PARENT, TRIAL, Fill, Filling, is_plain
from arena.search.assignments import Assignments, shown
from arena.search.parameters import Parameter
from arena.search.space import Space
from arena.values import replace

_FIX = "write {{%s}} for the text {%s}"


def check(
    request: Request,
    parameters: Sequence[Parameter],
    *,
    typed: bool = False,
    files: Mapping[str, FileTemplate] | None = None,
) -> None:
    """Check that each placeholder is a parameter, and that each parameter has a placeholder.

    Args:
        typed: whether placeholders may be in options that take no text, such as `workers`, and whether
            `{parent}` has a meaning.
        files: the config files with placeholders, by their paths.

    Raises:
        SpecError: it is not so, or a placeholder is in an option that takes no text.
    """
    known = [one.name for one in parameters]
    for one, value in () if typed else _options(request):
        _check_type(one, value)
    used = {name for _, text in _texts(request) for name in placeholders.names(text)}
    reserved = (TRIAL, PARENT) if typed else (TRIAL,)
    for path, file in (files or {}).items():
        used |= file.names
        for name in sorted(file.names - {*known, *reserved}):
            raise _unknown(f"--config-file {posixpath.basename(path)}", name, known)
    for one, text in _texts(request):
        if not (one.type.positional or one.type is ENV):
            continue  # braces have a meaning of their own in other options
        for name in placeholders.names(text):
            if name not in (*known, *reserved):
                raise _unknown("the command" if one.type.positional else one.flag, name, known)
    for name in known:
        if name not in used:
            how = f"add --set 'command=... {{{name}}}'" if request.is_settled else ""
            places = "in the command, in --env or in a config file"
            usual = f"write {{{name}}} where its value goes {places}"
            raise SpecError(f"--param {name} is not used", how or usual)


def _check_type(one: Option, value: Any) -> None:
    """Raise SpecError if an option with a placeholder takes no text."""
    if one.type.positional or not any(map(_has_place, _all(value))):
        return
    try:
        one.type.parse(_mapped(value, lambda text: placeholders.filled(text, _as_hole)))
    except SpecError as error:
        raise SpecError(
            f"{one.flag}: Katib fills the values of parameters into text, such as the command and --env, "
            "and not into this option",
            "give it a value",
        ) from error


def _as_hole(name: str) -> Filling:
    return Filling(hole(name), plain=True)


def _unknown(where: str, name: str, known: Sequence[str]) -> SpecError:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    guess = f"did you mean {{{close[0]}}}? Or " if close else f"the parameters are {', '.join(known)}; "
    return SpecError(f"{where} has {{{name}}}, which is no parameter", guess + _FIX % (name, name))


def filled(request: Request, parameters: Sequence[Parameter], fill: Fill) -> Request:
    """The request with its placeholders filled; those of unknown names stay.

    Raises:
        SpecError: a value would not stay one word of the command.
    """
    names = {*(one.name for one in parameters), TRIAL, PARENT}

    def one_of(name: str) -> Filling:
        return fill(name) if name in names else Filling(f"{{{name}}}", plain=True)

    def level(values: Mapping[str, Any]) -> dict[str, Any]:
        known = spellings(request.kind.spec)
        return {key: _value(known.get(plain(key)), value, one_of) for key, value in values.items()}

    return replace(request, given=level(request.given), file=level(request.file))


def with_values(request: Request, parameters: Sequence[Parameter], values: Assignments) -> Request:
    """The request with values for its placeholders; those of parameters without a value become empty."""
    texts = {name: shown(value) for name, value in values.items()}

    def fill(name: str) -> Filling:
        text = texts.get(name, "")
        return Filling(text, is_plain([text]) or not text)

    return filled(request, parameters, fill)


def example(request: Request, space: Space) -> Request:
    """The request with the first value of each parameter."""
    return with_values(request, space.parameters, {**space.filled(Parameter.first), TRIAL: "trial"})


def _value(one: Option | None, value: Any, fill: Fill) -> Any:
    if one is None or value is None:
        return value
    if one.type.positional:
        return placeholders.filled_command(shell.command(value), fill)
    if one.type is not ENV and not any(map(_has_place, _all(value))):
        return value
    return _mapped(value, lambda text: placeholders.filled(text, fill))


def _has_place(text: str) -> bool:
    return any(placeholders.names(text))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(one, change) for key, one in value.items()}
    return [_mapped(one, change) for one in value] if isinstance(value, (list, tuple)) else value


def _texts(request: Request) -> Iterator[tuple[Option, str]]:
    """Each text of the given options."""
    return ((one, text) for one, value in _options(request) for text in _all(value))


def _options(request: Request) -> Iterator[tuple[Option, Any]]:
    """The given options and their values."""
    known = spellings(request.kind.spec)
    for key, value in request.options.items():
        if one := known.get(plain(key)):
            yield one, value


def _all(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _all(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _all(one)


def needs_types(request: Request) -> bool:
    """Whether a placeholder is in an option that takes no text, which Katib cannot fill."""
    try:
        for one, value in _options(request):
            _check_type(one, value)
    except SpecError:
        return True
    return False


def unbuffered(request: Request) -> Request:
    """The request in which Python writes each line at once, unless it says otherwise.

    A trial whose metrics wait in a buffer seems to report none.
    """
    level = "given" if request.is_settled else "file"
    weaker = {"env": ["PYTHONUNBUFFERED=1"]}
    made = levels.over(request.kind.spec, weaker, getattr(request, level))
    return replace(request, **{level: made})
