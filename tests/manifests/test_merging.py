"""The difference of two manifests, applied to a live object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena import manifests

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    | st.lists(inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3)


@pytest.mark.parametrize(
    ("old", "new", "live", "result"),
    [
        ({"n": 1}, {"n": 1}, {"n": 5}, {"n": 5}),
        ({"n": 1}, {"n": 2}, {"n": 5, "m": 0}, {"n": 2, "m": 0}),
        ({"n": 1, "gone": 0}, {"n": 1}, {"n": 1, "gone": 0}, {"n": 1}),
        ({"a": ["x", "y"]}, {"a": ["x", "z"]}, {"a": ["x", "y"]}, {"a": ["x", "z"]}),
        ({}, {"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
            {"env": [{"name": "A", "value": "2"}, {"name": "C", "value": "1"}]},
            {"env": [{"name": "Z", "value": "0"}, {"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
            {"env": [{"name": "Z", "value": "0"}, {"name": "A", "value": "2"}, {"name": "C", "value": "1"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "valueFrom": {"b": 1}}]},
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "valueFrom": {"b": 1}}]},
        ),
        (
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "a"}, {"key": "b", "effect": "x"}, {"key": "b", "effect": "y"}]},
            {"tolerations": [{"key": "z"}]},
            {"tolerations": [{"key": "z"}, {"key": "b", "effect": "x"}, {"key": "b", "effect": "y"}]},
        ),
        ({"image": None}, {"image": "b"}, {"image": {"odd": 1}}, {"image": "b"}),
    ],
)  # fmt: skip
def test_only_the_difference_is_applied(old: object, new: object, live: object, result: object) -> None:
    """What two manifests have in common stays as it is in the live object."""
    assert manifests.three_way(old, new, live) == result


@given(old=OBJECTS, new=OBJECTS)
def test_the_old_becomes_the_new(old: dict[str, object], new: dict[str, object]) -> None:
    """Applied to the old manifest itself, the difference makes the new one of it."""
    assert _sets(manifests.three_way(old, new, old)) == _sets(new)


def _sets(value: object) -> object:
    """The value with lists of objects in any order, without repeated items."""
    if isinstance(value, dict):
        return {key: _sets(one) for key, one in value.items()}
    if isinstance(value, list):
        items = [_sets(one) for one in value]
        return sorted({repr(one) for one in items}) if all(isinstance(one, dict) for one in value) else items
    return value


@given(before=OBJECTS, after=OBJECTS)
def test_a_patch_leads_there(before: dict[str, object], after: dict[str, object]) -> None:
    """The patch between two objects makes one of the other, as a server applies it."""
    if "None" not in repr(after):  # a merge patch cannot set null
        assert manifests.patch(before, manifests.merge_patch(before, after)) == after
    assert manifests.merge_patch(after, after) == {}
