"""Records of trials: which have a result, and which is best."""

import math

import pytest

from arena.search.records import Objective, Record, best


def record(name: str, *values: float, state: str = "succeeded") -> Record:
    """A record without assignments."""
    return Record(name=name, assignments={}, state=state, values=values)


@pytest.mark.parametrize(
    ("one", "has"),
    [
        (record("a", 0.5), True),
        (record("a", -1e308), True),
        (record("a"), False),
        (record("a", math.nan), False),
        (record("a", math.inf), False),
        (record("a", 0.5, 0.5), False),
        (record("a", 0.5, state="failed"), False),
        (record("a", 0.5, state="running"), False),
        (record("a", 0.5, state="stopped"), False),
    ],
)
def test_results(one, has):
    """Only a succeeded trial with a finite value for each objective has a result."""
    assert one.has_result() == has


def test_best():
    """The best is the first of equals, and never one without a result."""
    records = [
        record("a", 2),
        record("nan", math.nan),
        record("b", 1),
        record("c", 1),
        record("d", 0, state="failed"),
    ]
    found = [best(records, [Objective(metric="loss", maximize=one)]) for one in (False, True)]
    assert [one.name for one in found if one] == ["b", "a"]
    assert best([], [Objective(metric="loss")]) is None


def test_goals():
    """A goal is reached by its own value and by better ones."""
    assert [Objective(metric="m", goal=0.5).is_reached(one) for one in (0.4, 0.5, 0.6, math.nan)] == [
        True,
        True,
        False,
        False,
    ]
    assert Objective(metric="m", maximize=True, goal=0.5).is_reached(0.6)
    assert not Objective(metric="m").is_reached(0.6)


def test_points():
    """The value at a step is the last finite one up to it."""
    one = Record(name="a", assignments={}, state="running", points=((1, 3.0), (2, math.nan), (4, 1.0)))
    assert [one.value_at(step) for step in (0, 1, 3, 9)] == [None, 3.0, 3.0, 1.0]
