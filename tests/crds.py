"""Judge manifests strictly by what the published definitions of their kinds allow: by tests/crds.json."""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from arena.resources import Resource

FILE = Path(__file__).with_name("crds.json")


def defines(resource: Resource) -> bool:
    """Whether the type is known, in the release meant."""
    schema = _known()["types"].get(f"{resource.api_version} {resource.kind}")
    if schema is None:
        return False
    spec = schema["properties"]["spec"]
    spec = _known()["$defs"][spec["$ref"].rpartition("/")[2]] if "$ref" in spec else spec
    return not resource.field or resource.field in spec["properties"]


def faults(obj: dict[str, Any]) -> list[str]:
    """What the definition of the object's kind refuses in it; unknown fields are faults."""
    checker = _checker(f"{obj['apiVersion']} {obj['kind']}")
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(obj)]


@functools.cache
def _known() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@functools.cache
def _checker(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**_known()["types"][name], "$defs": _known()["$defs"]})
