"""Forms: how the value of an option is written, in a flag (text) and in a job file (native YAML).

A form's `parse` takes either and returns the typed value, or raises a SpecError that says what is
allowed; `arena.kinds.spec` puts the flag's name in front.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from arena import units
from arena.errors import SpecError
from arena.kinds.words import (
    device,
    directory,
    env_name,
    image,
    label,
    name,
    one_object,
    path,
    program,
    qualified,
    queue,
    shown,
    source,
    subdomain,
    text,
)

MASK = "<redacted>"

_CREDENTIAL = re.compile(
    r"(?i)(^|_)(password|passwd|passphrase|secret|token|credentials?|private_?key|api_?key|access_?key)(_|$)"
)
_WORDS = {"true": True, "yes": True, "on": True, "t": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "f": False, "0": False}


@dataclass(frozen=True, slots=True)
class Form:
    """How values of an option are written."""

    parse: Callable[[Any], Any]
    metavar: str = "TEXT"
    multiple: bool = False
    boolean: bool = False
    positional: bool = False
    choices: tuple[str, ...] = ()
    redact: Callable[[Any], Any] | None = None
    """The value without what must not be stored in clear."""


def boolean(value: object) -> bool:
    """True or false, and their synonyms."""
    found = value if isinstance(value, bool) else _WORDS.get(text(value).lower())
    if found is None:
        raise SpecError(f"{shown(value)} is neither true nor false", "give true or false")
    return found


def whole(low: int, high: int = 2**31 - 1) -> Callable[[object], int]:
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
        raise SpecError(f"{shown(value)} is more than any machine has", "give less")
    if amount <= 0:
        raise SpecError(f"{shown(value)} must be more than zero", "write it like 500m, 2, 1.5Gi or 200M")
    return word


def pieces(value: object) -> str:
    """How many of a device: a quantity without a fraction, as text."""
    word = quantity(value)
    if not word or units.quantity(word) % 1:
        raise SpecError(f"{shown(value)} is not a whole number", "give a number of at least 1")
    return word


def seconds(value: object) -> int:
    """A duration as whole seconds; a number is seconds."""
    return units.duration(text(value))


def items(value: object) -> list[Any]:
    """What a repeatable option was given: each flag, each item of a list, or the single value."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def pairs(
    key: Callable[[str], str], worth: Callable[[object], str] = text
) -> Callable[[object], dict[str, str]]:
    """K=V, repeated; in a job file also a mapping. The value may hold `=` and `,`; the last one counts."""

    def parse(value: object) -> dict[str, str]:
        found = {}
        for item in items(value):
            for left, right in item.items() if isinstance(item, Mapping) else [_pair(item)]:
                found[key(text(left))] = "" if right is None else worth(right)
        return found

    return parse


def _pair(item: object) -> tuple[str, str]:
    left, sign, right = text(item).partition("=")
    if not sign or not left:
        raise SpecError(f"{shown(item)} has no {'name' if sign else 'value'}", "write it as NAME=VALUE")
    return left, right


def choice(*allowed: str) -> Form:
    """One of a few words, in any case."""

    def parse(value: object) -> str:
        for one in allowed:
            if one.lower() == text(value).lower():
                return one
        raise SpecError(f"{shown(value)} is not allowed", "choose " + ", ".join(allowed))

    return Form(parse, "|".join(allowed), choices=allowed)


def repeated(one: Callable[[object], Any], metavar: str) -> Form:
    """A repeatable option whose items are read by `one`; the same item twice counts once."""

    def parse(value: object) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one(item) for item in items(value)))

    return Form(parse, metavar, multiple=True)


def command(value: object) -> str:
    """A command line for the shell.

    A list (a job file's) is quoted word by word. One pair of single quotes around the whole is
    dropped: the Go arena's documentation writes `"'python train.py'"`.
    """
    if isinstance(value, (list, tuple)):
        return shlex.join([text(word) for word in value])
    word = text(value)
    inside = word[1:-1]
    return inside if len(word) > 1 and word[0] == word[-1] == "'" and "'" not in inside else word


def is_credential(word: str) -> bool:
    """Whether a variable's name says that its value is secret."""
    return bool(_CREDENTIAL.search(word))


def _masked(value: Mapping[str, str]) -> dict[str, str]:
    return {key: MASK if is_credential(key) else one for key, one in value.items()}


def _unmasked(value: object) -> str:
    if value == MASK:
        raise SpecError("a value was redacted when it was stored", "give the value again")
    return text(value)


def _cpu_or_processes(value: object) -> str:
    word = text(value).lower()
    if word not in ("", "auto", "cpu", "gpu") and not re.fullmatch(r"[1-9][0-9]{0,5}", word):
        raise SpecError(f"{shown(value)} is not allowed", "give auto, cpu, gpu or a number of at least 1")
    return word


def _roles(value: object) -> str:
    """Roles of a TFJob in the order they start, by name or first letter, as full names."""
    known = {"w": "Worker", "p": "PS", "c": "Chief", "e": "Evaluator"}
    known |= {name.lower(): name for name in known.values()}
    words = [word.strip().lower() for item in items(value) for word in text(item).split(",")]
    unknown = next((word for word in words if word not in known), None)
    if unknown is not None or len(set(map(known.get, words))) < len(words):
        raise SpecError(
            f"{shown(value)} is no order of roles", "list some of Worker, PS, Chief, Evaluator once"
        )
    return ",".join(known[word] for word in words)


TEXT = Form(text)
IMAGE = Form(image, "IMAGE")
BOOLEAN = Form(boolean, "true|false", boolean=True)
WHOLE = Form(whole(0), "N")
POSITIVE = Form(whole(1), "N")
PORT = Form(whole(0, 65535), "PORT")
QUANTITY = Form(quantity, "QUANTITY")
SECONDS = Form(seconds, "DURATION")
NAME = Form(name, "NAME")
OBJECT = Form(subdomain, "NAME")
LABEL = Form(label, "NAME")
PATH = Form(path, "PATH")
SOURCE = Form(source)
DIRECTORY = Form(directory, "DIR")
COMMAND = Form(command, "COMMAND", positional=True)
PROCESSES = Form(_cpu_or_processes, "auto|cpu|gpu|N")
PROGRAM = Form(program, "PROGRAM")
ROLES = Form(_roles, "ROLE,...")
OBJECTS = repeated(one_object, "NAME")
QUEUE = Form(queue, "NAME")
ENV = Form(pairs(env_name, _unmasked), "NAME=VALUE", multiple=True, redact=_masked)
SECRETS = Form(
    pairs(env_name, _unmasked), "NAME=VALUE", multiple=True, redact=lambda value: dict.fromkeys(value, MASK)
)
LABELS = Form(pairs(qualified, label), "KEY=VALUE", multiple=True)
ANNOTATIONS = Form(pairs(qualified), "KEY=VALUE", multiple=True)
DEVICES = Form(pairs(device, pieces), "VENDOR/NAME=N", multiple=True)
