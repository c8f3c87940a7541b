"""Make arena/local/api/published/ of the published definitions: the structures of custom kinds, without text.

`ARENA_REGENERATE=1 .venv/bin/pytest tests/test_published.py` writes the files of all custom kinds that the
local cluster serves and whose definitions are in the folder that ARENA_CRDS names, else in `shared/crds`
beside the checkout. `arena/local/api/published/__init__.py` says what the files contain.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import published_rules
import reduction
from published_rules import RULES

from arena.local import definitions
from arena.local.objects import Resource

Node = Any
"""A node of the compact form: the name of a type, `#` and the name of a part, or a mapping."""

KEPT = ("format", "minimum", "maximum", "minLength",
        "maxLength", "pattern", "minItems", "maxItems", "minProperties", "maxProperties", "enum", "default",
        "nullable", "required")  # fmt: skip
NAMES = {"jaxReplicaSpecs": "replicaSpecs", "JAXJob.status": "jobStatus"}
"""Names of parts that the structures of other kinds refer to, by the field that holds them first."""
FORMATS = ("int32", "int64", "date-time")
LATER = ("networking.istio.io",)
"""Groups whose later versions are as the one that was stored when they were published."""
FIXED = "self == oldSelf"
SHORT = 60
"""Characters of JSON that are not worth a part of their own."""


def made() -> dict[str, str]:
    """The files: name -> text."""
    found = {_name(one): crd for one in _served() if (crd := _published(one))}
    parts = Parts({name: crd.schema for name, crd in found.items()})
    kinds = {name: parts.inside(crd.kind, crd.schema) for name, crd in found.items()}
    files = {f"{name}.jsonl": f"{_text(crd.facts)}\n{_text(kinds[name])}\n" for name, crd in found.items()}
    rows = ",\n".join(f'"{name}": {_text(node)}' for name, node in sorted(parts.defined.items()))
    return {**files, "parts.json": f"{{\n{rows}\n}}\n"}


def _served() -> list[Resource]:
    found = (resource for one in definitions.every() if one.custom for resource in one.resources)
    return sorted(found, key=lambda one: (one.group, one.kind))


def _name(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}.{resource.version}"


class Definition:
    """One version of a published definition.

    Attributes:
        facts: what is not structure: the release, names, columns, subresources, whether there are rules.
        schema: the structure in the compact form.
    """

    def __init__(self, release: str, kind: str, names: dict[str, Any], version: dict[str, Any]) -> None:
        self.kind = kind
        self.facts: dict[str, Any] = {"from": release, "short": names.get("shortNames") or []}
        self.facts["columns"] = [_column(one) for one in version.get("additionalPrinterColumns") or []]
        self.facts["subresources"] = version.get("subresources") or {}
        if version.get("deprecated"):
            self.facts["deprecated"] = True
        made = Reduction(RULES.get(kind, {}) if version["storage"] else {})
        self.schema = made.reduced(version["schema"]["openAPIV3Schema"])
        self.facts["rules"] = made.has_rules
        if "properties" not in self.schema:  # it takes any object
            self.schema = {"open": True, "properties": {}}
        assert made.applied == set(made.rules), f"published_rules.py has paths that {kind} has not"
        for name in ("apiVersion", "kind", "metadata"):
            self.schema["properties"].pop(name, None)


def _published(resource: Resource) -> Definition | None:
    path = reduction.file(resource.api_version, resource.kind)
    if not path.exists():
        return None
    spec = reduction.definition(path)["spec"]
    versions = {one["name"]: one for one in spec["versions"]}
    found = versions.get(resource.version)
    if found is None and resource.group in LATER:
        found = next(one for one in versions.values() if one["storage"])
    return Definition(_release(path), resource.kind, spec["names"], found) if found else None


def _release(path: Path) -> str:
    """`owner/repository version` of the file, as the index of the folder says."""
    index = (path.parent / "INDEX.md").read_text(encoding="utf-8")
    row = next((line for line in index.splitlines() if line.startswith(f"| {path.name} |")), "")
    found = re.search(r"\| ([\w.-]+/[\w.-]+) @ ([\w.-]+) ", row)
    return f"{found[1]} {found[2]}" if found else ""


def _column(one: dict[str, Any]) -> dict[str, Any]:
    found = {"name": one["name"], "path": one["jsonPath"], "type": one["type"]}
    return {**found, "wide": True} if one.get("priority") else found


class Reduction:
    """Structural schemas of a kind in the compact form."""

    def __init__(self, rules: published_rules.Rules) -> None:
        self.rules = rules
        self.applied: set[str] = set()
        self.has_rules = False

    def reduced(self, node: dict[str, Any], path: str = "") -> Node:
        """The node at the path; one that says nothing holds anything."""
        if not node:
            return {"open": True}
        found = {key: node[key] for key in KEPT if key in node} | _marks(node) | self._limits(node, path)
        if found.get("format") == "string":  # which says nothing
            del found["format"]
        if "properties" in node:
            below = sorted(node["properties"].items())
            found["properties"] = {key: self.reduced(one, f"{path}.{key}".strip(".")) for key, one in below}
        if isinstance(node.get("additionalProperties"), dict):
            found["values"] = self.reduced(node["additionalProperties"], f"{path}{{}}")
        if "items" in node:
            found["items"] = self.reduced(node["items"], f"{path}[]")
        if not found.keys() & {"properties", "values", "items"} and "type" in node:
            found["type"] = node["type"]
        if node.get("x-kubernetes-int-or-string"):
            found["type"] = "int-or-string"
        if found.keys() == {"type", "format"} and found["format"] in FORMATS:
            return found["format"]
        return found["type"] if found.keys() == {"type"} else found

    def _limits(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        """What its published rules say."""
        rules = [one["rule"] for one in node.get("x-kubernetes-validations") or []]
        self.has_rules |= bool(rules)
        if path in self.rules:
            self.applied.add(path)
        else:
            assert set(rules) <= {FIXED}, f"{path} has rules that published_rules.py does not restate"
        found = {**({"fixed": True} if FIXED in rules else {}), **self.rules.get(path, {})}
        return {"rules": found} if found else {}


def _marks(node: dict[str, Any]) -> dict[str, Any]:
    """What Kubernetes adds to OpenAPI."""
    marks = {
        "open": node.get("x-kubernetes-preserve-unknown-fields"),
        "keys": node.get("x-kubernetes-list-map-keys"),
        "set": node.get("x-kubernetes-list-type") == "set",
        "atomic": node.get("x-kubernetes-map-type") == "atomic",
    }
    return {key: value for key, value in marks.items() if value}


class Parts:
    """What occurs in several places, such as a container, as parts with a name."""

    def __init__(self, kinds: dict[str, Node]) -> None:
        self.defined: dict[str, Node] = {}
        self._names: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        for schema in kinds.values():
            self._count(schema)

    def inside(self, name: str, node: Node) -> Node:
        """The node, with references to parts below it; `name` is that of the field that holds it."""
        if not isinstance(node, dict):
            return node
        found = dict(node)
        if "properties" in node:
            below = node["properties"].items()
            found["properties"] = {key: self._place(_known(name, key), one) for key, one in below}
        for key in ("items", "values"):
            if key in node:
                found[key] = self._place(_known("", name), node[key])
        return found

    def _place(self, name: str, node: Node) -> Node:
        text = _text(node)
        if self._seen[text] < 2 or len(text) < SHORT:
            return self.inside(name, node)
        if text not in self._names:
            small = self.inside(name, node)
            self._names[text] = self._free(name)
            self.defined[self._names[text]] = small
        return f"#{self._names[text]}"

    def _free(self, name: str) -> str:
        number = 1
        while (found := name if number == 1 else f"{name}{number}") in self.defined:
            number += 1
        return found

    def _count(self, node: Node) -> None:
        text = _text(node)
        self._seen[text] += 1
        if self._seen[text] == 1 and isinstance(node, dict):
            for one in _below(node):
                self._count(one)


def _known(holder: str, key: str) -> str:
    return NAMES.get(f"{holder}.{key}") or NAMES.get(key) or key


def _below(node: dict[str, Any]) -> Iterator[Node]:
    yield from node.get("properties", {}).values()
    yield from (node[key] for key in ("items", "values") if key in node)


def _text(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))
