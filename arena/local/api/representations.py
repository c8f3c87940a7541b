"""The requested form of objects: whole, a table, or only metadata."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from arena.local.api import columns
from arena.local.api.request_options import Page
from arena.local.api.resource_types import Type
from arena.local.api.store import encode
from arena.local.objects import Object

_META = "meta.k8s.io/v1"


def form(accept: str) -> str:
    """`Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, or "" for the objects as they are."""
    for choice in accept.split(","):
        words = dict(word.strip().partition("=")[::2] for word in choice.split(";")[1:])
        if words.get("g") == "meta.k8s.io" and words.get("v") == "v1" and "as" in words:
            return words["as"]
        if choice.strip() in ("application/json", "*/*"):
            return ""
    return ""


def one(kind: Type, obj: Object, accept: str, query: Mapping[str, str], header: bool = True) -> Object:
    """The object in the form of the Accept header; `header` says whether a table has its columns."""
    shape = form(accept)
    if shape == "Table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return _table(kind, [obj], meta, query.get("includeObject", ""), header)
    return _partial(obj) if shape == "PartialObjectMetadata" else obj


def many(kind: Type, page: Page, accept: str, query: Mapping[str, str]) -> str:
    """The page in the form of the Accept header, as JSON text; stored texts are passed on unparsed."""
    meta: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        meta["continue"] = page.token
    if page.remaining is not None:
        meta["remainingItemCount"] = page.remaining
    shape = form(accept)
    if shape == "Table":
        objects = [json.loads(text) for text in page.texts]
        return encode(_table(kind, objects, meta, query.get("includeObject", ""), True))
    name, version, texts = f"{kind.resource.kind}List", kind.resource.api_version, page.texts
    if shape.startswith("PartialObjectMetadata"):
        name, version = "PartialObjectMetadataList", _META
        texts = [encode(_partial(json.loads(text))) for text in page.texts]
    head = encode({"kind": name, "apiVersion": version, "metadata": meta})
    return f'{head[:-1]},"items":[{",".join(texts)}]}}\n'


def empty_table(meta: Object) -> Object:
    """A table without rows, the bookmark for tables."""
    return {"kind": "Table", "apiVersion": _META, "metadata": meta, "columnDefinitions": [], "rows": []}


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}


def _table(kind: Type, objects: list[Object], meta: Object, include: str, header: bool) -> Object:
    now = datetime.now(timezone.utc)
    view = columns.of(kind)
    rows: list[Object] = []
    for obj in objects:
        row: Object = {"cells": [column.value(obj, now) for column in view]}
        if include != "None":
            row["object"] = obj if include == "Object" else _partial(obj)
        rows.append(row)
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": "name" if column.name == "Name" else "",
            "description": column.name,
            "priority": int(column.wide),
        }
        for column in view
    ]
    table = empty_table(meta)
    return table | {"columnDefinitions": definitions if header else [], "rows": rows}
