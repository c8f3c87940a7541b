"""Structured values of options: mounts, config files, tolerations, references to Secrets.

`str` returns each as a flag, so that it can be stored as text and read again.
"""

import os.path
from collections.abc import Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds.option_types import NamedValues, OptionType, as_list, list_type, mapping, mapping_type
from arena.kinds.validators import env_name, label, path, qualified_name, secret_key, shown, subdomain, text
from arena.tuples import NamedTuple

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("Equal", "Exists")


class Mount(NamedTuple):
    """A volume claim or a folder of the node, and its mount path."""

    source: str
    path: str

    def __str__(self) -> str:
        return f"{self.source}:{self.path}"


class ConfigFile(NamedTuple):
    """A local file and its mount path; both paths are absolute."""

    source: str
    path: str

    def __str__(self) -> str:
        return f"{self.source}:{self.path}"


class Toleration(NamedTuple):
    """A taint that pods tolerate; "" means any."""

    key: str = ""
    value: str = ""
    effect: str = ""
    operator: str = "Exists"

    def __str__(self) -> str:
        if not (self.key or self.effect):
            return "all"
        tail = f":{self.effect},{self.operator}" if self.effect else ""
        return f"{self.key}={self.value}{tail}" if self.operator == "Equal" else f"{self.key}{tail}"

    def manifest(self) -> dict[str, str]:
        """The toleration as an entry of a pod spec."""
        return {key: value for key, value in self._asdict().items() if value}


class SecretKey(NamedTuple):
    """A key of a Secret."""

    secret: str
    key: str

    def __str__(self) -> str:
        return f"{self.secret}:{self.key}"


def _claims(value: object) -> tuple[Mount, ...]:
    mounts = tuple(_mount(source, where) for source, where in _halves(value, "PVC:/path", ":"))
    for kind, seen in (("claim", [one.source for one in mounts]), ("path", [one.path for one in mounts])):
        for one in {one for one in seen if seen.count(one) > 1}:
            raise SpecError(f"the {kind} {shown(one)} is mounted twice", "mount it once")
    return mounts


def _mount(source: str, where: str) -> Mount:
    if not source:
        raise SpecError("the claim's name is missing", "write it like my-claim:/data")
    return Mount(subdomain(source), path(where))


def _folders(value: object) -> tuple[Mount, ...]:
    pairs = _halves(value, "/host/path[:/path]", ":", alone=True)
    return tuple(dict.fromkeys(Mount(path(source), path(where or source)) for source, where in pairs))


def _files(value: object) -> tuple[ConfigFile, ...]:
    found = []
    for source, where in _halves(value, "FILE[:/path]", ":", alone=True):
        local = os.path.abspath(os.path.expanduser(source))
        inside = where + os.path.basename(local) if where.endswith("/") else where
        found.append(ConfigFile(local, path(inside or local)))
    for one in {one.path for one in found if [other.path for other in found].count(one.path) > 1}:
        raise SpecError(f"two files would be mounted at {shown(one)}", "give each its own path")
    return tuple(found)


def _halves(value: object, like: str, sign: str, alone: bool = False) -> list[tuple[str, str]]:
    """Both sides of each item, `left<sign>right` or a mapping; with `alone`, the right one is optional."""
    found = []
    for item in as_list(value):
        if isinstance(item, Mapping):
            found += [(text(left), text(right)) for left, right in item.items()]
        elif isinstance(item, (Mount, ConfigFile)):
            found.append((item[0], item[1]))
        else:
            left, middle, right = text(item).partition(sign)
            if not left or not (right if middle else alone):
                raise SpecError(f"{shown(item)} cannot be read", f"write it as {like}")
            found.append((left, right))
    return found


def _toleration(item: object) -> Toleration:
    if isinstance(item, Toleration):
        return item
    if isinstance(item, Mapping):
        return _tolerate({str(key): text(value) for key, value in item.items()}, item)
    word = text(item)
    if word == "all":
        return Toleration()
    if not word:
        raise SpecError("the taint is missing", "write KEY, KEY=VALUE:EFFECT or all")
    front, _, operator = word.partition(",")
    front, _, effect = front.partition(":")
    key, sign, value = front.partition("=")
    given = {"key": key, "value": value, "effect": effect}
    # A missing operator follows from the form: `key=value` compares, a bare key tests for existence.
    return _tolerate({**given, "operator": operator or ("Equal" if sign else "Exists")}, word)


def _tolerate(given: dict[str, str], item: Any) -> Toleration:
    known = given.keys() <= {"key", "value", "effect", "operator"}
    made = Toleration(**{"operator": "Equal", **given}) if known else Toleration(operator="")
    if made.operator not in OPERATORS or made.effect not in ("", *EFFECTS):
        raise SpecError(
            f"{shown(item)} is not a toleration",
            f"write KEY, KEY=VALUE:EFFECT or all, where EFFECT is one of {', '.join(EFFECTS)}",
        )
    if made.operator == "Exists":
        made = made._replace(value="")
    elif not made.key:
        raise SpecError(f"{shown(item)} lacks a taint", "write KEY, KEY=VALUE:EFFECT or all")
    if made.key:
        qualified_name(made.key)
    label(made.value)
    return made


def _reference(value: object) -> object:
    if isinstance(value, SecretKey):
        return value
    secret, _, key = text(value).partition(":")
    if not secret:
        raise SpecError(f"{shown(value)} does not name a Secret", "write it as NAME=SECRET[:KEY]")
    return SecretKey(subdomain(secret), secret_key(key) if key else "")


def _references(value: object) -> NamedValues:
    found = mapping(env_name, _reference)(value)
    for name, one in found.items():
        found[name] = one if one.key else one._replace(key=secret_key(name))
    return found


CLAIMS = OptionType(_claims, "PVC:/PATH", multiple=True)
FOLDERS = OptionType(_folders, "/HOST[:/PATH]", multiple=True)
FILES = OptionType(_files, "FILE[:/PATH]", multiple=True)
TOLERATIONS = list_type(_toleration, "KEY[=VALUE][:EFFECT]")
REFERENCES = mapping_type(_references, "NAME=SECRET[:KEY]")
