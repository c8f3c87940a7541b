"""Seeded mutations: one or two places of a sample are spoilt, and it is created, replaced or patched."""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from arena.local.api import schema
from arena.local.api.schema import ANY, Schema
from fidelity import made
from fidelity.asks import AGAIN, APPLY, MERGE, POINTER, STRATEGIC, Ask, Case, Object, named
from fidelity.samples import Sample, custom

MODES = ("Ignore", "Warn", "Strict")
ODD: tuple[Any, ...] = (
    *(0, 1, -1, 1.5, 1.0, 2**31, 2**63 - 1, -(2**63), 1e20, True, False, None),
    *("", "x", "1", "true", "80%", "x" * 70, [], {}, {"a": 1}, {"a": None}, ["a"], [None], [{}]),
)
TEXTS = (
    *("", " ", "a b", "Unknown", "UPPER", "x" * 300, "-1", "1Gi", "1.5", "é", "a/b", "a_b", ".", "1e3"),
    *("a\nb", "2030-01-01T00:00:00Z", "2030-01-01", "None", "null"),
)
NUMBERS = (-1, 0, 1.5, 1.0, 2**31, 2**40, -(2**31) - 1, 2**63 - 1, 1e20, 99999)
Place = tuple[Any, Any, Schema, tuple[Any, ...]]
"""A holder, the key in it, the structure of the holder, and the way to the value."""


def cases(seed: int, count: int, samples: tuple[Sample, ...] = ()) -> Iterator[Case]:
    """The cases of a seed; those of a smaller count are the first ones of a larger."""
    samples = samples or custom()
    for one in samples:
        obj = named(one.obj, f"sample-{one.obj['metadata']['name']}")
        yield Case(f"sample {one.name}", (Ask("POST", one.kind.path(), obj),))
    dice = random.Random(seed)
    for number in range(count):
        yield _case(number, dice.choice(samples), random.Random(f"{seed}.{number}"))


def _case(number: int, sample: Sample, dice: random.Random) -> Case:
    obj, what = _mutated(sample, dice)
    mode = dice.choice(MODES)
    merge = _merge if sample.type.custom or dice.random() < 0.5 else _strategic
    send = dice.choices((_create, _replace, merge, _pointer, _apply, _status), (60, 13, 10, 5, 8, 4))[0]
    how = {"dryRun": "All", "fieldValidation": mode}
    asks = send(sample, obj, how)
    if asks[0].method == "PATCH":  # rules of changes need the object before
        asks = (Ask("GET", sample.kind.path(sample.obj["metadata"]["name"])), *asks)
    group = "mutation" if sample.type.custom else "builtin"
    needs = () if send is _create else (Ask("POST", sample.kind.path(), sample.obj),)
    return Case(f"{group} {number} {sample.name} {mode} {send.__name__[1:]} {what}", asks, needs)


