"""The types of options: how values are written in a flag (text) and in a job file (native YAML).

The `parse` function of a type takes either form and returns the typed value, or raises a SpecError that
describes the allowed values. `arena.kinds.spec` puts the name of the flag in front of that message.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from arena import units
from arena.errors import SpecError
from arena.kinds.shell import command
from arena.kinds.validators import (
    device,
    directory,
    env_name,
    image,
    label,
    name,
    object_name,
    path,
    program,
    qualified_name,
    queue,
    shown,
    source,
    subdomain,
    text,
)
from arena.tuples import NamedTuple
from arena.values import frozen

MASK = "<redacted>"


_CREDENTIAL = (
    r"(?i)(^|_)(password|passwd|passphrase|secret|token|credentials?|private_?key|api_?key|access_?key)(_|$)"
)
_BOOLEANS = {"true": True, "yes": True, "on": True, "t": True, "1": True}
_BOOLEANS |= {"false": False, "no": False, "off": False, "f": False, "0": False}


class OptionType(NamedTuple):
    """The syntax of an option's values."""

    parse: Callable[[Any], Any]
    metavar: str = "TEXT"
    multiple: bool = False
    boolean: bool = False
    positional: bool = False
    choices: tuple[str, ...] = ()
    redact: Callable[[Any], Any] | None = None
    """Masks values that must not be stored in clear text."""
    mapping: bool = False
    """Whether it holds values by name, as NAME=VALUE, to which each level of configuration may add."""
    safe: bool = False
    """Whether an untrusted project file may give any value of this type, as numbers run nothing."""


class NamedValues(dict[str, Any]):
    """Values by name, as NAME=VALUE options give them."""

    removed: frozenset[str] = frozenset()
    """Names that levels of lower precedence may set, and that are removed here (`NAME-`)."""


@frozen
class SecretSource:
    """The source of a secret's value at submission, if the command line does not contain it."""

    place: str
    """As written after NAME: "" for the variable NAME, `=@FILE`, or `=-` for standard input."""


def boolean(value: object) -> bool:
    """True or false, and their synonyms."""
    found = value if isinstance(value, bool) else _BOOLEANS.get(text(value).lower())
    if found is None:
        raise SpecError(f"{shown(value)} is neither true nor false", "give true or false")
    return found


def integer(low: int, high: int = 2**31 - 1) -> Callable[[object], int]:
    """A whole number from `low` to `high`."""

    def parse(value: object) -> int:
        word = text(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,40}", word):
            raise SpecError(f"{shown(value)} is not a whole number", f"give a number of at least {low}")
        if not low <= int(word) <= high:
            limit = f"{low} or more" if int(word) < low else f"at most {high}"
            raise SpecError(f"{shown(value)} is out of range: it must be {limit}", f"give {limit}")
        return int(word)

    return parse


def quantity(value: object) -> str:
    """An amount such as `500m` or `2Gi`, more than zero, as text; "" means none."""
    word = text(value).strip()
    amount = units.quantity(word) if word else 1
    if amount >= 2**63:
        raise SpecError(f"{shown(value)} exceeds what any machine has", "give less")
    if amount <= 0:
        raise SpecError(f"{shown(value)} must be more than zero", "write it like 500m, 2, 1.5Gi or 200M")
    return word


def device_count(value: object) -> str:
    """A number of devices: a quantity without a fraction, as text."""
    word = quantity(value)
    if not word or units.quantity(word) % 1:
        raise SpecError(f"{shown(value)} is not a whole number", "give a number of at least 1")
    return word


def seconds(value: object) -> int:
    """A duration as whole seconds; a plain number means seconds."""
    return units.duration(text(value))


