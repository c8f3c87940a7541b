"""What a server's OpenAPI documents say about the fields of a type: versions 3 and, of older servers, 2."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

PATHS = ("/openapi/v3/{path}", "/openapi/v2")
"""Where to ask, in this order; the first is there since 1.24, the second tells of all types at once."""


def spec_fields(document: Schema, group: str, version: str, kind: str) -> frozenset[str] | None:
    """The names of the fields of a type's spec; None where the document does not tell them."""
    known: Schema = document.get("definitions") or (document.get("components") or {}).get("schemas") or {}
    wanted = {"group": group, "version": version, "kind": kind}
    for schema in known.values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            spec = _properties(schema, known).get("spec")
            fields = _properties(spec, known) if spec else {}
            return frozenset(fields) or None
    return None


def _properties(schema: Schema, known: Schema) -> Schema:
    """The properties of a schema, its own or those of what it refers to."""
    while "properties" not in schema:
        parts = schema.get("allOf") or ()
        reference = schema.get("$ref") or next((one["$ref"] for one in parts if "$ref" in one), "")
        schema = known.get(reference.rpartition("/")[2]) or {"properties": {}}
    found: Schema = schema["properties"]
    return found
