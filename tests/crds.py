"""Judge manifests strictly by the published definitions of their kinds, where those are at hand.

They lie in the folder that ARENA_CRDS names, else in `shared/crds` beside the checkout, each in a file that
is named after its type: a new one is found without a word here.
"""

import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from arena.resources import Resource

FOLDER = Path(os.environ.get("ARENA_CRDS") or Path(__file__).parents[2] / "shared" / "crds")

KEPT = {"type", "required", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern"}
KEPT |= {"minItems", "maxItems", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}


def file(api_version: str, kind: str) -> Path:
    """Where the definition of a type lies if it is at hand: GROUP_PLURAL.VERSION.yaml, or without version."""
    group, _, version = api_version.rpartition("/")
    own = FOLDER / f"{group}_{kind.lower()}s.{version}.yaml"
    return own if own.exists() else FOLDER / f"{group}_{kind.lower()}s.yaml"


def defines(resource: Resource) -> bool:
    """Whether the definition of the type, in the release meant, is at hand."""
    if not file(resource.api_version, resource.kind).exists():
        return False
    try:
        spec = _checker(resource.api_version, resource.kind).schema["properties"]["spec"]
    except KeyError:  # it defines other versions
        return False
    return not resource.field or resource.field in spec["properties"]


def faults(obj: dict[str, Any]) -> list[str]:
    """What the definition of the object's kind refuses in it; unknown fields are faults."""
    checker = _checker(obj["apiVersion"], obj["kind"])
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(obj)]


@functools.cache
def _checker(api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = file(api_version, kind).read_text()
    definition = yaml.load(text, Loader=loader)  # a loader of safe documents
    versions = {one["name"]: one for one in definition["spec"]["versions"]}
    schema = versions[api_version.rpartition("/")[2]]["schema"]["openAPIV3Schema"]
    schema = {**schema, "properties": {**schema["properties"], "metadata": {"type": "object"}}}
    return jsonschema.Draft202012Validator(_convert(schema))


def _convert(node: dict[str, Any], *, close: bool = True) -> dict[str, Any]:
    """An OpenAPI schema as a JSON Schema that refuses what `kubectl --validate=strict` does."""
    found = {key: value for key, value in node.items() if key in KEPT}
    if node.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if node.get("nullable"):
        found["type"] = [found["type"], "null"]
    if "items" in node:
        found["items"] = _convert(node["items"], close=close)
    if "properties" in node:
        found["properties"] = {key: _convert(one, close=close) for key, one in node["properties"].items()}
    if isinstance(node.get("additionalProperties"), dict):
        found["additionalProperties"] = _convert(node["additionalProperties"], close=close)
    elif close and "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    for key in ("allOf", "oneOf"):
        if key in node:
            found[key] = [_convert(one, close=False) for one in node[key]]
    return found
