"""Apply the difference of two manifests to a live object, and find the patch between two objects."""

from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]
_GONE = object()
_KEYS = ("name", "mountPath", "containerPort", "port")
"""The fields that identify an item of a list, the first that all items have and that is unique."""


def three_way(old: Any, new: Any, live: Any) -> Any:
    """Apply to a live object what differs between two manifests; everything else of it stays.

    Items of lists are matched by their names, or for volume mounts by their paths; lists of plain values
    are replaced as a whole.

    >>> three_way({"image": "a", "n": 1}, {"image": "b", "n": 1}, {"image": "a", "n": 5, "x": 0})
    {'image': 'b', 'n': 5, 'x': 0}
    """
    if old == new:
        return live
    if isinstance(new, Mapping) and isinstance(live, Mapping):
        return _mapping(old if isinstance(old, Mapping) else {}, new, live)
    if isinstance(new, list) and isinstance(live, list) and _are_objects([*new, *live]):
        return _list(old if isinstance(old, list) else [], new, live)
    return new


def _mapping(old: Mapping[str, Any], new: Mapping[str, Any], live: Mapping[str, Any]) -> Object:
    found = dict(live)
    for key in [*new, *(one for one in old if one not in new)]:
        before, after = old.get(key, _GONE), new.get(key, _GONE)
        if before == after:
            continue
        if after is _GONE:
            found.pop(key, None)
        else:
            found[key] = three_way(before, after, found[key]) if key in found else after
    return found


def _are_objects(items: Sequence[Any]) -> bool:
    return all(isinstance(one, Mapping) for one in items)


def _list(old: Sequence[Any], new: Sequence[Any], live: Sequence[Any]) -> list[Any]:
    key = next((key for key in _KEYS if all(_is_unique(key, some) for some in (old, new, live))), "")
    if not key:  # such as tolerations
        left = [one for one in live if one not in old or one in new]
        return left + [one for one in new if one not in left and one not in old]
    before, after = ({one[key]: one for one in some} for some in (old, new))
    kept = [one for one in live if one[key] in after or one[key] not in before]
    found = [three_way(before.get(one[key], {}), after.get(one[key], {}), one)
             if one[key] in after else one for one in kept]  # fmt: skip
    there = {one[key] for one in kept}
    return found + [one for one in new if one[key] not in there]


def _is_unique(key: str, items: Sequence[Mapping[str, Any]]) -> bool:
    found = [one.get(key) for one in items]
    return all(isinstance(one, (str, int)) for one in found) and len(set(found)) == len(found)


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """The JSON merge patch that makes one object of the other; empty if they are equal.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}})
    {'a': None, 'b': {'d': 4}}
    """
    found: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        there = before.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            if inner := merge_patch(there, value):
                found[key] = inner
        elif key not in before or value != there:
            found[key] = value
    return found
