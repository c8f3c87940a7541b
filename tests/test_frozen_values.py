"""Values: what the standard decorator would have made of them."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Generic, TypeVar

import pytest

from arena import values
from arena.tuples import FEW
from arena.values import field, frozen

T = TypeVar("T")


@frozen
class Point:
    """A value with defaults."""

    x: int
    y: int = 0
    names: tuple[str, ...] = field(default_factory=tuple)
    secret: str | None = field(default=None, repr=False)


@frozen
class Bag:
    """A value with a default that can be changed."""

    items: list[str] = field(default_factory=list)
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The same by the standard decorator."""

    x: int
    y: int = 0
    names: tuple[str, ...] = dataclasses.field(default_factory=tuple)
    secret: str | None = dataclasses.field(default=None, repr=False)


@frozen
class Pair(Generic[T]):
    """A value of which one field has any type."""

    left: T
    right: T | None


def test_as_the_standard_decorator_makes_them():
    """Values are made, compared, hashed, shown, copied and refused as those of the standard decorator."""
    ours, theirs = Point(x=1, names=("a",)), Standard(x=1, names=("a",))
    assert repr(ours) == repr(theirs).replace("Standard", "Point")
    assert hash(ours) == hash(theirs)
    assert ours == Point(x=1, names=("a",))
    assert ours != Point(x=2, names=("a",))
    assert ours != theirs
    known = [[(one.name, one.default, one.repr) for one in fields(each)] for each in (ours, theirs)]
    assert known[0] == known[1]
    assert replace(ours, y=2) == Point(x=1, y=2, names=("a",))
    assert pickle.loads(pickle.dumps(ours)) == copy.deepcopy(ours) == ours
    for refused in (lambda: Point(1), lambda: Point(), lambda: Point(x=1, z=2)):
        with pytest.raises(TypeError):
            refused()


def test_never_changed():
    """A field is neither changed, nor removed, nor added."""
    one = Point(x=1)
    with pytest.raises(FrozenInstanceError):
        one.x = 2
    with pytest.raises(FrozenInstanceError):
        del one.x
    with pytest.raises((FrozenInstanceError, TypeError)):
        one.z = 3


def test_defaults_are_not_shared():
    """A default that can be changed is made afresh for every value, and one that is given is kept."""
    given: list[str] = []
    assert Bag().items is not Bag().items
    assert Bag(items=given).items is given
    assert Bag() == Bag(items=[])


def test_the_signature_names_the_fields():
    """Help and notebooks show the fields and their defaults, before the first value is made as well."""
    assert str(inspect.signature(Bag)) == "(*, items=[], size=1)"


def test_fields_are_built_once():
    """`replace`, which is called for thousands of values, asks for the fields each time."""
    assert fields(Bag)[0] is fields(Bag)[0]


def test_many_values_are_as_the_first():
    """Before and after what makes them is compiled, values are made, replaced and refused alike."""
    for number in range(FEW + 3):
        assert values.replace(Point(x=number), y=2) == replace(Point(x=number), y=2) == Point(x=number, y=2)
        assert type(Point(x=number)) is Point
        assert pickle.loads(pickle.dumps(Point(x=number))) == Point(x=number, y=0, names=())
        for refused in (lambda: values.replace(Point(x=1), z=2), lambda: Point(y=1)):
            with pytest.raises(TypeError):
                refused()
        with pytest.raises(FrozenInstanceError):
            Point(x=number).x = 2
        assert Bag().items is not Bag().items


def test_many_values_of_a_generic_class():
    """A class with type parameters may be made often, too."""
    made = [Pair[int](left=number, right=None) for number in range(FEW + 2)]
    assert [one.left for one in made] == list(range(FEW + 2))
    assert type(made[-1]) is Pair
