"""Named tuples: what `typing` would have made of them."""

import copy
import inspect
import pickle
import typing

import pytest

from arena.tuples import NamedTuple


class Place(NamedTuple):
    """A tuple with a default and a property."""

    name: str
    size: int = 1

    @property
    def twice(self) -> int:
        """Its size, doubled."""
        return 2 * self.size


class Standard(typing.NamedTuple):
    """The same by the standard library."""

    name: str
    size: int = 1

    @property
    def twice(self) -> int:
        """Its size, doubled."""
        return 2 * self.size


def test_as_the_standard_library_makes_them():
    """They are made, read, compared, hashed, shown, changed and copied as those of the standard library."""
    for ours, standard in ((Place("a"), Standard("a")), (Place(size=3, name="b"), Standard("b", 3))):
        assert ours == standard == tuple(ours)
        assert hash(ours) == hash(standard)
        assert repr(ours) == repr(standard).replace("Standard", "Place")
        assert (ours.name, ours.size, ours.twice) == (standard.name, standard.size, standard.twice)
        assert ours._asdict() == standard._asdict()
        assert ours._replace(size=7) == standard._replace(size=7)
        assert pickle.loads(pickle.dumps(ours)) == copy.copy(ours) == copy.deepcopy(ours) == ours
        assert type(copy.copy(ours)) is type(ours._replace(size=7)) is Place
    assert list(inspect.signature(Place).parameters) == list(inspect.signature(Standard).parameters)
    assert Place._fields == Place.__match_args__ == Standard._fields
    assert Place._field_defaults == Standard._field_defaults
    assert isinstance(Place("a"), tuple)


def test_refusals():
    """A missing, unknown or doubled field, and a change, are errors; nothing can be added to a tuple."""
    for wrong in ({}, {"name": "a", "colour": 1}):
        with pytest.raises(TypeError):
            Place(**wrong)
    with pytest.raises(TypeError):
        Place("a", name="a")
    with pytest.raises(TypeError, match="colour"):
        Place("a")._replace(colour=1)
    for name in ("size", "colour"):
        with pytest.raises(AttributeError):
            setattr(Place("a"), name, 2)
