"""StorageClasses."""

from collections.abc import Iterator

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.checks import enum, items, mapping
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.objects import Object

_ENUMS = {
    "reclaimPolicy": enum("Delete", "Retain"),
    "volumeBindingMode": enum("Immediate", "WaitForFirstConsumer"),
}


def _check(obj: Object) -> Iterator[FieldError]:
    provisioner = obj.get("provisioner") or ""
    if not provisioner:
        yield missing("provisioner")
    else:
        yield from (
            invalid("provisioner", provisioner, why) for why in formats.qualified(provisioner.lower())
        )
    for name, check in _ENUMS.items():
        if obj.get(name):
            yield from check(name, obj[name])
    if "" in mapping(obj.get("parameters")):
        yield invalid("parameters", "", "field can not be empty.")
    for index, term in enumerate(items(obj.get("allowedTopologies"))):
        for number, one in enumerate(items(term.get("matchLabelExpressions"))):
            where, key = f"allowedTopologies[{index}].matchLabelExpressions[{number}]", one.get("key", "")
            if not one.get("values"):
                yield missing(f"{where}.values")
            yield from (invalid(f"{where}.key", key, why) for why in formats.qualified(key))


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    for name in ("parameters", "provisioner", "reclaimPolicy"):
        if (old.get(name) or None) != (new.get(name) or None):
            yield forbidden(name, f"updates to {name} are forbidden.")


RULES = Rules(check=_check, change=_change, immutable=("volumeBindingMode",))