def as_list(value: object) -> list[Any]:
    """The values of a repeatable option, given by several flags, as a list, or as a single value."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def mapping(
    key: Callable[[str], str],
    value: Callable[[object], Any] = text,
    shorthand: Callable[[str | None], Any] | None = None,
) -> Callable[[object], NamedValues]:
    """Return the parser of NAME=VALUE, repeated; in a job file also a mapping.

    The value may contain `=` and `,`. If a name is given several times, the last value applies, and `NAME-`
    removes it.

    Args:
        key: reads a name.
        value: reads a value.
        shorthand: converts what follows NAME in a flag (None if nothing does) into what `value` reads;
            without it, each name needs a text value.
    """

    def parse(given: object) -> NamedValues:
        found: dict[str, Any] = {}
        removed: set[str] = set()
        for item in as_list(given):
            for left, right in item.items() if isinstance(item, Mapping) else [_pair(item, shorthand)]:
                word = text(left)
                if word.endswith("-") and _is_nothing(right):
                    removed.add(key(word[:-1]))
                    found.pop(word[:-1], None)
                else:
                    found[key(word)] = value(_blank(shorthand) if right is None else right)
        made = NamedValues(found)
        made.removed = frozenset(removed - found.keys())
        return made

    return parse


def _pair(item: object, shorthand: Callable[[str | None], Any] | None) -> tuple[str, Any]:
    word = text(item)
    left, sign, right = word.partition("=")
    if not sign and len(left) > 1 and left.endswith("-"):
        return left, None
    if left and shorthand:
        return left, shorthand(right if sign else None)
    if not sign or not left:
        raise SpecError(f"{shown(item)} has no {'name' if sign else 'value'}", "write it as NAME=VALUE")
    return left, right


def _blank(shorthand: Callable[[str | None], Any] | None) -> Any:
    return shorthand(None) if shorthand else ""


def _is_nothing(value: object) -> bool:
    return value is None or value in ("", "~", "null")


def mapping_type(
    parse: Callable[[object], Mapping[str, Any]],
    metavar: str,
    redact: Callable[[Any], Any] | None = None,
    *,
    safe: bool = False,
) -> OptionType:
    """The type of an option that `mapping` reads."""
    return OptionType(parse, metavar, multiple=True, redact=redact, mapping=True, safe=safe)


def choice(*allowed: str) -> OptionType:
    """One of a few words, ignoring case."""

    def parse(value: object) -> str:
        for one in allowed:
            if one.lower() == text(value).lower():
                return one
        raise SpecError(f"{shown(value)} is not allowed", "choose " + ", ".join(allowed))

    return OptionType(parse, "|".join(allowed), choices=allowed)


def list_type(one: Callable[[object], Any], metavar: str) -> OptionType:
    """A repeatable option whose items `one` reads; duplicates are dropped."""

    def parse(value: object) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one(item) for item in as_list(value)))

    return OptionType(parse, metavar, multiple=True)


def is_credential(word: str) -> bool:
    """Whether the name of a variable suggests a secret value."""
    return bool(re.search(_CREDENTIAL, word))


def _masked(value: Mapping[str, str]) -> dict[str, str]:
    return {key: MASK if is_credential(key) else one for key, one in value.items()}


def _unmasked(value: object) -> str:
    if value == MASK:
        raise SpecError("a value was redacted when it was stored", "give the value again")
    return text(value)


def secret_source(written: str | None) -> str | SecretSource:
    """The value of a secret, or its source, from what follows NAME in a flag (None if nothing does)."""
    if written is None:
        return SecretSource(place="")
    return SecretSource(place=f"={written}") if written == "-" or written.startswith("@") else written


def _secret(value: object) -> str | SecretSource:
    return value if isinstance(value, SecretSource) else _unmasked(value)


def _cpu_or_processes(value: object) -> str:
    word = text(value).lower()
    if word not in ("", "auto", "cpu", "gpu") and not re.fullmatch(r"[1-9][0-9]{0,5}", word):
        raise SpecError(f"{shown(value)} is not allowed", "give auto, cpu, gpu or a number of at least 1")
    return word


def _roles(value: object) -> str:
    """Roles of a TFJob in their start order, given by name or first letter, as full names."""
    known = {"w": "Worker", "p": "PS", "c": "Chief", "e": "Evaluator"}
    known |= {name.lower(): name for name in known.values()}
    words = [word.strip().lower() for item in as_list(value) for word in text(item).split(",")]
    unknown = next((word for word in words if word not in known), None)
    if unknown is not None or len(set(map(known.get, words))) < len(words):
        raise SpecError(
            f"{shown(value)} is not an order of roles", "list some of Worker, PS, Chief, Evaluator once"
        )
    return ",".join(known[word] for word in words)


TEXT = OptionType(text)
IMAGE = OptionType(image, "IMAGE", safe=True)
BOOLEAN = OptionType(boolean, "true|false", boolean=True)
INTEGER = OptionType(integer(0), "N", safe=True)
POSITIVE = OptionType(integer(1), "N", safe=True)
PORT = OptionType(integer(0, 65535), "PORT", safe=True)
QUANTITY = OptionType(quantity, "QUANTITY", safe=True)
SECONDS = OptionType(seconds, "DURATION", safe=True)
NAME = OptionType(name, "NAME")
OBJECT = OptionType(subdomain, "NAME")
LABEL = OptionType(label, "NAME")
PATH_OR_DEFAULT = OptionType(lambda value: "" if value == "" else path(value), "PATH")
"""A path, or "" for a default that depends on other options."""
SOURCE = OptionType(source)
DIRECTORY = OptionType(directory, "DIR")
COMMAND = OptionType(command, "COMMAND", positional=True)
PROCESSES = OptionType(_cpu_or_processes, "auto|cpu|gpu|N", safe=True)
PROGRAM = OptionType(program, "PROGRAM")
ROLES = OptionType(_roles, "ROLE,...")
OBJECTS = list_type(object_name, "NAME")
QUEUE = OptionType(queue, "NAME")
ENV = mapping_type(mapping(env_name, _unmasked), "NAME=VALUE", _masked)
SECRETS = mapping_type(
    mapping(env_name, _secret, secret_source),
    "NAME[=@FILE|=-|=VALUE]",
    lambda value: dict.fromkeys(value, MASK),
)
LABELS = mapping_type(mapping(qualified_name, label), "KEY=VALUE")
ANNOTATIONS = mapping_type(mapping(qualified_name), "KEY=VALUE")
DEVICES = mapping_type(mapping(device, device_count), "VENDOR/NAME=N", safe=True)
