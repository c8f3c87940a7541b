"""Make arena/local/api/published/messages.json of Kubernetes' Go types: what messages in protobuf hold.

`ARENA_REGENERATE=1 ARENA_KUBERNETES=FOLDER .venv/bin/pytest tests/test_published_messages.py` writes it,
where FOLDER is the folder `k8s.io` of Go sources, with `api` and `apimachinery` in it, such as that of the
newest packages golang-k8s-api-dev and golang-k8s-apimachinery-dev of Debian.
`arena/local/api/protobuf/messages.py` says what the file contains.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from arena.local.api.resource_types import TYPES

FOLDER = Path(os.environ.get("ARENA_KUBERNETES") or "none")
OTHERS = (
    "meta.Status", "meta.DeleteOptions", "meta.PartialObjectMetadata", "meta.PartialObjectMetadataList",
    "core.Binding", "autoscaling.Scale", "policy.Eviction",
)  # fmt: skip
"""Messages of requests and answers that are not about objects of a served type."""
SPECIAL = {
    "meta.Time": "date-time", "meta.MicroTime": "micro-time", "resource.Quantity": "quantity",
    "intstr.IntOrString": "int-or-string", "runtime.RawExtension": "json", "meta.FieldsV1": "json",
    "string": "string", "bool": "boolean", "int32": "integer", "int64": "integer", "types.UID": "string",
    "[]byte": "bytes",
}  # fmt: skip
"""Types that no message of the file describes, by their names in Go."""
_STRUCT = re.compile(r"^type (\w+) struct \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_ALIAS = re.compile(r"^type (\w+) ([\w.\[\]*]+)$", re.MULTILINE)
_IMPORT = re.compile(r'^\s*(?:import )?(?:(\w+) )?"(k8s\.io/[\w./-]+)"$', re.MULTILINE)
_FIELD = re.compile(
    r'^\s*(?:\w+\s+)?([\w.\[\]*]+)\s+`json:"([^"]*)"[^`]* protobuf:"\w+,(\d+),.*$', re.MULTILINE
)


class Package(NamedTuple):
    """The types of one Go package, by name."""

    structs: dict[str, str]
    aliases: dict[str, str]
    imports: dict[str, str]
    """The name by which it is called here -> our name of the package."""
    lists: frozenset[str]
    """The aliases of lists that are messages in protobuf."""


def made() -> str:
    """The file."""
    found: dict[str, str] = {}
    todo = [*_roots(), *OTHERS]
    while todo:
        name = todo.pop()
        if name not in found:
            fields = list(_fields(name))
            found[name] = " ".join(fields)
            todo += [one for field in fields if (one := _message(field))]
    rows = ",\n".join(f'"{name}":"{text}"' for name, text in sorted(found.items()))
    return f"{{\n{rows}\n}}\n"


def _message(field: str) -> str:
    """The message that a field holds; "" if none."""
    kind = field.partition(":")[2].strip("[]{}*!")
    return kind if "." in kind else ""


def _roots() -> Iterator[str]:
    """The objects and lists of the served types that Kubernetes has."""
    for one in (kind.resource for kind in TYPES):
        group = one.group.partition(".")[0] or "core"
        if (FOLDER / "api" / group).is_dir() and ("." not in one.group or one.group.endswith(".k8s.io")):
            group += "" if one.version == "v1" else f"/{one.version}"
            known = _package(group).structs
            yield from (f"{group}.{name}" for name in (one.kind, f"{one.kind}List") if name in known)


def _fields(message: str) -> Iterator[str]:
    """The fields of a message in the order of their numbers, as the file has them."""
    group, _, name = message.partition(".")
    package = _package(group)
    rows = [
        (int(number), tag, _type(package, group, kind), kind)
        for kind, tag, number in _FIELD.findall(package.structs[name])
    ]
    following = 1
    for number, tag, kind, written in sorted(rows):
        json_name, *options = tag.split(",")
        place = "" if number == following else f"{number}="
        always = "omitempty" not in options and "inline" not in options
        yield f"{place}{json_name}:{kind}{'*' if written.startswith('*') else '!' if always else ''}"
        following = number + 1


def _type(package: Package, group: str, kind: str) -> str:
    """The type of a field: one of `SPECIAL`, a message, or a list or map of these."""
    if kind.startswith("*"):
        return _type(package, group, kind[1:])
    if kind.startswith("[]") and kind != "[]byte":
        return f"[{_type(package, group, kind[2:])}]"
    if kind.startswith("map["):
        return f"{{{_type(package, group, kind.partition(']')[2])}}}"
    if "." in kind:
        alias, _, name = kind.partition(".")
        called = package.imports.get(alias, alias)
        full = f"{called}.{name}"
        return SPECIAL[full] if full in SPECIAL else _type(_package(called), called, name)
    if (found := SPECIAL.get(kind) or SPECIAL.get(f"{group}.{kind}")) is not None:
        return found
    if kind in package.lists:
        return "strings"
    if kind in package.aliases:
        return _type(package, group, package.aliases[kind])
    assert kind in package.structs, f"{group} has no {kind}"
    return f"{group}.{kind}"


@cache
def _package(group: str) -> Package:
    group, _, version = group.partition("/")
    version = version or "v1"
    folder = FOLDER / "api" / group / version
    if group == "meta":
        folder = FOLDER / "apimachinery" / "pkg" / "apis" / group / version
    sources = [one for one in folder.glob("*.go") if not one.name.startswith(("zz_", "generated"))]
    text = "\n".join(one.read_text(encoding="utf-8") for one in sources if not one.stem.endswith("_test"))
    aliases = dict(_ALIAS.findall(text))
    messages = set(re.findall(r"^message (\w+) ", (folder / "generated.proto").read_text(), re.MULTILINE))
    imports = {
        alias or path.rpartition("/")[2]: path.removesuffix("/v1").rpartition("/")[2]
        for alias, path in _IMPORT.findall(text)
    }
    lists = frozenset(name for name, kind in aliases.items() if kind == "[]string" and name in messages)
    return Package(dict(_STRUCT.findall(text)), aliases, imports, lists)
