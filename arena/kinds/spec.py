"""Options as data: a field of a Spec is a flag, a key of a job file and an argument of the library.

A Spec is a Record (frozen, with keyword arguments) whose fields are defined by `option`. `parse` turns given
values (text from flags, native values from a job file) into a Spec; `encode` turns a Spec into JSON that
`parse` reads back; `options` lists the fields for flags and help.
"""

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from arena.errors import SpecError
from arena.kinds.option_types import BOOLEAN, INTEGER, TEXT, NamedValues, OptionType
from arena.kinds.validators import shown
from arena.values import frozen

S = TypeVar("S")

REQUIRED: Any = ...
"""The default of an option that has none, so that a value must be given."""


@frozen
class Option:
    """An option of a Spec."""

    name: str
    """The field, and (with `-` for `_`) the key in a job file."""
    help: str
    default: Any
    type: OptionType
    flags: tuple[str, ...]
    """Long spellings, the preferred first; those of a positional option are flags besides."""
    short: str = ""
    old: tuple[str, ...] = ()
    """Deprecated spellings, which print a remark."""
    safe: bool = False
    """Whether an untrusted project file may set it: it chooses sizes, durations, an image or a place in the
    cluster, but runs nothing on this machine and sends nothing of the user's."""

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED

    @property
    def flag(self) -> str:
        """What messages call it."""
        return self.name.upper() if self.type.positional else self.flags[0]


def option(  # noqa: PLR0913  # one for each property of an Option
    default: Any,
    help: str,
    type: OptionType | None = None,
    *,
    short: str = "",
    flags: tuple[str, ...] = (),
    old: tuple[str, ...] = (),
    safe: bool | None = None,
    after: str | tuple[str, ...] = (),
) -> Any:
    """A field of a Spec.

    Args:
        default: the value if none is given; REQUIRED if there is none; a dict is copied for each Spec.
        help: one line.
        type: how values are written and read; derived from the default if that is text, an int or a bool.
        short: a spelling of one letter, such as `-e`.
        flags: the long spellings, unless `--field-name` is the only one.
        old: deprecated spellings, hidden from help.
        safe: as for an Option; None means as its type says.
        after: the field that it follows in help, or several, of which the first that the Spec has counts;
            it follows those of the base classes if none is named.
    """
    if type is None:
        type = BOOLEAN if isinstance(default, bool) else INTEGER if isinstance(default, int) else TEXT
    safe = type.safe if safe is None else safe
    more = {"help": help, "type": type, "short": short, "flags": flags, "old": old, "safe": safe}
    more |= {"after": (after,) if isinstance(after, str) else after} if after else {}
    if default is REQUIRED:
        return dataclasses.field(metadata=more)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=default.copy, metadata=more)
    return dataclasses.field(default=default, metadata=more)


def options(spec: type) -> tuple[Option, ...]:
    """The options of a Spec type, in the order of their fields."""
    hashable: Any = spec
    return _options(hashable)


@cache
def _options(spec: Any) -> tuple[Option, ...]:
    return tuple(_option(one) for one in dataclasses.fields(spec) if "type" in one.metadata)


def _option(one: "dataclasses.Field[Any]") -> Option:
    more = {key: value for key, value in one.metadata.items() if key != "after"}
    if not (more["flags"] or more["type"].positional):
        more["flags"] = ("--" + one.name.replace("_", "-"),)
    if one.default_factory is not dataclasses.MISSING:
        default = one.default_factory()
    else:
        default = REQUIRED if one.default is dataclasses.MISSING else one.default
    return Option(name=one.name, default=default, **more)


def parse(spec: type[S], given: Mapping[str, object]) -> S:
    """A Spec from given values.

    Args:
        spec: the Spec type.
        given: values by field name, job-file key or flag, as text or native; None counts as not given.

    Raises:
        SpecError: an unknown key, a value that cannot be used, or a required one that is missing.
    """
    return spec(**read(spec, given))


def read(spec: type, given: Mapping[str, object]) -> dict[str, Any]:
    """Parse given values by field, without checking whether they fit together.

    Raises:
        SpecError: as `partial`, or a required one is missing.
    """
    chosen = partial(spec, given)
    for one in options(spec):
        if one.required and one.name not in chosen:
            what = "what to run" if one.type.positional else f"{one.flag} {one.type.metavar}"
            raise SpecError(f"{one.flag} is missing", f"add {what}")
    return chosen


