"""Fields that a JSON text of a built-in kind repeats: Go reads each of their values into the same place."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from arena.local.api import go_types, structure
from arena.local.api.repeated_keys import Repeats, shown
from arena.local.api.schema import Schema
from arena.local.field_errors import FieldError
from arena.local.objects import Object


def known(repeats: Repeats, shape: Schema) -> Repeats:
    """Those of fields that there are: of unknown ones a cluster says no more than that."""
    return repeats._replace(found=tuple(one for one in repeats.found if _inner(shape, one.path)))


def _inner(shape: Schema, path: tuple[str | int, ...]) -> Schema | None:
    """The structure at a path; None if it has no such field."""
    found: Schema | None = shape
    for step in path:
        if found is None or found.is_open:
            return None
        found = found.known(step) if isinstance(step, str) else found.item
    return found


def merge(repeats: Repeats, shape: Schema, obj: Object) -> list[FieldError]:
    """Merge the earlier values of known fields into an object (in place); the errors of their types."""
    errors: list[FieldError] = []
    for one in repeats.found:
        *above, name = one.path
        holder: Any = obj
        for step in above:
            holder = holder[step]
        outer, inner = _inner(shape, tuple(above)), _inner(shape, one.path)
        assert outer is not None
        assert inner is not None
        assert isinstance(name, str)
        value = None
        for following in (*one.earlier, holder[name]):
            errors += _misfits(outer, name, following, shown(one.path))
            value = _onto(outer, name, value, following)
        holder[name] = value
    return errors


def _misfits(holder: Schema, name: str, value: Any, path: str) -> Iterable[FieldError]:
    read = {name: deepcopy(value)}
    go_types.normalise(holder, read)
    return structure.misfits(holder.child(name), read[name], path) if name in read else ()


def _onto(holder: Schema, name: str, value: Any, following: Any) -> Any:
    """What is in a field that had a value already."""
    inner = holder.child(name)
    if following is None:  # says nothing of what is no pointer, list or map
        always = (
            name in holder.raw.get("embedded", ()) or holder.raw.get("defaults", {}).get(name) is not None
        )
        stays = always or (name in holder.loses and inner.type != "array" and not inner.values)
        return value if stays else None
    return _merged(inner, value, following)


def _merged(shape: Schema, value: Any, following: Any) -> Any:
    if isinstance(value, dict) and isinstance(following, dict):
        both = {key: _onto(shape, key, value[key], one) for key, one in following.items() if key in value}
        return {**value, **following, **both}
    if following is None:
        return value
    if isinstance(value, list) and isinstance(following, list):
        items = [_merged(shape.item, *pair) for pair in zip(value, following, strict=False)]
        return items + following[len(items) :]
    return following
