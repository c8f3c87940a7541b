"""Values that a structure allows: the least one, and grown ones."""

import random
from typing import Any

from arena.local.api.schema import Schema

DEPTH = 7
EXAMPLES = ("1", "x", "1Gi", "http://example.org", "2030-01-01T00:00:00Z", "00:00", "a.b/c", "0.5")
"""Texts, of which the first that a pattern allows is taken."""
TIME = "2030-01-01T00:00:00Z"
WORDS = ("x", "Always", "a-name", "1", "example.org/word", "10.0.0.1", "80%", "512Mi")


def least(schema: Schema) -> Any:
    """The value with nothing that may be missing."""
    if known := schema.raw.get("enum"):
        return known[0]
    if schema.type == "object":
        return {name: least(schema.child(name)) for name in schema.required}
    if schema.type == "array":
        return [least(schema.item) for _ in range(schema.raw.get("minItems", 0))]
    return _scalar(schema)


def grown(schema: Schema, dice: random.Random, depth: int = 0) -> Any:
    """A value with some of what may be there."""
    if known := schema.raw.get("enum"):
        return dice.choice(known)
    if depth > DEPTH:
        return least(schema)
    if schema.fields:
        names = tuple(schema.fields)
        chosen = {*schema.required, *dice.sample(names, min(len(names), dice.randint(0, 3)))}
        return {name: grown(schema.child(name), dice, depth + 1) for name in sorted(chosen)}
    if schema.type == "object":
        return {f"k{number}": grown(schema.item, dice, depth + 1) for number in range(dice.randint(0, 2))}
    if schema.type == "array":
        count = max(dice.randint(0, 2), schema.raw.get("minItems", 0))
        return [grown(schema.item, dice, depth + 1) for _ in range(count)]
    if schema.type == "string" and "pattern" not in schema.raw and "format" not in schema.raw:
        return dice.choice(WORDS)
    if schema.type == "boolean":
        return dice.random() < 0.5
    return _scalar(schema)


def _scalar(schema: Schema) -> Any:
    if schema.raw.get("format") == "date-time":
        return TIME
    if schema.type in ("string", "int-or-string", "quantity"):
        return _text(schema)
    numbers = {"integer": 1, "number": 1.5, "boolean": True}
    value = numbers.get(schema.type, {})
    bounds = (schema.raw.get("minimum", value), schema.raw.get("maximum", value))
    return max(value, bounds[0]) if isinstance(value, int) and bounds[0] > value else value


def _text(schema: Schema) -> str:
    from arena.local.api.structure import check

    return next((one for one in EXAMPLES if not list(check(schema, one))), EXAMPLES[0])
