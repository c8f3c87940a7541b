"""The structure of objects, as it is published; kinds that nobody published have one of the house.

A structure is written as JSON: the name of a type or format (`string`, `int32`, `int-or-string`), that of
another structure (`PodSpec` of Kubernetes, `#part` of the custom kinds), or a mapping with the keys of
OpenAPI, except that

- `properties`, `values` (what OpenAPI calls `additionalProperties`) and `items` imply the type;
- `keys` names the fields that identify the items of a list, and `set` marks a list of unique values; all
  other lists are replaced whole, as are mappings that are `atomic`; `merge` is what a strategic merge patch
  goes by instead of the first key, or "" if it replaces the list;
- `open` keeps unknown fields, as does the empty structure;
- `embedded` fields of a built-in kind always have a mapping, and `replaced` ones a strategic merge patch
  replaces;
- in built-in kinds, `needed` are the fields that a cluster insists on, if others are published as
  `required`, `defaults` are those that it sets without publishing them, and `kept` are the fields whose
  empty value is not as if they were not there; a text that is not there identifies an item as an empty one
  does, unless the structure is `keyless`;
- `rules` restates what is published as expressions, and is checked if nothing else is wrong: `fixed`
  values do not change, of each group of `exclusive` fields at most one is there, of `alternatives` one group
  is, of `apart` not all paths lead to such values, and `inside` has limits of all values at a path.
"""

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from arena.local.api import published, resource_types
from arena.local.api.resource_types import Type
from arena.local.objects import Resource

TYPES = ("string", "integer", "number", "boolean", "object", "array", "int-or-string", "quantity")
_FORMATS = {"int32": "integer", "int64": "integer", "date-time": "string", "micro-time": "string",
            "byte": "string"}  # fmt: skip
"""Formats, which also stand for a type with that format; a `micro-time` has six digits after its seconds."""
TIMES = ("date-time", "micro-time")
_STRUCTURE = {"type", "properties", "values", "items", "required", "needed", "default", "defaults",
              "kept", "keyless", "nullable", "keys", "set", "merge", "atomic", "open", "embedded", "replaced",
              "format", "rules"}  # fmt: skip
_NOTHING = {"string": "", "integer": 0, "number": 0, "boolean": False, "quantity": "0", "int-or-string": 0,
            "array": [], "object": {}}  # fmt: skip


