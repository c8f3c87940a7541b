"""The requested form of objects: whole, a table, or only metadata."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from arena.local.api import columns, refusals
from arena.local.api.request_options import Page
from arena.local.api.resource_types import Type
from arena.local.api.store import encode
from arena.local.objects import Object

_META = "meta.k8s.io/v1"


_JSON, _YAML = "application/json", "application/yaml"
_MEDIA = {"": _JSON, "*/*": _JSON, "application/*": _JSON, _JSON: _JSON, _YAML: _YAML}
_FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


def form(accept: str) -> str:
    """`Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, or "" for the objects as they are."""
    return _choice(accept)[1]


def media(accept: str) -> str:
    """The content type of the answer, of which JSON is also YAML.

    Raises:
        Refused: 406 if the client accepts nothing that the server writes.
    """
    return _choice(accept)[0]


@lru_cache(maxsize=64)
def _choice(accept: str) -> tuple[str, str]:
    """The first content type and form among the choices that the server writes."""
    for choice in accept.split(","):
        name, *rest = (word.strip() for word in choice.split(";"))
        words = dict(word.partition("=")[::2] for word in rest)
        shape, version = words.get("as", ""), (words.get("g"), words.get("v"))
        if name in _MEDIA and (not shape or (shape in _FORMS and version == ("meta.k8s.io", "v1"))):
            return _MEDIA[name], shape
    raise refusals.of_code(406, f"only the following media types are accepted: {_JSON}, {_YAML}")


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
