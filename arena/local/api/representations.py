"""The requested form of objects: whole, a table, or only metadata."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from arena.local.api import columns, refusals
from arena.local.api.request_options import Page
from arena.local.api.resource_types import Type
from arena.local.api.store import encode
from arena.local.objects import Object
from arena.tuples import NamedTuple

META = "meta.k8s.io"
_QUALITY = re.compile(r"[01](\.\d*)?", re.ASCII)
_JSON, _YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_WRITTEN = {"": _JSON, "*/*": _JSON, "application/*": _JSON, _JSON: _JSON, _YAML: _YAML}
_SHAPES = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


class Form(NamedTuple):
    """What a client accepts."""

    media: str
    """The content type, of which JSON is also YAML."""
    shape: str = ""
    """`Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, or "" for the objects as they are."""
    version: str = ""
    """The apiVersion of the shape."""


PLAIN = Form(_JSON)
_WHOLE = {_JSON: PLAIN, _YAML: Form(_YAML), PROTOBUF: Form(PROTOBUF)}


def form(kind: Type, accept: str) -> Form:
    """The first form that a client accepts, of those that the server writes for a type.

    Raises:
        Refused: 406 if there is none.
    """
    return _form(accept, "protobuf" in accept and _has_message(kind))


def _has_message(kind: Type) -> bool:
    from arena.local.api.protobuf import messages  # imported late, because few clients ask for it

    return messages.has(kind.resource)


@lru_cache(maxsize=64)
def _form(accept: str, whole: bool) -> Form:
    """The first form; `whole` says whether objects can be written whole in protobuf."""
    choices = [_Choice.of(text) for text in accept.split(",")]
    for choice in sorted(choices, key=lambda one: -one.quality):
        shape, media = choice.shape, _WRITTEN.get(choice.media)
        if choice.media == PROTOBUF and (shape.startswith("Partial") or (whole and not shape)):
            media = PROTOBUF
        if media and (not shape or (shape in _SHAPES and choice.version in ("v1", "v1beta1"))):
            return Form(media, shape, f"{META}/{choice.version}") if shape else _WHOLE[media]
    known = ", ".join((_JSON, _YAML, PROTOBUF))
    raise refusals.of_code(406, f"only the following media types are accepted: {known}")


class _Choice(NamedTuple):
    """One of the content types of an Accept header."""

    media: str
    quality: float
    shape: str
    version: str
    """That of the shape; "" if its group is another."""

    @classmethod
    def of(cls, text: str) -> "_Choice":
        """As it is written."""
        name, *rest = (word.strip() for word in text.split(";"))
        words = dict(word.partition("=")[::2] for word in rest)
        version = words.get("v", "") if words.get("g") == META else ""
        found = _QUALITY.fullmatch(words.get("q", "1"))
        return cls(name, float(found[0]) if found else 0, words.get("as", ""), version)


def encoded(form: Form, text: str) -> bytes:
    """The JSON text of an answer in the content type of a form."""
    if form.media != PROTOBUF:
        return text.encode()
    from arena.local.api import protobuf

    return protobuf.encode(json.loads(text))


def one(kind: Type, obj: Object, form: Form, query: Mapping[str, str], header: bool = True) -> Object:
    """The object in a form; `header` says whether a table has its columns."""
    if form.shape == "Table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return _table(kind, [obj], meta, form, query.get("includeObject", ""), header)
    return _partial(obj, form) if form.shape == "PartialObjectMetadata" else obj


def many(kind: Type, page: Page, form: Form, query: Mapping[str, str]) -> str:
    """The page in a form, as JSON text; stored texts are passed on unparsed."""
    meta: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        meta["continue"] = page.token
    if page.remaining is not None:
        meta["remainingItemCount"] = page.remaining
    if form.shape == "Table":
        objects = [json.loads(text) for text in page.texts]
        return encode(_table(kind, objects, meta, form, query.get("includeObject", ""), True))
    name, version, texts = f"{kind.resource.kind}List", kind.resource.api_version, page.texts
    if form.shape:
        name, version = "PartialObjectMetadataList", form.version
        texts = [encode(_partial(json.loads(text), form)) for text in page.texts]
    head = encode({"kind": name, "apiVersion": version, "metadata": meta})
    return f'{head[:-1]},"items":[{",".join(texts)}]}}\n'


def bookmark(kind: Type, meta: Object, form: Form) -> Object:
    """An object of a type that has only these metadata, in a form."""
    if form.shape == "Table":
        return _empty_table(meta, form)
    obj = {"kind": kind.resource.kind, "apiVersion": kind.resource.api_version, "metadata": meta}
    return _partial(obj, form) if form.shape else obj


def _empty_table(meta: Object, form: Form) -> Object:
    empty: Object = {"columnDefinitions": [], "rows": []}
    return {"kind": "Table", "apiVersion": form.version, "metadata": meta, **empty}


def _partial(obj: Object, form: Form) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": form.version, "metadata": obj["metadata"]}


def _table(kind: Type, objects: list[Object], meta: Object, form: Form, include: str, header: bool) -> Object:
    now = datetime.now(timezone.utc)
    view = columns.of(kind)
    rows: list[Object] = []
    for obj in objects:
        row: Object = {"cells": [column.value(obj, now) for column in view]}
        if include != "None":
            row["object"] = obj if include == "Object" else _partial(obj, form)
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
    table = _empty_table(meta, form)
    return table | {"columnDefinitions": definitions if header else [], "rows": rows}