class Schema:
    """The structure of a value.

    Attributes:
        name: the name by which clients know it; "" if it has none, as no part of a custom kind has.
        raw: the structure as it is written.
    """

    def __init__(self, raw: Mapping[str, Any], name: str = "") -> None:
        self.raw, self.name = raw, name

    @cached_property
    def type(self) -> str:
        """The name of its type; "" if a value may have any."""
        if "items" in self.raw:
            return "array"
        implied = "object" if "properties" in self.raw or "values" in self.raw else ""
        return str(self.raw.get("type", implied))

    @cached_property
    def fields(self) -> Mapping[str, "Schema"]:
        """The fields that a mapping may have."""
        return {name: of(one) for name, one in self.raw.get("properties", {}).items()}

    @cached_property
    def values(self) -> "Schema | None":
        """The structure of the values of a mapping with any keys."""
        return of(self.raw["values"]) if "values" in self.raw else None

    @cached_property
    def item(self) -> "Schema":
        """The structure of a list's items or of a map's values; ANY if it is neither."""
        return of(self.raw["items"]) if "items" in self.raw else self.values or ANY

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The defaults of fields that have one."""
        return {name: one.raw["default"] for name, one in self.fields.items() if "default" in one.raw}

    @cached_property
    def key_defaults(self) -> Mapping[str, Any]:
        """The values of missing fields that identify an item; of a built-in kind, what is always there."""
        named = self.name and not self.raw.get("keyless")
        texts = [name for name, one in self.fields.items() if named and one.type == "string"]
        return {**dict.fromkeys(texts, ""), **self.raw.get("defaults", {}), **self.defaults}

    @cached_property
    def all_defaults(self) -> Mapping[str, Any]:
        """The defaults of the fields of a built-in kind, also those that are not published."""
        return {**self._lists, **self._parts, **self.defaults, **self.raw.get("defaults", {})}

    @property
    def _lists(self) -> dict[str, Any]:
        """The lists that are always there, if only as null."""
        return {name: None for name in self.required if self.child(name).type == "array"}

    @property
    def _parts(self) -> dict[str, Any]:
        """The mappings that are always there."""
        return {name: {} for name in self.raw.get("embedded", ())}

    @property
    def replaced(self) -> tuple[str, ...]:
        """The fields with mappings that a strategic merge patch replaces."""
        return tuple(self.raw.get("replaced", ()))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return tuple(self.raw.get("required", ()))

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The fields that a built-in kind insists on."""
        return tuple(self.raw.get("needed", self.required))

    @cached_property
    def loses(self) -> frozenset[str]:
        """The fields that are as if they were not there if they are empty."""
        kept, fields = self.raw.get("kept"), self.fields.items()
        if kept is None:
            several = (name for name, one in fields if one.type == "array" or one.values)
            return frozenset(several).difference(self.required)
        simple = (name for name, one in fields if not one.fields and one.type != "quantity")
        return frozenset(simple).difference(kept)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The fields that identify the items of a list; () for other lists."""
        return tuple(self.raw.get("keys", ()))

    @cached_property
    def sorted_keys(self) -> tuple[str, ...]:
        """The same in the order in which the API names them."""
        return tuple(sorted(self.keys))

    @cached_property
    def is_set(self) -> bool:
        """Whether it is a list of unique values."""
        return bool(self.raw.get("set"))

    @cached_property
    def merge_key(self) -> str:
        """The field by which a strategic merge patch finds the items of a list; "" for other lists."""
        return str(self.raw.get("merge", self.keys[0] if self.keys else ""))

    @cached_property
    def is_merged(self) -> bool:
        """Whether a strategic merge patch merges a list, instead of replacing it."""
        return bool(self.merge_key) or (self.is_set and "merge" not in self.raw)

    @cached_property
    def is_atomic(self) -> bool:
        """Whether a mapping or list is replaced whole."""
        return bool(self.raw.get("atomic")) or (self.type == "array" and not self.keys and not self.is_set)

    @cached_property
    def is_open(self) -> bool:
        """Whether unknown fields are kept."""
        return not self.raw or bool(self.raw.get("open"))

    @cached_property
    def limits(self) -> Mapping[str, Any]:
        """What its values must keep to besides their type, by name."""
        return {name: limit for name, limit in self.raw.items() if name not in _STRUCTURE}

    @property
    def rules(self) -> Mapping[str, Any]:
        """What its published expressions say."""
        found: Mapping[str, Any] = self.raw.get("rules", {})
        return found

    @cached_property
    def nullable(self) -> bool:
        """Whether null is a value."""
        return not self.raw or bool(self.raw.get("nullable"))

    @cached_property
    def is_pod_template(self) -> bool:
        """Whether it is the template of a pod, which must have containers."""
        return "containers" in self.child("spec").required

    @property
    def nothing(self) -> Any:
        """The empty value of this type."""
        return None if self.raw.get("format") in TIMES else _NOTHING.get(self.type)

    @cached_property
    def zero(self) -> Mapping[str, Any]:
        """What every value of a built-in structure has: what is embedded, and lists, if only as null."""
        return {**self._lists, **{name: self.fields[name].zero for name in self._parts}}

    def known(self, name: str) -> "Schema | None":
        """The structure of a field or of a map's value; None if there is no such field."""
        return self.fields.get(name) or self.values

    def child(self, name: str) -> "Schema":
        """The structure of a field or of a map's value; ANY if there is no such field."""
        return self.known(name) or ANY


ANY = Schema({})


def of(written: Any) -> Schema:
    """The structure as it is written."""
    return _named(written) if isinstance(written, str) else Schema(written)


@cache
def _named(name: str) -> Schema:
    if name in TYPES:
        return Schema({"type": name})
    if name in _FORMATS:
        return Schema({"type": _FORMATS[name], "format": name})
    if name.startswith("#"):
        return Schema(published.parts()[name[1:]])
    return Schema(published.kubernetes()[name], name)


def root(kind: Type) -> Schema:
    """The structure of the objects of a type."""
    return _root(kind.resource)


@cache
def _root(resource: Resource) -> Schema:
    kind = resource_types.of(resource)
    raw = kind.structure or (published.structure(resource) if kind.custom else None)
    raw = raw or published.kubernetes()[resource.kind]
    header = {"apiVersion": "string", "kind": "string", "metadata": "ObjectMeta"}
    return Schema({**raw, "properties": {**header, **raw["properties"]}}, resource.kind)


def below(schema: Schema) -> Iterator[Schema]:
    """The structures of its fields, items and values."""
    yield from schema.fields.values()
    if schema.item is not ANY:
        yield schema.item
