"""LimitRanges: default requests and limits of containers, and bounds for containers and pods.

Those of claims, and ratios of limits to requests, are stored but not enforced.
"""

import json
from collections.abc import Iterator
from decimal import Decimal

from arena.local.api import quota, refusals
from arena.local.api.quantities import quantity
from arena.local.api.resource_types import Type
from arena.local.api.store import Rows, Store
from arena.local.objects import Object

_KEY = "/limitranges"


def fill(store: Store, kind: Type, obj: Object) -> None:
    """Set the default limits and requests of the namespace in the containers of a pod, in place."""
    for item in _items(store, kind, obj, "Container"):
        limits = {**(item.get("max") or {}), **(item.get("default") or {})}
        requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
        for container in _containers(obj["spec"]):
            given = container.get("resources") or {}
            said = given.get("limits") or {}
            asked = {**said, **(given.get("requests") or {})}
            found = {**given, "limits": {**limits, **said}, "requests": {**requests, **asked}}
            container["resources"] = {name: value for name, value in found.items() if value}


def check(store: Store, kind: Type, obj: Object) -> None:
    """Refuse a pod that requests more or less than its namespace allows.

    Raises:
        Refused: 403, with every violated bound.
    """
    if kind.key != "/pods":
        return
    spec = obj["spec"]
    single = [one.get("resources") or {} for one in _containers(spec)]
    causes = [
        why for item in _items(store, kind, obj, "Container") for one in single for why in _why(item, one)
    ]
    for item in _items(store, kind, obj, "Pod"):
        causes += _why(item, {group: _whole(spec, group) for group in ("requests", "limits")})
    if causes:
        words = list(dict.fromkeys(causes))  # equal containers have equal errors
        why = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
        raise refusals.forbidden(kind.resource, obj["metadata"]["name"], why)


def _items(store: Store, kind: Type, obj: Object, wanted: str) -> Iterator[Object]:
    """The items of this type in the LimitRanges of a pod's namespace; none for other objects."""
    if kind.key == "/pods":
        for row in store.rows(Rows(_KEY, obj["metadata"]["namespace"])):
            items = (json.loads(row.body).get("spec") or {}).get("limits") or []
            yield from (one for one in items if one.get("type") == wanted)


def _containers(spec: Object) -> list[Object]:
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _whole(spec: Object, group: str) -> Object:
    return {name: quota.show(amount, name) for name, amount in quota.taken(spec, group).items()}


def _why(item: Object, resources: Object) -> Iterator[str]:
    """The violations of one item by limits and requests."""
    bounds = (("minimum", "min", "request"), ("maximum", "max", "limit"))
    for word, bound, needed in bounds:
        for name, edge in (item.get(bound) or {}).items():
            rule = f"{word} {name} usage per {item['type']} is {edge}"
            said = {one: (resources.get(f"{one}s") or {}).get(name) for one in ("request", "limit")}
            if said[needed] is None:
                yield f"{rule}. No {needed} is specified"
            for one, value in said.items():
                if value is not None and _passes(quantity(value), quantity(edge), bound):
                    yield f"{rule}, but {one} is {value}"


def _passes(value: Decimal, edge: Decimal, bound: str) -> bool:
    return value < edge if bound == "min" else value > edge
