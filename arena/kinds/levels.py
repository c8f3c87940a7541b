"""Options from several sources, such as flags, a job file and settings, combined into one set."""

from collections.abc import Iterable, Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds.option_types import SECRETS, as_list
from arena.kinds.spec import partial, plain, spellings
from arena.tuples import NamedTuple
from arena.yamlfile import absent


class Level(NamedTuple):
    """Options from one source, by any spelling of their keys."""

    values: Mapping[str, Any]
    origins: Mapping[str, str] = {}
    """Where each option was configured; empty if the options were given by the user."""
    lenient: bool = False
    """Whether options that a Spec lacks are ignored rather than refused."""


def combined(spec: type, levels: Iterable[Level]) -> dict[str, Any]:
    """Combine the options of several levels as `parse` takes them; the last level takes precedence.

    Raises:
        SpecError: a configured option cannot be used; the message contains where it was configured.
    """
    found: dict[str, Any] = {}
    for level in levels:
        values = level.values
        if level.lenient:
            known = spellings(spec)
            values = {key: value for key, value in values.items() if plain(key) in known}
        for key in level.origins.keys() & values.keys():
            _check_configured(spec, key, values[key], level.origins[key])
        found = over(spec, found, as_flags(spec, values) if level.origins else values)
    return found


def _check_configured(spec: type, key: str, value: object, origin: str) -> None:
    try:
        partial(spec, {key: value})
    except SpecError as error:
        raise SpecError(f"{error.message} ({origin})", error.hint) from error


def over(spec: type, below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two sets of given values; `above` takes precedence, however a key is spelled.

    Options that hold values by name are merged name by name.
    """
    known, stronger = spellings(spec), {plain(key) for key in above}
    found = {key: value for key, value in below.items() if plain(key) not in stronger} | dict(above)
    for key, value in above.items():
        one = known.get(plain(key))
        if one and one.type.mapping and value is not None:
            weaker = [other for word, other in below.items() if plain(word) == plain(key)]
            found[key] = [item for each in (*weaker, value) if each is not None for item in as_list(each)]
    return found


def as_flags(spec: type, written: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a file, with secrets written as in flags: `@FILE` refers to a value."""
    known = spellings(spec)
    found = dict(written)
    for key, value in written.items():
        one = known.get(plain(key))
        if one and one.type is SECRETS:
            found[key] = (
                [word for item in as_list(value) for word in _said(item)] if value is not None else None
            )
    return found


def _said(item: Any) -> list[Any]:
    if not isinstance(item, Mapping):
        return [item]
    return [name if absent(value) in ("", None) else f"{name}={value}" for name, value in item.items()]
