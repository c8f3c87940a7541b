"""PersistentVolumeClaims."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.quantities import quantity
from arena.local.checks import enum, fields, fixed, mapping, selector, text
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.objects import Object

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_mode = enum(*_MODES)
_source = fields({}, required=("kind", "name"))
_spec = fields(
    {
        "dataSource": _source,
        "selector": selector,
        "storageClassName": text(formats.subdomain),
        "volumeAttributesClassName": text(formats.subdomain),
        "volumeMode": enum("Block", "Filesystem"),
    }
)
_WHY = "is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
_MUTABLE = ("resources", "volumeAttributesClassName")


def _check(obj: Object) -> Iterator[FieldError]:
    yield from check_spec("spec", mapping(obj.get("spec")))


def check_spec(path: str, spec: Object) -> Iterator[FieldError]:
    """The errors of the spec of a claim."""
    yield from _spec(path, spec)
    modes: list[str] = spec.get("accessModes") or []
    for mode in modes:
        yield from _mode(f"{path}.accessModes", mode)
    if not modes:
        yield missing(f"{path}.accessModes", "at least 1 access mode is required")
    elif _MODES[3] in modes and len(modes) > 1:
        yield forbidden(f"{path}.accessModes", "may not use ReadWriteOncePod with other access modes")
    size = _size(spec)
    if size is None:
        yield missing(f"{path}.resources[storage]")
    elif quantity(size) <= 0:
        yield invalid(f"{path}.resources[storage]", str(size), "must be greater than zero")


def _size(spec: Object) -> Any:
    return mapping(mapping(spec.get("resources")).get("requests")).get("storage")


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    before, after = old["spec"], new["spec"]
    if _fixed(before) != _fixed(after):
        yield forbidden("spec", f"spec {_WHY}")
    yield from fixed("volumeMode", before.get("volumeMode"), after.get("volumeMode"))
    least, size = mapping(old.get("status")).get("capacity", {}).get("storage"), _size(after)
    if size != _size(before) and quantity(size) < quantity(least or _size(before)):
        yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
    if before.get("volumeAttributesClassName") and not after.get("volumeAttributesClassName"):
        yield forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")


def _fixed(spec: Object) -> Object:
    kept = {key: value for key, value in spec.items() if key not in _MUTABLE}
    return {**kept, "limits": mapping(spec.get("resources")).get("limits") or {}}


RULES = Rules(check=_check, change=_change)
