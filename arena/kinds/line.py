"""From recorded options back to what a user types: changes to them, and the whole command line.

Recorded are options by job-file key, as `spec.encode` writes them.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from arena.errors import SpecError
from arena.kinds.forms import MASK
from arena.kinds.spec import Option, option_called, options
from arena.kinds.words import shown

Recorded = Mapping[str, Any]

_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""What a shell takes for the name of a variable: no other name may stand unquoted behind a `$`."""


def amended(spec: type, recorded: Recorded, changes: Sequence[str]) -> dict[str, Any]:
    """Recorded options with changes to them.

    Args:
        spec: the Spec type.
        changes: each `KEY=VALUE`; of an option that holds names and values (`env=LR=0.1`) only the one of
            that name changes, a repeatable one is replaced by all that are given, and no value at
            all (`KEY=`) is the default.

    Raises:
        SpecError: one cannot be read, or there is no such option.
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
        if values == [""]:
            found.pop(key, None)
        elif values and isinstance(one.default, Mapping):
            found[key] = {**_entries(one, found.get(key, {})), **_read(one, values)}
        elif values:
            found[key] = values if one.form.multiple else values[-1]
    return found


def _called(spec: type, key: str) -> Option:
    try:
        return option_called(spec, key)
    except SpecError as error:
        raise SpecError(f"--set: {error.message}", error.hint) from error


def _entries(one: Option, recorded: object) -> Mapping[str, Any]:
    if not isinstance(recorded, Mapping):
        raise SpecError(
            f"{one.flag}: {shown(recorded)} is recorded for it, not names with values", "submit anew"
        )
    return recorded


def _read(one: Option, values: Sequence[str]) -> Mapping[str, Any]:
    try:
        read: Mapping[str, Any] = one.form.parse(values)
    except SpecError as error:
        raise SpecError(f"--set {one.name.replace('_', '-')}: {error.message}", error.hint) from error
    return read


def masked(recorded: Recorded) -> list[str]:
    """What must be given anew because it is secret, each as the `KEY=NAME` that --set wants before `=`."""
    return [
        f"{key}={name}"
        for key, value in recorded.items()
        if isinstance(value, Mapping)
        for name, one in value.items()
        if one == MASK
    ]


def words(spec: type, recorded: Recorded) -> list[str]:
    """The flags and the command that give these options, each quoted for a shell.

    A secret is written as the shell's variable of its name, or as its mask where it can name none:
    whoever pastes the line must not run what somebody else recorded as a name.
    """
    found: list[str] = []
    last: list[str] = []
    for one in options(spec):
        value = recorded.get(one.name.replace("_", "-"))
        if value is None:
            continue
        if one.form.positional:
            text = str(value)
            last = [*(["--"] if text.startswith("-") else []), shlex.quote(text)]
        elif isinstance(value, bool):
            found.append(one.flag if value else f"--no-{one.flag.lstrip('-')}")
        elif one.form.boolean:
            found.append(shlex.quote(f"{one.flag}={value}"))  # as somebody edited it by hand
        elif isinstance(value, Mapping):
            found += [part for name, item in value.items() for part in (one.flag, _pair(name, item))]
        elif one.form.multiple:
            several = value if isinstance(value, list) else [value]  # somebody may have edited it by hand
            found += [part for item in several for part in (one.flag, shlex.quote(str(item)))]
        else:
            found += [one.flag, shlex.quote(str(value))]
    return found + last


def _pair(name: str, value: object) -> str:
    if value == MASK and _VARIABLE.fullmatch(name):
        return f'{name}="${name}"'
    return shlex.quote(f"{name}={value}")
