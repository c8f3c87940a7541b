"""Hostile requests: valid ones of every kind with a few random changes.

A seed gives the same requests again. Pods of right objects end at once; `nodeName` and the like are
changed as all else.
"""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import yaml
from oddities import BYTES, FIELDS, HEADERS, JSON, ODD, PATCHES, PATHS, QUERY, SPECS, TEXTS

from arena.local.api import schema
from arena.local.api.resource_types import STORED, TYPES, Type
from arena.local.api.schema import ANY, Schema

CASES = Path(__file__).parents[1] / "cases" / "training"
NAMES = ("a", "b", "c-1")
"""Of the objects that are made, so that requests meet each other's, and there are never many."""


class Request(NamedTuple):
    """One request below the server's address."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def models() -> dict[str, list[Any]]:
    """Kind -> objects as they should be."""
    found: dict[str, list[Any]] = {}
    for path in sorted(CASES.glob("*.yaml")):
        for one in list(yaml.load_all(path.read_text("utf-8"), yaml.CSafeLoader))[1:]:
            if isinstance(one, dict) and "kind" in one and len(json.dumps(one)) < 20_000:
                found.setdefault(one["kind"], []).append(_quick(one))
    for kind in STORED:
        name = kind.resource.kind
        if name not in found or name in SPECS or name in FIELDS:
            spec = {"spec": SPECS[name]} if name in SPECS else {}
            found[name] = [{"metadata": {"name": "a"}, **spec, **FIELDS.get(name, {})}]
    return found


def _quick(value: Any) -> Any:
    """The object with programs that end at once, in no folder of this machine."""
    if isinstance(value, list):
        return [_quick(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _quick(one) for key, one in value.items() if key not in ("args", "hostPath", "workingDir")}
    if "hostPath" in value:
        kept["emptyDir"] = {}
    return kept | ({"command": ["true"]} if "command" in kept else {})


class Mutants:
    """Endless requests, the same for a seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._models = models()

    def __iter__(self) -> Iterator[Request]:
        while True:
            yield self._request()

    def model(self, kind: Type) -> Any:
        """A right object of the kind."""
        return copy.deepcopy(self._dice.choice(self._models[kind.resource.kind]))

    def made(self, shape: Schema) -> Any:
        """A value of the shape, or nearly so."""
        return self._made(shape, 0)

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share

    def _request(self) -> Request:
        kind = self._dice.choice(TYPES)
        method, path, form = self._aim(kind)
        query = {name: self._dice.choice(QUERY[name]) for name in self._some(tuple(QUERY), 0.25)}
        headers = {"Content-Type": form}
        headers |= {name: self._dice.choice(HEADERS[name]) for name in self._some(tuple(HEADERS), 0.15)}
        body = self._body(kind, path, method, headers.get("Content-Type", ""))
        text = urlencode(query, errors="replace")
        return Request(method, (path or "/") + (f"?{text}" if text else ""), headers, body)

    def _some(self, names: tuple[str, ...], share: float) -> list[str]:
        return self._dice.sample(names, self._dice.randint(1, 3)) if self._chance(share) else []

    def _aim(self, kind: Type) -> tuple[str, str, str]:
        """Method, path and content type."""
        if self._chance(0.03):
            return (
                self._dice.choice(("GET", "POST", "PUT", "HEAD", "OPTIONS", "PROPFIND")),
                self._dice.choice(PATHS),
                JSON,
            )
        group = f"/apis/{kind.resource.group}" if kind.resource.group else "/api"
        path = f"{group}/{kind.resource.version}"
        if kind.resource.namespaced and self._chance(0.97):
            path += "/namespaces/" + self._dice.choice(("default",) * 9 + ("kube-system", "a", "%C3%A9"))
        path += f"/{kind.resource.plural}"
        method = self._dice.choice((*("POST",) * 6, "GET", "DELETE" if self._chance(0.1) else "GET"))
        if self._chance(0.6):
            path += "/" + self._name()
            if kind.subresources and self._chance(0.4):
                path += "/" + self._dice.choice(kind.subresources)
            method = self._dice.choice(
                ("GET", "PUT", "PATCH", "PATCH", "PATCH", "DELETE" if self._chance(0.3) else "PUT")
            )
        if self._chance(0.03):
            method = self._dice.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"))
        return method, path, f"application/{self._dice.choice(PATCHES)}" if method == "PATCH" else JSON

    def _name(self) -> str:
        if self._chance(0.95):
            return self._dice.choice(NAMES)
        return self._dice.choice(
            ("local", "%00", "%2F", "..", "%ff", "a%2F..%2Fb", "%F0%9F%98%80", "x" * 2000, "A", "%")
        )

    def _body(self, kind: Type, path: str, method: str, form: str) -> bytes:
        if method in ("GET", "HEAD", "OPTIONS", "TRACE") and self._chance(0.95):
            return b""
        if self._chance(0.05):
            return self._dice.choice(BYTES)
        value = self._value(kind, path, method, form)
        if self._chance(0.05):
            text = yaml.dump(value, allow_unicode=False).encode(errors="replace")
        else:
            text = json.dumps(value).encode()
        return self._spoilt(text) if self._chance(0.05) else text

    def _spoilt(self, text: bytes) -> bytes:
        place = self._dice.randrange(len(text) + 1)
        odd = self._dice.choice((b"\xff", b"\x00", b'"', b"}", b"[", b"\\", b"\\ud800", b"&a", b"1e999", b""))
        return text[:place] + odd + (text[place + 1 :] if odd else b"")

    def _value(self, kind: Type, path: str, method: str, form: str) -> Any:
        if method == "DELETE":
            options = {"propagationPolicy": "Background", "gracePeriodSeconds": 0,
                                  "preconditions": {"uid": "x"}, "dryRun": ["All"]}  # fmt: skip
            return self._mutated(options, ANY)
        if "/scale" in path:
            return self._mutated({"spec": {"replicas": 2}}, ANY)
        if "/binding" in path:
            return self._mutated({"target": {"name": "local"}}, ANY)
        if "json-patch" in form:
            return self._operations(kind)
        obj = self._object(kind)
        if method == "PATCH" and isinstance(obj, dict) and self._chance(0.7):  # a part of it
            obj = {key: one for key, one in obj.items() if self._chance(0.6)}
            if "strategic" in form:
                self._direct(obj)
        return obj

    def _object(self, kind: Type) -> Any:
        resource = kind.resource
        obj = (
            copy.deepcopy(self._dice.choice(self._models[resource.kind]))
            if resource.kind in self._models
            else {}
        )
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        obj.setdefault("metadata", {})["name"] = self._dice.choice(NAMES)
        shape = schema.root(kind) if kind in STORED else ANY
        if self._chance(0.2):
            obj["status"] = self._made(shape.child("status"), 0)
        return obj if self._chance(0.45) else self._mutated(obj, shape)

    def _mutated(self, value: Any, shape: Schema) -> Any:
        for _ in range(self._dice.choice((1, 1, 1, 1, 2))):
            value = self._change(value, shape)
        return value

    def _change(self, value: Any, shape: Schema) -> Any:
        """The value with one place changed, most often deep inside."""
        if isinstance(value, dict) and value and self._chance(0.85):
            if self._chance(0.15) and shape.fields:
                name = self._dice.choice(tuple(shape.fields))
                return value | {name: self._made(shape.child(name), 0)}
            name = self._dice.choice(tuple(value))
            if self._chance(0.05):
                return {key: one for key, one in value.items() if key != name}
            return value | {name: self._change(value[name], shape.child(name))}
        if isinstance(value, list) and value and self._chance(0.85):
            place = self._dice.randrange(len(value))
            if self._chance(0.1):
                return [*value, copy.deepcopy(value[place])]
            return [self._change(one, shape.item) if at == place else one for at, one in enumerate(value)]
        return self._made(shape, 0) if self._chance(0.55) else copy.deepcopy(self._dice.choice(ODD))

    def _made(self, shape: Schema, depth: int) -> Any:
        """A value of that shape, mostly."""
        if depth > 6 or not shape.type or self._chance(0.05):
            return copy.deepcopy(self._dice.choice(ODD))
        if known := shape.raw.get("enum"):
            return self._dice.choice(known)
        if shape.fields:
            names = tuple(shape.fields)
            chosen = {*shape.required, *self._dice.sample(names, min(len(names), self._dice.randint(0, 3)))}
            return {name: self._made(shape.child(name), depth + 1) for name in sorted(chosen)}
        if shape.values:
            return {
                self._dice.choice(TEXTS): self._made(shape.item, depth + 1)
                for _ in range(self._dice.randint(0, 2))
            }
        if shape.type == "array":
            return [self._made(shape.item, depth + 1) for _ in range(self._dice.randint(0, 3))]
        if shape.type == "boolean":
            return self._chance(0.5)
        if shape.type in ("integer", "number"):
            return self._dice.choice((0, 1, 2, 3, -1, 80, 2**31 - 1, 2**63 - 1))
        return self._dice.choice(TEXTS)

    def _direct(self, obj: Any) -> None:
        """Put directives of strategic merge patches somewhere."""
        places = list(_mappings(obj))
        where = self._dice.choice(places)
        name = self._dice.choice(("$patch", "$retainKeys", "$setElementOrder/containers",
                                  "$deleteFromPrimitiveList/a",
                                  "$setElementOrder/", "$x"))  # fmt: skip
        where[name] = self._dice.choice(
            ("delete", "replace", "merge", "x", ["a"], [{"name": "a"}], [None], [[]], {}, 1)
        )

    def _operations(self, kind: Type) -> Any:
        paths = ["", "/", "/metadata", "/spec", "/status", "/metadata/labels", "/metadata/name", "/spec/x",
                 "/a~1b/~0",
                 "/spec/template/spec/containers/0", "/spec/containers/-", "/spec/replicas",
                 "/metadata/annotations/a",
                 "/01", "/-", "x", "/spec/" + "9" * 5000]  # fmt: skip
        chosen = []
        for _ in range(self._dice.randint(1, 5)):
            name = self._dice.choice(("add", "remove", "replace", "move", "copy", "test", "x"))
            one = {"op": name, "path": self._dice.choice(paths), "from": self._dice.choice(paths),
                   "value": copy.deepcopy(self._dice.choice(ODD))}  # fmt: skip
            chosen.append(self._mutated(one, ANY) if self._chance(0.1) else one)
        return chosen


def _mappings(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _mappings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _mappings(one)
