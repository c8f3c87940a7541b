"""The four patches: tables of cases, and laws that hold for any object."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.local.api import resource_types
from arena.local.api.patches import fields, pointer, strategic
from arena.local.api.patches.apply import Manager, apply, owners, track
from arena.local.api.patches.merge import merge
from arena.local.api.schema import of, root
from arena.local.objects import DEPLOYMENTS, PODS, Refused

POD = root(resource_types.of(PODS))
DEPLOYMENT = root(resource_types.of(DEPLOYMENTS))


def manager(name, now="2026-01-01T00:00:00Z"):
    return Manager(name, now)


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
        ({"op": "add", "path": "/b"}, 422),
        ({"op": "add", "path": "b", "value": 1}, 400),
        ({"op": "grow", "path": "/b", "value": 1}, 422),
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
            {"metadata": {"finalizers": ["b", "c"]}},
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


def pod(labels=None, annotations=None, image="1", env=None, **more):
    meta = {"name": "p", "namespace": "default"}
    meta |= {"labels": labels} if labels is not None else {}
    meta |= {"annotations": annotations} if annotations is not None else {}
    container = {"name": "c", "image": image}
    if env is not None:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **more}}


def plain(obj):
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": meta}


def test_apply_removes_what_is_no_longer_wanted():
    """A field, list item or label that its only owner drops is removed."""
    live = apply(None, pod({"a": "1", "b": "2"}, env={"X": "1", "Y": "2"}, hostname="h"), POD, manager("m"))
    after = apply(live, pod({"a": "1"}, env={"Y": "3"}), POD, manager("m"))
    assert plain(after) == pod({"a": "1"}, env={"Y": "3"})


def test_apply_leaves_the_fields_of_others():
    """What another manager owns stays, also when the first one drops it."""
    live = apply(None, pod({"a": "1", "b": "2"}), POD, manager("one"))
    live = apply(live, pod({"b": "2", "c": "3"}), POD, manager("two"))
    after = apply(live, pod({}), POD, manager("one"))
    assert after["metadata"]["labels"] == {"b": "2", "c": "3"}


def test_apply_conflicts_name_field_and_manager():
    """A changed field that another owns is a conflict with its path and owner; force takes it over."""
    live = apply(None, pod(image="1", env={"X": "1"}), POD, manager("one"))
    wanted = pod(image="2", env={"X": "2"})
    with pytest.raises(Refused) as refused:
        apply(live, wanted, POD, manager("two"))
    assert (refused.value.code, refused.value.reason) == (409, "Conflict")
    causes = refused.value.details["causes"]
    assert {one["field"] for one in causes} == {
        '.spec.containers[name="c"].image', '.spec.containers[name="c"].env[name="X"].value',
    }  # fmt: skip
    assert {one["reason"] for one in causes} == {"FieldManagerConflict"}
    assert causes[0]["message"] == 'conflict with "one" using v1'
    taken = apply(live, wanted, POD, manager("two"), force=True)
    assert plain(taken) == wanted
    with pytest.raises(Refused, match="Apply failed with 2 conflicts"):
        apply(taken, pod(image="1", env={"X": "1"}), POD, manager("one"))


def test_equal_values_are_shared():
    """Two managers that want the same value both own it."""
    live = apply(None, pod(image="1"), POD, manager("one"))
    live = apply(live, pod(image="1"), POD, manager("two"))
    assert {one.name for one in owners(live)} == {"one", "two"}
    with pytest.raises(Refused, match='conflict with "two"'):
        apply(live, pod(image="2"), POD, manager("one"))


@pytest.mark.parametrize("empty", [{}, None])
def test_empty_maps_are_no_conflict(empty):
    """`annotations: {}` neither conflicts with another's annotations nor removes them."""
    live = apply(None, pod(annotations={"a": "1"}), POD, manager("one"))
    live = apply(live, pod(annotations=empty), POD, manager("two"))
    assert live["metadata"]["annotations"] == {"a": "1"}
    live = apply(live, pod(), POD, manager("two"))
    assert live["metadata"]["annotations"] == {"a": "1"}
    live = apply(None, pod(annotations=empty), POD, manager("one"))
    apply(live, pod(annotations=empty), POD, manager("two"))


