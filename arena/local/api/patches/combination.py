"""Objects put together of configurations, and without some of their fields."""

from collections.abc import Iterator
from typing import Any

from arena.local.api.patches import fields
from arena.local.api.patches.fields import Node
from arena.local.api.schema import Schema


def merge(live: Any, config: Any, schema: Schema) -> Any:
    """Merge `config` into `live`: lists by their items, other lists and atomic maps whole.

    Neither argument is changed, but the result shares parts of both.

    Raises:
        fields.Unfit: an item of a list has none of its keys.
    """
    if config is None:
        taken_apart = bool(live) and isinstance(live, (dict, list)) and not fields.is_leaf(live, schema)
        return live if taken_apart else None
    if fields.is_leaf(config, schema):
        return config
    if isinstance(config, dict):
        if not isinstance(live, dict):
            return config
        return {**live, **{name: _member(live, name, one, schema) for name, one in config.items()}}
    return _items(live, config, schema) if live and isinstance(live, list) else config


def _member(live: dict[str, Any], name: str, value: Any, schema: Schema) -> Any:
    return merge(live[name], value, schema.child(name)) if name in live else value


def _items(live: list[Any], config: list[Any], schema: Schema) -> list[Any]:
    """The items of both, in the order of the configuration; the others stay before what they were before.

    Items that repeat a step are not merged.
    """
    old: dict[str, Any] = {}
    for one in live:
        step = fields.item_step(one, schema)
        old[step] = None if step in old else one
    new = {fields.item_step(one, schema): one for one in config}
    present = [(fields.item_step(one, schema), one) for one in live]
    return [
        one
        if step not in new
        else new[step]
        if old.get(step) is None
        else merge(old[step], new[step], schema.item)
        for step, one in _order(present, list(new), old)
    ]


def _order(live: list[tuple[str, Any]], wanted: list[str], old: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The steps in the order of the result, with the present item if it is not wanted."""
    known = set(wanted)
    shared = iter([step for step in wanted if step in old])
    following = next(shared, None)
    merged: set[str] = set()
    left = right = 0
    while left < len(live) or right < len(wanted):
        if left < len(live) and right < len(wanted):
            step = live[left][0]
            if step == wanted[right]:
                merged.add(step)
                yield step, None
                left, right, following = left + 1, right + 1, next(shared, None)
                continue
            if step in known and following is not None and step != following:
                left += 1  # it is wanted, but elsewhere
                continue
        if left < len(live):
            step, item = live[left]
            if step not in known:
                yield step, item
                left += 1
                continue
            if step in merged:
                left += 1
        if right < len(wanted):
            step = wanted[right]
            merged.add(step)
            yield step, None
            right += 1
            if step == following:
                following = next(shared, None)


def removed(value: Any, gone: Node, schema: Schema) -> Any:
    """The value without the members of a set; what nothing is left of becomes null."""
    if isinstance(value, dict):
        if schema.is_atomic:
            return None
        kept = {}
        for name, one in value.items():
            node = gone.get(f"f:{name}")
            if not fields.is_member(node):
                kept[name] = removed(one, fields.below(node), schema.child(name)) if node else one
        return kept or None
    if isinstance(value, list):
        if fields.is_leaf(value, schema):
            return None
        return list(_kept(value, gone, schema)) or None
    return value


def _kept(items: list[Any], gone: Node, schema: Schema) -> Iterator[Any]:
    for one in items:
        node = gone.get(fields.item_step(one, schema))
        if not fields.is_member(node):
            yield removed(one, fields.below(node), schema.item) if node else one
