"""Recorded options as command lines: changes to them, and the whole line.

Options are recorded by job-file key, as `spec.encode` writes them.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from arena import visible
from arena.errors import SpecError
from arena.kinds.option_types import MASK, SECRETS, NamedValues
from arena.kinds.spec import Option, option_called, options
from arena.kinds.validators import shown

Recorded = Mapping[str, Any]

_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""A shell's variable name: no other name may follow a `$` unquoted."""


def amended(spec: type, recorded: Recorded, changes: Sequence[str]) -> dict[str, Any]:
    """Apply changes to recorded options.

    Args:
        spec: the Spec type.
        changes: each `KEY=VALUE`. In an option that holds names and values, only the given name changes
            (`env=LR=0.1`; `env=LR-` removes it). A repeatable option is replaced by all given values, and an
            empty value (`KEY=`) restores the default.

    Raises:
        SpecError: a change cannot be read, or there is no such option.
    """
    given: dict[str, list[str]] = {}
    for change in changes:
        key, sign, value = change.partition("=")
        if not sign:
            raise SpecError(
                f"--set: {shown(change)} has no value", "write it as KEY=VALUE, such as workers=4"
            )
        given.setdefault(_called(spec, key).name, []).append(value)
    found = dict(recorded)
    for one in options(spec):
        key, values = one.name.replace("_", "-"), given.get(one.name, [])
        if one.type.mapping and key in found:
            found[key] = _entries(one, found[key])
        if values == [""]:
            found.pop(key, None)
        elif values and one.type.mapping:
            found[key] = _changed(found.get(key, {}), _read(one, values))
        elif values:
            found[key] = values if one.type.multiple else values[-1]
    return found


def _changed(recorded: Mapping[str, Any], read: NamedValues) -> dict[str, Any]:
    return {name: value for name, value in recorded.items() if name not in read.removed} | read


def _called(spec: type, key: str) -> Option:
    try:
        return option_called(spec, key)
    except SpecError as error:
        raise SpecError(f"--set: {error.message}", error.hint) from error


def _entries(one: Option, recorded: object) -> Mapping[str, Any]:
    if not isinstance(recorded, Mapping):
        raise SpecError(
            f"{one.flag}: its recorded value {shown(recorded)} does not consist of names with values",
            "submit it again",
        )
    # Who recorded it must not be able to name a variable or file of ours here.
    return dict.fromkeys(recorded, MASK) if one.type is SECRETS else recorded


def _read(one: Option, values: Sequence[str]) -> NamedValues:
    try:
        read: NamedValues = one.type.parse(values)
    except SpecError as error:
        raise SpecError(f"--set {one.name.replace('_', '-')}: {error.message}", error.hint) from error
    return read


def masked_secrets(recorded: Recorded) -> list[str]:
    """Secrets that must be given again, each as the `KEY=NAME` of --set."""
    return [
        f"{key}={name}"
        for key, value in recorded.items()
        if isinstance(value, Mapping)
        for name, one in value.items()
        if one == MASK
    ]


def arguments(spec: type, recorded: Recorded) -> list[str]:
    """The flags and the command for these options, each quoted for a shell.

    A secret is read from the variable of its name, or written as its mask if the name is not valid: pasting
    the line must not run what somebody else recorded as a name.
    """
    found: list[str] = []
    last: list[str] = []
    for one in options(spec):
        value = recorded.get(one.name.replace("_", "-"))
        if value is None:
            continue
        if one.type.positional:
            text = str(value)
            last = [*(["--"] if text.startswith("-") else []), quoted(text)]
        elif isinstance(value, bool):
            found.append(one.flag if value else f"--no-{one.flag.lstrip('-')}")
        elif one.type.boolean:
            found.append(quoted(f"{one.flag}={value}"))  # edited by hand
        elif isinstance(value, Mapping):
            found += [part for name, item in value.items() for part in (one.flag, _pair(one, name, item))]
        elif one.type.multiple:
            several = value if isinstance(value, list) else [value]  # somebody may have edited it by hand
            found += [part for item in several for part in (one.flag, quoted(str(item)))]
        else:
            found += [one.flag, quoted(str(value))]
    return found + last


def quoted(text: str) -> str:
    """The text as one word for a shell; with control characters in the form `$'...'`, which hides none."""
    if visible.page(text) == text:
        return shlex.quote(text)
    return "$'" + visible.json(text.replace("\\", "\\\\").replace("'", "\\'")) + "'"


def _pair(one: Option, name: str, value: object) -> str:
    value = MASK if one.type is SECRETS else value
    if value != MASK or not _VARIABLE.fullmatch(name):
        return quoted(f"{name}={value}")
    # A value that the shell puts in is seen by all who list processes; a secret's need not be put in.
    return name if one.type is SECRETS else f'{name}="${name}"'
