"""The four patches: tables of cases, and laws that hold for any object."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.local.api import resource_types
from arena.local.api.patches import pointer, strategic
from arena.local.api.patches.merge import merge
from arena.local.api.schema import of, root
from arena.local.objects import DEPLOYMENTS, JOBS, PODS, Refused

POD = root(resource_types.of(PODS))
DEPLOYMENT = root(resource_types.of(DEPLOYMENTS))


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, "bar", "bar"),
    ],
)
def test_merge_patch_follows_its_rfc(target, patch, expected):
    """The examples of RFC 7396 come out as printed there."""
    before = copy.deepcopy((target, patch))
    assert merge(target, patch) == expected
    assert (target, patch) == before


@pytest.mark.parametrize(
    ("target", "operations", "expected"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/b"}], {"a": 1}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/0", "value": 5}], {"a": [5, 2]}),
        ({"a": {"x": 1}}, [{"op": "move", "from": "/a/x", "path": "/b"}], {"a": {}, "b": 1}),
        ({"a": 1}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": 1, "b": 1}),
        ({"a/b": {"m~n": 1}}, [{"op": "replace", "path": "/a~1b/m~0n", "value": 2}], {"a/b": {"m~n": 2}}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 1}}], {"b": 1}),
    ],
)
def test_json_patch_follows_its_rfc(target, operations, expected):
    """Every operation of RFC 6902 works, on a copy."""
    before = copy.deepcopy(target)
    assert pointer.patch(target, operations) == expected
    assert target == before


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ({"op": "test", "path": "/a", "value": 2}, 422),
        ({"op": "remove", "path": "/b"}, 422),
        ({"op": "replace", "path": "/b", "value": 1}, 422),
        ({"op": "add", "path": "/l/5", "value": 1}, 422),
        ({"op": "add", "path": "/l/01", "value": 1}, 422),
        ({"op": "add", "path": "/a/x", "value": 1}, 422),
        ({"op": "move", "from": "/o", "path": "/o/p"}, 422),
        ({"op": "add", "path": "/b"}, 400),
        ({"op": "add", "path": "b", "value": 1}, 422),
        ({"op": "grow", "path": "/b", "value": 1}, 400),
        ({"path": "/b"}, 400),
        ("add", 400),
    ],
)
def test_a_json_patch_that_cannot_be_done_is_refused(operation, code):
    """Impossible operations are 422, malformed ones 400, and nothing is half done."""
    target = {"a": 1, "l": [1], "o": {}}
    with pytest.raises(Refused) as refused:
        pointer.patch(target, [{"op": "add", "path": "/new", "value": 1}, operation])
    assert refused.value.code == code
    assert target == {"a": 1, "l": [1], "o": {}}


def spec(**containers):
    return {"spec": {"containers": [{"name": name, **rest} for name, rest in containers.items()]}}


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        (spec(a={"image": "1"}, b={}), spec(a={"image": "2"}), spec(a={"image": "2"}, b={})),
        (spec(a={}), spec(b={"image": "1"}), spec(b={"image": "1"}, a={})),
        (spec(a={}, b={}, c={}), spec(b={}, n={}), spec(a={}, b={}, n={}, c={})),
        (spec(a={}, b={}), spec(a={"$patch": "delete"}), spec(b={})),
        (
            spec(a={"env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]}),
            spec(a={"env": [{"name": "X", "$patch": "delete"}, {"name": "Z", "value": "3"}]}),
            spec(a={"env": [{"name": "Z", "value": "3"}, {"name": "Y", "value": "2"}]}),
        ),
        (spec(a={"command": ["x", "y"]}), spec(a={"command": ["z"]}), spec(a={"command": ["z"]})),
        (
            {"metadata": {"labels": {"a": "1", "b": "2"}}},
            {"metadata": {"labels": {"$patch": "replace", "c": "3"}}},
            {"metadata": {"labels": {"c": "3"}}},
        ),
        (
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}},
            {"metadata": {"finalizers": ["c", "b"]}},
        ),
        (
            spec(a={}, b={}),
            {"spec": {"$setElementOrder/containers": [{"name": n} for n in "bca"], **spec(c={})["spec"]}},
            spec(b={}, c={}, a={}),
        ),
        (
            spec(a={"ports": [{"containerPort": 80, "name": "x"}]}),
            spec(a={"ports": [{"containerPort": 80, "name": "y"}, {"containerPort": 81}]}),
            spec(a={"ports": [{"containerPort": 80, "name": "y"}, {"containerPort": 81}]}),
        ),
        (
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
            {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "image"], "image": {"x": "y"}}]}},
            {"spec": {"volumes": [{"name": "v", "image": {"x": "y"}}]}},
        ),
        (
            spec(a={}, b={}),
            {"spec": {"containers": [{"$patch": "replace"}, {"name": "c"}]}},
            spec(c={}),
        ),
        ({"spec": {"nodeSelector": {"a": "b"}}}, {"spec": {"nodeSelector": None}}, {"spec": {}}),
    ],
)  # fmt: skip
def test_strategic_merge_knows_lists(target, patch, expected):
    """Keyed lists are merged by key, sets united, other lists replaced; directives are obeyed."""
    before = copy.deepcopy((target, patch))
    assert strategic.patch(target, patch, POD) == expected
    assert (target, patch) == before


def test_a_strategic_merge_takes_a_union_apart():
    """A Deployment changes from RollingUpdate to Recreate, the old parameters leave with it."""
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic.patch(before, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


@pytest.mark.parametrize("patch", [spec(a={"$patch": "grow"}), {"spec": {"containers": [{"image": "x"}]}}])
def test_a_malformed_strategic_merge_is_refused(patch):
    """An unknown directive, or an item without its key, is 400."""
    with pytest.raises(Refused) as refused:
        strategic.patch(spec(a={}), patch, POD)
    assert refused.value.code == 400


MAPS = st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3))


@settings(max_examples=40, derandomize=True)
@given(MAPS, MAPS)
def test_a_merge_patch_made_by_hand_reaches_its_goal(old, new):
    """For flat maps the difference, applied as merge patch, gives the goal."""
    old, new = old or {}, new or {}
    patch = {**dict.fromkeys(old.keys() - new.keys()), **new}
    assert merge(old, patch) == new
    assert strategic.patch(old, patch, of({"values": "string"})) == new


def test_lists_that_a_patch_merges_otherwise_than_an_apply():
    """The conditions of a Job are one value to an apply, and the claims of a container to a patch."""
    job = root(resource_types.of(JOBS)).child("status")
    found = strategic.patch({"conditions": [{"type": "A"}]}, {"conditions": [{"type": "B"}]}, job)
    assert sorted(one["type"] for one in found["conditions"]) == ["A", "B"]
    assert job.child("conditions").is_atomic
    resources = of("ResourceRequirements")
    found = strategic.patch({"claims": [{"name": "a"}]}, {"claims": [{"name": "b"}]}, resources)
    assert found["claims"] == [{"name": "b"}]
    assert resources.child("claims").keys == ("name",)
