"""Strategic merge patch: a merge patch that merges lists by the keys of their items."""

from collections.abc import Iterable
from typing import Any

from arena.local.api.schema import Shape
from arena.local.objects import Refused

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"


def patch(target: Any, change: Any, shape: Shape) -> Any:
    """What `target`, of that shape, becomes; neither argument is changed.

    Directives: `$patch: replace|delete|merge`, `$retainKeys`, `$setElementOrder/LIST`,
    `$deleteFromPrimitiveList/LIST`.

    Raises:
        Refused: 400, a directive or a list item is malformed.
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
        kept = _list(change["$retainKeys"], "$retainKeys")
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in change.items():
        if not key.startswith("$"):
            _field(result, key, value, shape.child(key))
    _directives(result, change, shape)
    return result


def _field(result: dict[str, Any], key: str, value: Any, shape: Shape) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, list) and (shape.keys or shape.is_set):
        old = result.get(key)
        result[key] = _items(old if isinstance(old, list) else [], value, shape)
    elif isinstance(value, dict):
        # A union such as a strategy or volume that is replaced by `$patch: replace` falls out of this too.
        result[key] = patch(result.get(key), value, shape)
        if value.get("$patch") == "delete":
            del result[key]
    else:
        result[key] = value


def _directives(result: dict[str, Any], change: dict[str, Any], shape: Shape) -> None:
    for key, value in change.items():
        name = key.partition("/")[2]
        if key.startswith(_DELETE) and isinstance(result.get(name), list):
            gone = _list(value, key)
            result[name] = [one for one in result[name] if one not in gone]
        if key.startswith(_ORDER) and isinstance(result.get(name), list):
            result[name] = _ordered(result[name], _list(value, key), shape.child(name))


def _items(old: list[Any], change: list[Any], shape: Shape) -> list[Any]:
    if shape.is_set:
        return old + [one for one in change if one not in old]
    key = shape.keys[0]
    if any(isinstance(one, dict) and one.get("$patch") == "replace" for one in change):
        return [_bare(one) for one in change if one.get("$patch") != "replace" or len(one) > 1]
    result = list(old)
    for one in change:
        if not isinstance(one, dict) or key not in one:
            raise _bad(f"each item of the list needs its merge key {key}")
        places = [i for i, item in enumerate(result) if isinstance(item, dict) and item.get(key) == one[key]]
        if one.get("$patch") == "delete":
            result = [item for i, item in enumerate(result) if i not in places]
        elif places:
            result[places[0]] = patch(result[places[0]], one, shape.item)
        else:
            result.append(patch({}, one, shape.item))
    seats = {item.get(key): place for place, item in enumerate(old) if isinstance(item, dict)}
    return _woven(result, [one[key] for one in change], seats, key)


def _woven(items: list[Any], named: list[Any], places: dict[Any, int], key: str) -> list[Any]:
    """The items that a change names, in its order, among the others: new ones before what follows."""
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    pairs = list(zip(names, items, strict=True))
    mine = sorted((pair for pair in pairs if pair[0] in named), key=lambda pair: named.index(pair[0]))
    others = [pair for pair in pairs if pair[0] not in named]
    result = []
    while mine and others:
        later = places.get(mine[0][0], -1) > places.get(others[0][0], -1)
        result.append((others if later else mine).pop(0)[1])
    return result + [item for _, item in mine + others]


def _ordered(items: list[Any], order: list[Any], shape: Shape) -> list[Any]:
    """The items that `order` names take their places in its order; the others keep theirs."""
    if not shape.keys and not shape.is_set:
        return items
    names = [_name(one, shape) for one in order]
    known = [item for item in items if _name(item, shape) in names]
    known.sort(key=lambda item: names.index(_name(item, shape)))
    return [known.pop(0) if _name(item, shape) in names else item for item in items]


def _name(item: Any, shape: Shape) -> Any:
    return item.get(shape.keys[0]) if shape.keys and isinstance(item, dict) else item


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