def _create(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    if (
        isinstance(obj.get("metadata"), dict)
        and obj["metadata"].get("name") == sample.obj["metadata"]["name"]
    ):
        obj = named(obj, f"new-{obj['metadata']['name']}")
    return (Ask("POST", sample.kind.path(**how), obj),)


def _replace(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name = sample.obj["metadata"]["name"]
    if isinstance(obj.get("metadata"), dict):
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": "<version>"}}
    return Ask("GET", sample.kind.path(name)), Ask("PUT", sample.kind.path(name, **how), obj)


def _merge(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name = sample.obj["metadata"]["name"]
    return (Ask("PATCH", sample.kind.path(name, **how), _difference(sample.obj, obj), MERGE),)


def _strategic(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name = sample.obj["metadata"]["name"]
    return (Ask("PATCH", sample.kind.path(name, **how), _difference(sample.obj, obj), STRATEGIC),)


def _pointer(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name, difference = sample.obj["metadata"]["name"], _difference(sample.obj, obj)
    path, value = "", difference
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        path += "/" + str(key).replace("~", "~0").replace("/", "~1")
    operations = (
        [{"op": "remove", "path": path}] if value is None else [{"op": "add", "path": path, "value": value}]
    )
    return (Ask("PATCH", sample.kind.path(name, **how), operations, POINTER),)


def _apply(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name = sample.obj["metadata"]["name"]
    return (Ask("PATCH", sample.kind.path(name, fieldManager="other", force="true", **how), obj, APPLY),)


def _status(sample: Sample, obj: Object, how: dict[str, str]) -> tuple[Ask, ...]:
    name = sample.obj["metadata"]["name"]
    root = schema.root(sample.type).child("status")
    dice = random.Random(json.dumps(obj, sort_keys=True))
    status = made.grown(root, dice)
    places = list(_places(status, root, ("status",)))
    if places and dice.random() < 0.7:
        _spoil(dice.choice(places), dice)
    return (Ask("PATCH", sample.kind.path(name, "status", **how), {"status": status}, MERGE),)


def _difference(old: Any, new: Any) -> Any:
    """The merge patch that makes the new of the old."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    found = {key: None for key in old if key not in new}
    changed = {
        key: one for key, one in new.items() if key not in old or json.dumps(old[key]) != json.dumps(one)
    }
    return found | {key: _difference(old.get(key), one) for key, one in changed.items()}


def _mutated(sample: Sample, dice: random.Random) -> tuple[Object, str]:
    """A spoilt copy, and what was done."""
    obj, root = deepcopy(sample.obj), schema.root(sample.type)
    words = []
    for _ in range(dice.choice((1, 1, 1, 2))):
        places = list(_places(obj, root))
        deep = [place for place in places if place[3][0] not in ("apiVersion", "kind", "metadata")]
        place = dice.choice(deep if deep and dice.random() < 0.9 else places)
        words.append(f"{_shown(place[3])}: {_spoil(place, dice)}")
    if dice.random() < 0.03:
        words.append(_again(obj, dice))
    return obj, ", ".join(words)


def _places(value: Any, known: Schema, way: tuple[Any, ...] = ()) -> Iterator[Place]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        yield value, key, known, (*way, key)
        yield from _places(one, _below(known, key), (*way, key))


def _below(known: Schema, key: Any) -> Schema:
    return known.child(key) if isinstance(key, str) else known.item


def _shown(way: tuple[Any, ...]) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in way).lstrip(".")


def _spoil(place: Place, dice: random.Random) -> str:
    """Change the value at a place; what was done."""
    holder, key, known, _ = place
    value, inner = holder[key], _below(known, key)
    ways: list[Callable[..., str]] = [_odd, _odd, _other, _remove]
    if isinstance(holder, dict):
        ways += [_misspell, _remove, _empty]
    if isinstance(value, str):
        ways += [_text, _text, _text]
    if isinstance(value, (int, float)):
        ways += [_number, _number]
    if isinstance(value, dict):
        ways += [_unknown, _grow, _grow, _grow, _grow]
    if isinstance(value, list):
        ways += [_repeat, _more, _empty]
    return dice.choice(ways)(holder, key, inner, dice)


def _again(obj: Object, dice: random.Random) -> str:
    """Repeat a key, with another value."""
    found = [(holder, key) for holder, key, _, _ in _places(obj, ANY) if isinstance(holder, dict)]
    places = [one for one in found if one[1] not in ("metadata", "name")]  # it stays another object
    holder, key = dice.choice(places) if places else (obj, "kind")
    holder[f"{AGAIN}{key}"] = deepcopy(dice.choice((holder.get(key), *ODD)))
    return f"{key} repeated"


def _odd(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key] = deepcopy(dice.choice(ODD))
    return f"becomes {str(holder[key])[:30]}"


def _other(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key] = made.grown(inner, dice)
    return "another value"


def _remove(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    del holder[key]
    return "removed"


def _misspell(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    word = dice.choice((f"{key}x", key[:-1] or "x", key.capitalize(), key.lower(), key[1:] + key[0]))
    holder[word] = holder.pop(key)
    return f"misspelt {word}"


def _empty(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key] = type(holder[key])()
    return "empty"


def _text(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key] = dice.choice(TEXTS)
    return f"becomes {holder[key][:30]!r}"


def _number(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key] = dice.choice(NUMBERS)
    return f"becomes {holder[key]}"


def _unknown(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key]["extra"] = deepcopy(dice.choice(ODD))
    return "with an unknown field"


def _grow(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    """Add a field that is known, and sometimes spoil it."""
    names = tuple(inner.fields) or ("key",)
    name = dice.choice(names)
    holder[key][name] = made.grown(inner.child(name), dice)
    places = list(_places(holder[key][name], inner.child(name)))
    if places and dice.random() < 0.5:
        return f"with {name}, {_shown(places[0][3])} {_spoil(dice.choice(places), dice)}"
    return f"with {name}"


def _repeat(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    if holder[key]:
        holder[key].append(deepcopy(dice.choice(holder[key])))
    return "an item twice"


def _more(holder: Any, key: Any, inner: Schema, dice: random.Random) -> str:
    holder[key].append(made.grown(inner.item, dice) if inner is not ANY else deepcopy(dice.choice(ODD)))
    return "one more item"
