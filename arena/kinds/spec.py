"""Options as data: one field of a Spec is an option of the command, a key of a job file and an SDK argument.

A Spec is a Record (frozen, made by name) whose fields are made by `option`. `parse` turns given
values (text from flags, native values from a job file) into a Spec; `encode` turns a Spec into
JSON that `parse` reads back; `options` lists the fields for whoever builds flags or help from them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from arena.errors import SpecError
from arena.kinds.forms import BOOLEAN, TEXT, WHOLE, Form
from arena.kinds.words import shown

S = TypeVar("S")

REQUIRED: Any = ...
"""As the default of an option: it has none, a value must be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a Spec."""

    name: str
    """The field, and (with `-` for `_`) the key in a job file."""
    help: str
    default: Any
    form: Form
    flags: tuple[str, ...]
    """Long spellings, the preferred first."""
    short: str = ""
    old: tuple[str, ...] = ()
    """Spellings that still work, with a remark."""

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED

    @property
    def flag(self) -> str:
        """How messages call it."""
        return self.name.upper() if self.form.positional else self.flags[0]


def option(
    default: Any,
    help: str,
    form: Form | None = None,
    *,
    short: str = "",
    flags: tuple[str, ...] = (),
    old: tuple[str, ...] = (),
) -> Any:
    """A field of a Spec.

    Args:
        default: its value when none is given; REQUIRED where one must be; a dict stands for a fresh one.
        help: one line for people.
        form: how values are read; guessed from a default that is text, a whole number or a bool.
        short: a spelling of one letter, such as `-e`.
        flags: the long spellings where `--field-name` is not the (only) one.
        old: deprecated spellings, hidden from help.
    """
    if form is None:
        form = BOOLEAN if isinstance(default, bool) else WHOLE if isinstance(default, int) else TEXT
    more = {"help": help, "form": form, "short": short, "flags": flags, "old": old}
    if default is REQUIRED:
        return dataclasses.field(metadata=more)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=default.copy, metadata=more)
    return dataclasses.field(default=default, metadata=more)


def options(spec: type) -> tuple[Option, ...]:
    """The options of a Spec type, in the order of their fields."""
    return tuple(_option(one) for one in dataclasses.fields(spec) if "form" in one.metadata)


def _option(one: "dataclasses.Field[Any]") -> Option:
    more = dict(one.metadata)
    more["flags"] = more["flags"] or ("--" + one.name.replace("_", "-"),)
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
    """Given values as a Spec of the type has them, by field; whether they fit together is not looked at.

    Raises:
        SpecError: as `partial`, or a required one is missing.
    """
    chosen = partial(spec, given)
    for one in options(spec):
        if one.required and one.name not in chosen:
            what = "what to run" if one.form.positional else f"{one.flag} {one.form.metavar}"
            raise SpecError(f"{one.flag} is missing", f"add {what}")
    return chosen


def partial(spec: type, given: Mapping[str, object]) -> dict[str, Any]:
    """As `read`, where more may be given elsewhere.

    Raises:
        SpecError: an unknown key, a value that cannot be used, or one that is given twice.
    """
    known = _keys(spec)
    chosen: dict[str, Any] = {}
    for key, value in given.items():
        if value is None:
            continue
        one = known.get(_plain(key)) or _unknown(key, spec)
        if one.name in chosen:
            raise SpecError(f"{one.flag} is given twice, the second time as {key}", "give it once")
        chosen[one.name] = _read(one, value)
    return chosen


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both sets of given values; `above` wins, whichever way a key is spelled."""
    taken = {_plain(key) for key in above}
    return {key: value for key, value in below.items() if _plain(key) not in taken} | dict(above)


def option_called(spec: type, word: str) -> Option:
    """The option of a Spec type that is called so, in any spelling; SpecError where there is none."""
    return _keys(spec).get(_plain(word)) or _unknown(word, spec)


def filled(spec: S, values: Mapping[str, object]) -> S:
    """The Spec with these values for options that still have their defaults.

    Args:
        values: as `parse` takes them.

    Raises:
        SpecError: as `parse`.
    """
    chosen = {}
    for key, value in values.items():
        one = option_called(type(spec), key)
        if value is not None and getattr(spec, one.name) == one.default:
            chosen[one.name] = _read(one, value)
    return dataclasses.replace(spec, **chosen) if chosen else spec  # type: ignore[type-var]  # every Spec is a Record


def divide(spec: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The given values that are options of the Spec type, in any spelling, and all others."""
    own = {key: value for key, value in given.items() if _plain(key) in _keys(spec)}
    return own, {key: value for key, value in given.items() if key not in own}


def changed(spec: Any) -> list[str]:
    """The options of a Spec, by field, whose values are not their defaults."""
    return [one.name for one in options(type(spec)) if getattr(spec, one.name) != one.default]


def encode(spec: Any) -> dict[str, Any]:
    """What `parse` needs to make this Spec again, as JSON: values that differ from their defaults.

    Secret values are masked, so a Spec that has some does not come back.
    """
    found = {}
    for one in options(type(spec)):
        value = getattr(spec, one.name)
        if value != one.default:
            found[one.name.replace("_", "-")] = _json(one.form.redact(value) if one.form.redact else value)
    return found


def _read(one: Option, value: object) -> Any:
    try:
        return one.form.parse(value)
    except SpecError as error:
        raise SpecError(f"{one.flag}: {error.message}", error.hint) from error


def taken(one: "dataclasses.Field[Any]", value: object) -> Any:
    """A value as the field of a Spec holds it: who writes Python may give it as a job file does.

    Raises:
        SpecError: it cannot be used.
    """
    if "form" not in one.metadata or (value == one.default and type(value) is type(one.default)):
        return value
    return _read(_option(one), _json(value))


def masked(one: "dataclasses.Field[Any]", value: Any) -> Any:
    """The value of a field as it may be shown: without what must not be seen in clear."""
    form = one.metadata.get("form")
    return form.redact(value) if form and form.redact else value


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return str(value) if hasattr(value, "_fields") else [_json(one) for one in value]
    return value


def _plain(key: str) -> str:
    return key.replace("-", "").replace("_", "").lower()


def _keys(spec: type) -> dict[str, Option]:
    """Every spelling of every option, without dashes and capitals."""
    return {_plain(word): one for one in options(spec) for word in (one.name, *one.flags, *one.old)}


def _unknown(key: str, spec: type) -> Option:
    names = [one.name.replace("_", "-") for one in options(spec)]
    from difflib import get_close_matches

    close = get_close_matches(key, names, 1)
    hint = f"did you mean {close[0]}?" if close else "known are " + ", ".join(sorted(names))
    raise SpecError(f"{shown(key)} is not an option", hint)
