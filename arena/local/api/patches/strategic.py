"""Strategic merge patch: a merge patch that merges lists by the keys of their items."""

import json
from collections import deque
from collections.abc import Iterable
from itertools import count
from typing import Any

from arena.local.api.schema import Schema
from arena.local.objects import Refused

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def patch(target: Any, change: Any, schema: Schema) -> Any:
    """Patch `target`, whose structure is `schema`; neither argument is changed.

    Directives: `$patch: replace|delete|merge`, `$retainKeys`, `$setElementOrder/LIST`,
    `$deleteFromPrimitiveList/LIST`.

    Raises:
        Refused: 400 if a directive or a list item is malformed.
    """
    if not isinstance(change, dict):
        return change
    directive = change.get("$patch", "merge")
    if directive == "replace":
        return _bare({key: value for key, value in change.items() if key != "$patch"})
    if directive == "delete":
        return {}
    if directive != "merge":
        raise _bad(f'unknown value of $patch: "{directive}"')
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in change:
        kept = _marks(_list(change["$retainKeys"], "$retainKeys"))
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in change.items():
        if key in schema.replaced and isinstance(value, dict):
            result[key] = value if key in result else _bare(value)
        elif not key.startswith("$"):
            _field(result, key, value, schema.child(key))
    _directives(result, change, schema)
    return result


def _field(result: dict[str, Any], key: str, value: Any, schema: Schema) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, list) and schema.is_merged:
        old = result.get(key)
        result[key] = _items(old if isinstance(old, list) else [], value, schema)
    elif isinstance(value, dict):
        # This also covers unions such as a strategy or volume that are replaced by `$patch: replace`.
        result[key] = patch(result.get(key), value, schema)
        if value.get("$patch") == "delete":
            del result[key]
    else:
        result[key] = value


def _directives(result: dict[str, Any], change: dict[str, Any], schema: Schema) -> None:
    for key, value in change.items():
        name = key.partition("/")[2]
        if key.startswith(_DELETE) and isinstance(result.get(name), list):
            gone = _marks(_list(value, key))
            result[name] = [one for one in result[name] if _mark(one) not in gone]
        if key.startswith(_ORDER) and isinstance(result.get(name), list):
            result[name] = _ordered(result[name], _list(value, key), schema.child(name))


def _items(old: list[Any], change: list[Any], schema: Schema) -> list[Any]:
    if not schema.merge_key:
        known = _marks(old)
        both = old + [one for one in change if _mark(one) not in known]
        return _woven(both, change, {_mark(one): place for place, one in enumerate(old)}, schema)
    key = schema.merge_key
    if any(isinstance(one, dict) and one.get("$patch") == "replace" for one in change):
        return [_bare(one) for one in change if one.get("$patch") != "replace" or len(one) > 1]
    places: dict[Any, list[int]] = {}
    for place, item in enumerate(old):
        places.setdefault(_name(item, schema), []).append(place)
    seats = {name: there[-1] for name, there in places.items()}
    result: dict[int, Any] = dict(enumerate(old))
    fresh = count(len(old))
    for one in change:
        if not isinstance(one, dict) or key not in one:
            raise _bad(f"each item of the list needs its merge key {key}")
        there = places.setdefault(_name(one, schema), [])
        if one.get("$patch") == "delete":
            while there:
                del result[there.pop()]
        elif there:
            result[there[0]] = patch(result[there[0]], one, schema.item)
        else:
            there.append(next(fresh))
            result[there[0]] = patch({}, one, schema.item)
    return _woven(list(result.values()), change, seats, schema)


def _woven(items: list[Any], change: list[Any], seats: dict[Any, int], schema: Schema) -> list[Any]:
    """Insert the items of a change in its order among the others, new ones before what follows."""
    order = _order(change, schema)
    names = [_name(item, schema) for item in items]
    pairs = list(zip(names, items, strict=True))
    mine = deque(sorted((pair for pair in pairs if pair[0] in order), key=lambda pair: order[pair[0]]))
    others = deque(pair for pair in pairs if pair[0] not in order)
    result = []
    while mine and others:
        later = seats.get(mine[0][0], -1) > seats.get(others[0][0], -1)
        result.append((others if later else mine).popleft()[1])
    return result + [item for _, item in (*mine, *others)]


def _ordered(items: list[Any], order: list[Any], schema: Schema) -> list[Any]:
    """Reorder the items that `order` names; the others keep their places."""
    if not schema.is_merged:
        return items
    places = _order(order, schema)
    known = sorted(
        (one for one in items if _name(one, schema) in places), key=lambda one: places[_name(one, schema)]
    )
    following = iter(known)
    return [next(following) if _name(item, schema) in places else item for item in items]


def _order(items: list[Any], schema: Schema) -> dict[Any, int]:
    """Name -> its first position."""
    return {_name(item, schema): place for place, item in reversed(list(enumerate(items)))}


def _name(item: Any, schema: Schema) -> Any:
    """The key that identifies an item in its list."""
    return _mark(item.get(schema.merge_key) if schema.merge_key and isinstance(item, dict) else item)


def _mark(value: Any) -> Any:
    """The value as a hashable key: finding one among many items by comparison would take minutes."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


def _marks(values: list[Any]) -> set[Any]:
    return {_mark(one) for one in values}


def _bare(value: Any) -> Any:
    """A value without directives."""
    if isinstance(value, dict):
        return {k: _bare(one) for k, one in value.items() if not k.startswith("$") and one is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, Iterable) or isinstance(value, (str, dict)):
        raise _bad(f"{name} must be a list")
    return list(value)


def _bad(why: str) -> Refused:
    return Refused(400, "BadRequest", f"the strategic merge patch cannot be applied: {why}")
