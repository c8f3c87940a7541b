"""The few forms of constraints that the rules of kinds consist of.

A check takes the path of a value and the value, and yields what is wrong. It is silent about values of
another type, which the structure of the kind refuses, and about empty optional texts, which are as none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing, unsupported
from arena.local.formats import Format, label_value, percent, qualified
from arena.local.objects import Object

Check = Callable[[str, Any], Iterable[FieldError]]
EMPTY: tuple[Any, ...] = (None, "", [], {})
NEGATIVE = "must be greater than or equal to 0"


def fields(checks: Mapping[str, Check], required: Sequence[str] = ()) -> Check:
    """A mapping: the fields that it must have, and the checks of those that it has."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        if not isinstance(value, dict):
            return
        for name in required:
            if value.get(name) in EMPTY:
                yield missing(f"{path}.{name}")
        for name, one in value.items():
            if name in checks and one is not None and one != "":
                yield from checks[name](f"{path}.{name}", one)

    return check


def each(inner: Check) -> Check:
    """A list."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        if isinstance(value, list):
            for index, one in enumerate(value):
                yield from inner(f"{path}[{index}]", one)

    return check


def together(*inner: Check) -> Check:
    """A value that several checks apply to."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        for one in inner:
            yield from one(path, value)

    return check


def text(form: Format) -> Check:
    """A text of a format."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        if isinstance(value, str):
            yield from (invalid(path, value, why) for why in form(value))

    return check


def enum(*known: str) -> Check:
    """One of several values."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        if value not in known:
            yield unsupported(path, value, known)

    return check


def between(least: int, most: int) -> Check:
    """A whole number between two, which are included."""
    return _number(lambda value: least <= value <= most, f"must be between {least} and {most}, inclusive")


def at_least(least: int, why: str = "") -> Check:
    """A whole number that is not less than another."""
    return _number(lambda value: value >= least, why or f"must be greater than or equal to {least}")


def _number(fits: Callable[[int], bool], why: str) -> Check:
    def check(path: str, value: Any) -> Iterator[FieldError]:
        if isinstance(value, int) and not isinstance(value, bool) and not fits(value):
            yield invalid(path, value, why)

    return check


def count_or_percent(path: str, value: Any) -> Iterator[FieldError]:
    """A number of pods, or a percentage of all of them."""
    if isinstance(value, str):
        yield from (invalid(path, value, why) for why in percent(value))
    yield from at_least(0)(path, value)


def share(path: str, value: Any) -> Iterator[FieldError]:
    """A number of pods, or a percentage up to 100."""
    wrong = list(count_or_percent(path, value))
    yield from wrong
    if not wrong and isinstance(value, str) and int(value.rstrip("%")) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def unique(key: str) -> Check:
    """A list whose items differ in a field."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        seen: set[str] = set()
        for index, one in enumerate(value if isinstance(value, list) else ()):
            name = one.get(key) if isinstance(one, dict) else None
            if name and isinstance(name, str):
                if name in seen:
                    yield duplicate(f"{path}[{index}].{key}", name)
                seen.add(name)

    return check


def banned(why: str) -> Check:
    """A field that must not be there."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        yield forbidden(path, why)

    return check


def labels(path: str, value: Any) -> Iterator[FieldError]:
    """Labels, or what else maps keys of labels to values."""
    for key, one in mapping(value).items():
        yield from (invalid(path, key, why) for why in qualified(key))
        if isinstance(one, str):
            yield from (invalid(path, one, why) for why in label_value(one))


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def requirement(path: str, value: Any, known: Sequence[str] = _OPERATORS) -> Iterator[FieldError]:
    """An expression of a selector, which may have these operators."""
    one = mapping(value)
    operator, values = one.get("operator", ""), one.get("values") or []
    if operator not in known:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    elif operator in ("In", "NotIn") and not values:
        yield missing(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield forbidden(
            f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        )
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield missing(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    yield from (invalid(f"{path}.key", one.get("key", ""), why) for why in qualified(str(one.get("key", ""))))
    yield from each(text(label_value))(f"{path}.values", values)


selector = fields({"matchLabels": labels, "matchExpressions": each(requirement)})
"""A label selector."""


def selects(chosen: Object, given: Mapping[str, Any]) -> bool:
    """Whether a valid label selector selects labels."""
    wanted = mapping(chosen.get("matchLabels"))
    return all(given.get(key) == value for key, value in wanted.items()) and all(
        _holds(one, given) for one in chosen.get("matchExpressions") or []
    )


def _holds(one: Object, given: Mapping[str, Any]) -> bool:
    value, operator = given.get(one["key"]), one["operator"]
    if operator in ("Exists", "DoesNotExist"):
        return (value is not None) is (operator == "Exists")
    return (value in (one.get("values") or [])) is (operator == "In")


def mapping(value: Any) -> Object:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Object]:
    """The mappings of a list; none if the value is no list."""
    return [mapping(one) for one in value] if isinstance(value, list) else []


def fixed(path: str, old: Any, new: Any) -> Iterator[FieldError]:
    """The error of a value that changes though it must not."""
    if old != new:
        yield invalid(path, new, "field is immutable")
