"""The values of parameters: how they are written into commands, and read back."""

import re
from collections.abc import Mapping

Value = bool | int | float | str
Assignments = Mapping[str, Value]
"""The value of each parameter by its name; inactive parameters are missing."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"0|-?[1-9]\d{0,99}", re.ASCII)


class SearchError(ValueError):
    """What is wrong with a space, a setting or a value, in one sentence for the user."""


def shown(value: Value) -> str:
    """The value as trials get it: `true`, `16`, `1e-05`, `adam`. Floats are exact."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def brief(number: float) -> str:
    """The number as people write it, for texts that are read as floats anyway: 1 and not 1.0."""
    text = shown(number)
    short = text.removesuffix(".0")
    return short if short != "-0" else text


def typed(text: str) -> Value:
    """The boolean or number that is shown as exactly this text; otherwise the text itself, such as `016`."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text


def key(assignments: Assignments) -> tuple[tuple[str, str], ...]:
    """What two equal assignments have in common; 1 and True are different values, as in a command."""
    return tuple(sorted((name, shown(value)) for name, value in assignments.items()))


def quoted(text: str) -> str:
    """The text in quotes for a message, at most 60 characters of it."""
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'
