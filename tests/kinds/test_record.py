"""Records: what the decorator of the standard library would have made of them."""

import inspect
from dataclasses import FrozenInstanceError, field, fields, replace

import pytest

from arena.kinds.record import Record


class Point(Record):
    """A record with a default, a fresh one for each, and a field that does not count."""

    x: int
    y: int = 0
    names: dict[str, str] = field(default_factory=dict)
    note: str = field(default="", compare=False)


class Named(Point):
    """A record whose own field stands among those of its base."""

    title: str = field(default="", metadata={"after": ("x",)})


class Titled(Named):
    """A record that repeats a field, which keeps its place."""

    title: str = "none"


class Coloured(Point):
    """A record whose field follows one that only some have, else another."""

    colour: str = field(default="", metadata={"after": ("title", "y")})


class Marked(Coloured, Titled):
    """A record that joins two, of which the first inherits what the second repeats."""


class Place(Point):
    """A record on top of another that checks its fields."""

    z: int = 3

    def __post_init__(self) -> None:
        if self.z < 0:
            raise ValueError("below the ground")


def test_made_by_name():
    """Fields take what is given, else their defaults; each gets a dict of its own."""
    one, two = Point(x=1), Point(x=1)
    assert (one.x, one.y, one.names, one.note) == (1, 0, {}, "")
    assert one.names is not two.names
    assert Place(x=1, y=2).z == 3


def test_order():
    """A field follows the one that it names, in this class and in those on top of it."""
    for kind in (Named, Titled):
        assert [one.name for one in fields(kind) if one.repr] == ["x", "title", "y", "names", "note"]
    assert Titled(x=1).title == "none"


def test_joined():
    """A record has the fields of all its bases; a field follows the first of its anchors that is there."""
    assert [one.name for one in fields(Coloured) if one.repr] == ["x", "y", "colour", "names", "note"]
    assert [one.name for one in fields(Marked) if one.repr] == ["x", "title", "colour", "y", "names", "note"]


def test_joined_defaults():
    """Of a field that several bases have, the nearest class that writes it has the say."""

    class Plain(Named):
        """A record that inherits the title as it was."""

    class Both(Plain, Titled):
        """A record of one that inherits the title, and one that repeats it."""

    assert Both(x=1).title == Both.title == "none"


def test_refused():
    """A field that is missing, an unknown one and a check that fails are errors."""
    with pytest.raises(TypeError, match="Point needs x"):
        Point()
    with pytest.raises(TypeError, match="Point has no q"):
        Point(x=1, q=2)
    with pytest.raises(TypeError, match=r"Point has no nmaes; did you mean names\?"):
        Point(nmaes={})
    with pytest.raises(ValueError, match="below"):
        Place(x=1, z=-1)


def test_values():
    """Records are equal where their fields are, do not change, and are copied with a change."""
    assert Point(x=1) == Point(x=1, note="seen")
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Place(x=1)
    assert replace(Place(x=1), y=5) == Place(x=1, y=5)
    with pytest.raises(FrozenInstanceError):
        Point(x=1).x = 2
    with pytest.raises(FrozenInstanceError):
        del Point(x=1).x
    assert repr(Point(x=1)) == "Point(x=1, y=0, names={}, note='')"


def test_told():
    """The standard library and notebooks see the fields of a record and how it is made."""
    assert [one.name for one in fields(Place)] == ["given", "x", "y", "names", "note", "z"]
    assert str(inspect.signature(Point)) == "(*, x, y=0, names={}, note='')"
