"""Values that several options are made of: mounts, config files, tolerations, references to Secrets.

Each prints (`str`) as the flag is written, so that it can be stored as text and read again.
"""

import os.path
from collections.abc import Mapping
from typing import Any, NamedTuple

from arena.errors import SpecError
from arena.kinds.forms import Form, items, repeated
from arena.kinds.words import env_name, label, path, qualified, secret_key, shown, subdomain, text

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("Equal", "Exists")


class Mount(NamedTuple):
    """A claim, or a folder of the node, and where containers see it."""

    source: str
    path: str

    def __str__(self) -> str:
        return f"{self.source}:{self.path}"


class ConfigFile(NamedTuple):
    """A file of the submitter's and where containers see it; both absolute."""

    source: str
    path: str

    def __str__(self) -> str:
        return f"{self.source}:{self.path}"


class Toleration(NamedTuple):
    """A taint that pods put up with; "" means any."""

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
        """As a pod's spec has it."""
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
    if len(source) < 2:
        raise SpecError(
            f"{shown(source)} is too short for the name of a claim", "write it like my-claim:/data"
        )
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
    """Both sides of each item, `left<sign>right` or a mapping; `alone`: the right may be missing."""
    found = []
    for item in items(value):
        if isinstance(item, Mapping):
            found += [(text(left), text(_plain(right))) for left, right in item.items()]
        elif isinstance(item, (Mount, ConfigFile, SecretKey)):
            found.append((item[0], item[1]))
        else:
            left, middle, right = text(item).partition(sign)
            if not left or not (right if middle else alone):
                raise SpecError(f"{shown(item)} cannot be read", f"write it as {like}")
            found.append((left, right))
    return found


def _plain(value: object) -> object:
    return str(value) if isinstance(value, SecretKey) else value


def _toleration(item: object) -> Toleration:
    if isinstance(item, Toleration):
        return item
    if isinstance(item, Mapping):
        return _tolerate({str(key): text(value) for key, value in item.items()}, item)
    word = text(item)
    if word == "all":
        return Toleration()
    if not word:
        raise SpecError("it names no taint", "write KEY, KEY=VALUE:EFFECT or all")
    front, _, operator = word.partition(",")
    front, _, effect = front.partition(":")
    key, sign, value = front.partition("=")
    given = {"key": key, "value": value, "effect": effect}
    # An operator left out follows from the form: `key=value` compares, a bare key asks for its presence.
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
        raise SpecError(f"{shown(item)} names no taint", "write KEY, KEY=VALUE:EFFECT or all")
    if made.key:
        qualified(made.key)
    label(made.value)
    return made


def _references(value: object) -> dict[str, SecretKey]:
    found = {}
    for name, where in _halves(value, "NAME=SECRET[:KEY]", "="):
        secret, _, key = where.partition(":")
        if not secret:
            raise SpecError(f"{shown(where)} names no Secret", "write it as NAME=SECRET[:KEY]")
        found[env_name(name)] = SecretKey(subdomain(secret), secret_key(key or name))
    return found


CLAIMS = Form(_claims, "PVC:/PATH", multiple=True)
FOLDERS = Form(_folders, "/HOST[:/PATH]", multiple=True)
FILES = Form(_files, "FILE[:/PATH]", multiple=True)
TOLERATIONS = repeated(_toleration, "KEY[=VALUE][:EFFECT]")
REFERENCES = Form(_references, "NAME=SECRET[:KEY]", multiple=True)
