"""The fields of a type in a server's OpenAPI documents: version 3, or version 2 of older servers."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

PATHS = ("/openapi/v3/{path}", "/openapi/v2")
"""Paths to request, in this order; the first exists since 1.24, the second describes all types."""


def spec_fields(document: Schema, group: str, version: str, kind: str) -> frozenset[str] | None:
    """The names of the fields of a type's spec; None if the document does not contain them."""
    known: Schema = document.get("definitions") or (document.get("components") or {}).get("schemas") or {}
    wanted = {"group": group, "version": version, "kind": kind}
    for schema in known.values():
        if wanted in schema.get("x-kubernetes-group-version-kind", ()):
            spec = _properties(schema, known).get("spec")
            fields = _properties(spec, known) if spec else {}
            return frozenset(fields) or None
    return None


def _properties(schema: Schema, known: Schema) -> Schema:
    """The properties of a schema, its own or those that it refers to."""
    while "properties" not in schema:
        parts = schema.get("allOf") or ()
        reference = schema.get("$ref") or next((one["$ref"] for one in parts if "$ref" in one), "")
        schema = known.get(reference.rpartition("/")[2]) or {"properties": {}}
    found: Schema = schema["properties"]
    return found
