"""PriorityClasses."""

from collections.abc import Iterator

from arena.local.api.kind_rules import Rules
from arena.local.checks import enum
from arena.local.field_errors import FieldError, forbidden
from arena.local.objects import Object

_HIGHEST = 1_000_000_000
_SYSTEM = ("system-node-critical", "system-cluster-critical")
_policy = enum("PreemptLowerPriority", "Never")


def _check(obj: Object) -> Iterator[FieldError]:
    name = obj["metadata"]["name"]
    if name.startswith("system-") and name not in _SYSTEM:
        why = (
            "priority class names with 'system-' prefix are reserved for system use only. error: "
            f"{name} is not a known system priority class"
        )
        yield forbidden("metadata.name", why)
    elif name not in _SYSTEM and obj.get("value", 0) > _HIGHEST:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")
    if obj.get("preemptionPolicy"):
        yield from _policy("preemptionPolicy", obj["preemptionPolicy"])


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    if old.get("value", 0) != new.get("value", 0):
        yield forbidden("Value", "may not be changed in an update.")  # written so by a cluster


RULES = Rules(check=_check, change=_change, immutable=("preemptionPolicy",))