def test_what_was_there_belongs_to_someone():
    """The first apply on an object that was created otherwise conflicts where it differs."""
    live = {**pod(image="1"), "metadata": {**pod()["metadata"], "creationTimestamp": "2026-01-01T00:00:00Z"}}
    apply(live, pod(image="1"), POD, manager("one"))
    with pytest.raises(Refused, match='conflict with "before-first-apply"'):
        apply(live, pod(image="2"), POD, manager("one"))


def test_a_plain_write_takes_ownership():
    """A field that is changed by update belongs to the updater; one it removes to nobody."""
    old = apply(None, pod(image="1", env={"X": "1"}), POD, manager("one"))
    new = copy.deepcopy(old)
    new["spec"]["containers"][0] = {"name": "c", "image": "2"}
    track(old, new, POD, manager("edit"))
    with pytest.raises(Refused, match='conflict with "edit"'):
        apply(new, pod(image="1"), POD, manager("one"))
    after = apply(new, pod(image="2", env={"X": "1"}), POD, manager("one"))
    assert after["spec"]["containers"][0]["env"] == [{"name": "X", "value": "1"}]


def content(obj):
    """The leaves of an object that say something."""
    return {path: value for path, value in fields.leaves(obj, POD).items() if not fields.empty(value)}


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["1", "2"])
MAPS = st.one_of(st.none(), st.dictionaries(NAMES, VALUES, max_size=3))
PODS_ = st.builds(
    pod, MAPS, MAPS, VALUES, MAPS,
    nodeSelector=st.dictionaries(NAMES, VALUES, max_size=2),
    tolerations=st.lists(st.builds(lambda k: {"key": k}, NAMES), max_size=2),
    imagePullSecrets=st.lists(NAMES, max_size=2, unique=True).map(lambda keys: [{"name": k} for k in keys]),
)  # fmt: skip
QUICK = settings(max_examples=40, derandomize=True)


@QUICK
@given(PODS_, PODS_)
def test_apply_is_idempotent(first, second):
    """Applying twice is applying once, ownership and times included."""
    live = apply(None, first, POD, manager("one"))
    once = apply(live, second, POD, manager("one"))
    twice = apply(once, second, POD, manager("one", "2027-01-01T00:00:00Z"))
    assert content(twice) == content(once)
    assert twice["metadata"].get("managedFields") == once["metadata"].get("managedFields")


@QUICK
@given(PODS_, PODS_)
def test_apply_reaches_what_is_wanted(first, second):
    """A lone manager gets exactly what it wants, whatever it wanted before."""
    live = apply(apply(None, first, POD, manager("one")), second, POD, manager("one"))

    assert content(live) == content(apply(None, second, POD, manager("one")))


@QUICK
@given(PODS_, PODS_, PODS_)
def test_two_managers_do_not_disturb_each_other(first, second, third):
    """What one manager applies by force stays there while the other re-applies and withdraws."""
    live = apply(None, first, POD, manager("one"))
    live = apply(live, second, POD, manager("two"), force=True)
    live = apply(live, {**pod(), "spec": {}}, POD, manager("one"))
    found, wanted = content(live), content(second)
    assert {path: found.get(path) for path in wanted} == wanted
    again = apply(live, second, POD, manager("two"))
    assert content(again) == content(live)
    apply(again, third, POD, manager("one"), force=True)


@QUICK
@given(PODS_)
def test_field_sets_survive_their_encoding(obj):
    """A set of paths reads back from managedFields as it was."""
    paths = set(fields.leaves(obj, POD))
    assert fields.decode(fields.encode(paths)) == paths


@QUICK
@given(MAPS, MAPS)
def test_a_merge_patch_made_by_hand_reaches_its_goal(old, new):
    """For flat maps the difference, applied as merge patch, gives the goal."""
    old, new = old or {}, new or {}
    patch = {**dict.fromkeys(old.keys() - new.keys()), **new}
    assert merge(old, patch) == new
    assert strategic.patch(old, patch, of({"values": "string"})) == new