def partial(spec: type, given: Mapping[str, object]) -> dict[str, Any]:
    """Parse as `read` does, but allow required options to be missing.

    Raises:
        SpecError: an unknown key, a value that cannot be used, or one that is given twice.
    """
    known = spellings(spec)
    chosen: dict[str, Any] = {}
    for key, value in given.items():
        if value is None:
            continue
        one = known.get(plain(key)) or _unknown(key, spec)
        if one.name in chosen:
            raise SpecError(f"{one.flag} is given twice, the second time as {key}", "give it once")
        chosen[one.name] = _read(one, value)
    return chosen


def given(spec: Any) -> dict[str, Any]:
    """The given values of a Spec, by field, as `parse` takes them; None stands for the default."""
    found: dict[str, Any] = {}
    for one in options(type(spec)):
        value = getattr(spec, one.name)
        if one.name not in spec.given:
            continue
        is_default = value == one.default and not one.type.mapping
        found[one.name] = None if is_default else _written(value)
    return found


def complete(spec: S) -> S:
    """The Spec with every option counted as given."""
    return type(spec)(**{one.name: getattr(spec, one.name) for one in options(type(spec))})


def option_called(spec: type, word: str) -> Option:
    """The option of a Spec type with that name, in any spelling; raises SpecError if there is none."""
    return spellings(spec).get(plain(word)) or _unknown(word, spec)


def divide(spec: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide given values into options of the Spec type, in any spelling, and all others."""
    own = {key: value for key, value in given.items() if plain(key) in spellings(spec)}
    return own, {key: value for key, value in given.items() if key not in own}


def changed(spec: Any) -> list[str]:
    """The fields of a Spec whose values are not their defaults."""
    return [one.name for one in options(type(spec)) if getattr(spec, one.name) != one.default]


def spelled_out(spec: type, recorded: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """Add to recorded options the defaults that configured values would otherwise replace.

    Options that take several values, and defaults that cannot be written, are omitted.
    """
    found = dict(recorded)
    for key in (key for key, value in configured.items() if value is not None):
        one = option_called(spec, key)
        if isinstance(one.default, (str, int)) and one.name.replace("_", "-") not in found:
            with suppress(SpecError):
                found[one.name.replace("_", "-")] = one.type.parse(one.default)
    return found


def encode(spec: Any) -> dict[str, Any]:
    """The values that differ from their defaults, as JSON from which `parse` restores the Spec.

    Secret values are masked, so a Spec with secrets cannot be restored.
    """
    found = {}
    for one in options(type(spec)):
        value = getattr(spec, one.name)
        if value != one.default:
            found[one.name.replace("_", "-")] = _json(one.type.redact(value) if one.type.redact else value)
    return found


def _read(one: Option, value: object) -> Any:
    try:
        return one.type.parse(value)
    except SpecError as error:
        raise SpecError(f"{one.flag}: {error.message}", error.hint) from error


def taken(one: "dataclasses.Field[Any]", value: object) -> Any:
    """Convert a value to the type of its field; Python code may pass it as in a job file.

    Raises:
        SpecError: it cannot be used.
    """
    if "type" not in one.metadata or (value == one.default and type(value) is type(one.default)):
        return value
    return _read(_option(one), _written(value))


def masked(one: "dataclasses.Field[Any]", value: Any) -> Any:
    """The value of a field for display, with secrets masked."""
    kind = one.metadata.get("type")
    return kind.redact(value) if kind and kind.redact else value


def _written(value: Any) -> Any:
    """The value as in a job file, including the names that it removes."""
    if isinstance(value, NamedValues) and value.removed:
        return [_json(value), *({f"{name}-": None} for name in sorted(value.removed))]
    return _json(value)


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return str(value) if hasattr(value, "_fields") else [_json(one) for one in value]
    return value


def plain(key: str) -> str:
    """The key without dashes, underscores and capitals."""
    return key.replace("-", "").replace("_", "").lower()


def spellings(spec: type) -> Mapping[str, Option]:
    """Every spelling of every option, without dashes and capitals."""
    hashable: Any = spec
    return _spellings(hashable)


@cache
def _spellings(spec: Any) -> dict[str, Option]:
    return {plain(word): one for one in options(spec) for word in (one.name, *one.flags, *one.old)}


def _unknown(key: str, spec: type) -> Option:
    names = [one.name.replace("_", "-") for one in options(spec)]
    from difflib import get_close_matches

    close = get_close_matches(key, names, 1)
    hint = f"did you mean {close[0]}?" if close else "known are " + ", ".join(sorted(names))
    raise SpecError(f"{shown(key)} is not an option", hint)
