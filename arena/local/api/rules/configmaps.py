"""ConfigMaps."""

from collections.abc import Iterator

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.checks import mapping
from arena.local.field_errors import FieldError, forbidden, invalid
from arena.local.objects import Object

_PARTS = ("data", "binaryData")


def _check(obj: Object) -> Iterator[FieldError]:
    parts = {part: mapping(obj.get(part)) for part in _PARTS}
    for part, values in parts.items():
        for key in values:
            yield from (invalid(f"{part}[{key}]", key, why) for why in formats.config_key(key))
    for key in parts["data"].keys() & parts["binaryData"].keys():
        yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")


def sealed(old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of a change of an object that says that it is immutable."""
    for name in ("immutable", *_PARTS) if old.get("immutable") else ():
        if (old.get(name) or {}) != (new.get(name) or {}):
            yield forbidden(name, "field is immutable when `immutable` is set")


RULES = Rules(check=_check, change=sealed)
