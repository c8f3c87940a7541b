"""Make tests/crds.json of the published definitions: what they allow, as JSON Schema, without their text.

`ARENA_REGENERATE=1 .venv/bin/pytest tests/test_crds.py` writes it where the definitions are at hand: in the
folder that ARENA_CRDS names, else in `shared/crds` beside the checkout, each in a file named after its
type. docs/real-operators.md names the releases.
"""

import functools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from arena import kinds
from arena.kinds.cron import CRONS
from arena.kinds.serving import FAMILY as SERVING
from arena.kinds.training import etjob
from arena.resources import Resource

Schema = dict[str, Any]

FOLDER = Path(os.environ.get("ARENA_CRDS") or Path(__file__).parents[2] / "shared" / "crds")

KEPT = {"type", "required", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern"}
KEPT |= {"minItems", "maxItems", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
SHORT = 80
"""Characters of JSON that are not worth a definition of their own."""


def file(api_version: str, kind: str) -> Path:
    """Where the definition of a type lies if it is at hand: GROUP_PLURAL.VERSION.yaml, or without version."""
    group, _, version = api_version.rpartition("/")
    own = FOLDER / f"{group}_{kind.lower()}s.{version}.yaml"
    return own if own.exists() else FOLDER / f"{group}_{kind.lower()}s.yaml"


def reduced() -> str:
    """The text of tests/crds.json: all types that arena sends and that are published, a line each."""
    sent = [one for kind in (*kinds.training_kinds(), *kinds.of(SERVING)) for one in kind.resources]
    sent += [etjob.SCALEINS, etjob.SCALEOUTS, CRONS]
    found = {f"{one.api_version} {one.kind}": schema for one in sent if (schema := _published(one))}
    # A JobSet is made of Jobs, and its definition says what a Job is.
    sets = found["jobset.x-k8s.io/v1alpha2 JobSet"]["properties"]["spec"]["properties"]["replicatedJobs"]
    job = sets["items"]["properties"]["template"]["properties"]["spec"]
    text = {"type": "string"}
    found["batch/v1 Job"] = _whole({"properties": {"apiVersion": text, "kind": text, "spec": job}})
    parts = Parts(found)
    types = {name: parts.inside(name, schema) for name, schema in sorted(found.items())}
    return f"{{\n{_lines('$defs', parts.defined)},\n{_lines('types', types)}\n}}\n"


@functools.cache
def definition(path: Path) -> dict[str, Any]:
    """The definition in a file, which takes long to read."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # of safe documents
    return found


def _published(resource: Resource) -> Schema | None:
    path = file(resource.api_version, resource.kind)
    if not path.exists():
        return None
    versions = {one["name"]: one for one in definition(path)["spec"]["versions"]}
    if resource.version not in versions:
        return None
    return _whole(_strict(versions[resource.version]["schema"]["openAPIV3Schema"]))


def _whole(schema: Schema) -> Schema:
    """The schema of an object: its metadata is no matter of its type, and nobody sends a status."""
    properties = {**schema["properties"], "metadata": {"type": "object"}, "status": {"type": "object"}}
    return {**schema, "type": "object", "properties": properties, "additionalProperties": False}


def _strict(node: Schema, *, close: bool = True) -> Schema:
    """An OpenAPI schema as a JSON Schema that refuses what `kubectl --validate=strict` does."""
    found = {key: value for key, value in node.items() if key in KEPT}
    if node.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if node.get("nullable"):
        found["type"] = [found["type"], "null"]
    if "items" in node:
        found["items"] = _strict(node["items"], close=close)
    if "properties" in node:
        found["properties"] = {key: _strict(one, close=close) for key, one in node["properties"].items()}
    if isinstance(node.get("additionalProperties"), dict):
        found["additionalProperties"] = _strict(node["additionalProperties"], close=close)
    elif close and "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    for key in ("allOf", "oneOf"):
        if key in node:
            found[key] = [_strict(one, close=False) for one in node[key]]
    return found


class Parts:
    """What occurs in several places, such as a container, as definitions of their own."""

    def __init__(self, types: dict[str, Schema]) -> None:
        self.defined: dict[str, Schema] = {}
        self._names: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        for schema in types.values():
            self._count(schema)

    def inside(self, name: str, node: Schema) -> Schema:
        """The schema, with references for those below it; `name` is what they are called by need."""
        return _changed(node, lambda key, one: self._place(key or name, one))

    def _place(self, name: str, node: Schema) -> Schema:
        text = _text(node)
        if self._seen[text] < 2 or len(text) < SHORT:
            return self.inside(name, node)
        if text not in self._names:
            small = self.inside(name, node)
            self._names[text] = self._free(name)
            self.defined[self._names[text]] = small
        return {"$ref": f"#/$defs/{self._names[text]}"}

    def _free(self, name: str) -> str:
        number = 1
        while (found := name if number == 1 else f"{name}{number}") in self.defined:
            number += 1
        return found

    def _count(self, node: Schema) -> None:
        text = _text(node)
        self._seen[text] += 1
        if self._seen[text] == 1:
            for one in _below(node):
                self._count(one)


def _below(node: Schema) -> Iterator[Schema]:
    yield from node.get("properties", {}).values()
    yield from (node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict))


def _changed(node: Schema, change: Callable[[str, Schema], Schema]) -> Schema:
    found = dict(node)
    if "properties" in node:
        found["properties"] = {key: change(key, one) for key, one in sorted(node["properties"].items())}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            found[key] = change("", node[key])
    return found


def _text(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))


def _lines(name: str, entries: dict[str, Schema]) -> str:
    return f'"{name}": {{\n' + ",\n".join(f'"{key}": {_text(one)}' for key, one in entries.items()) + "\n}"
