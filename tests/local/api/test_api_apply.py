"""Server-side apply, and who owns which fields: what a cluster says, and laws that hold for any object."""

import copy
import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.local.api import go_types, resource_types
from arena.local.api.patches import fields, managers
from arena.local.api.patches.apply import apply
from arena.local.api.patches.comparison import compare
from arena.local.api.patches.managers import Write
from arena.local.api.schema import of, root
from arena.local.objects import PODS, Refused

POD = root(resource_types.of(PODS))
MAPS = "/api/v1/namespaces/default/configmaps"
RUNTIMES = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/default/trainingruntimes"
JOBS = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
APPLY, MERGE, POINTER = (
    f"application/{one}" for one in ("apply-patch+yaml", "merge-patch+json", "json-patch+json")
)


def pod(labels=None, annotations=None, image="1", env=None, **more):
    meta = {"name": "p", "namespace": "default"}
    meta |= {"labels": labels} if labels is not None else {}
    meta |= {"annotations": annotations} if annotations is not None else {}
    container = {"name": "c", "image": image}
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **more}}


def applied(live, config, name, force=False, now="2026-01-01T00:00:00Z"):
    found = copy.deepcopy(apply(live, config, POD, Write(name, "v1", now), force))
    go_types.normalise(POD, found)  # as everything that is stored
    return found


def owners(obj):
    return managers.stored(obj["metadata"].get("managedFields"))


def plain(obj):
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": meta}


def test_apply_removes_what_is_no_longer_wanted():
    """A field, list item or label that its only owner drops is removed."""
    live = applied(None, pod({"a": "1", "b": "2"}, env={"X": "1", "Y": "2"}, hostname="h"), "m")
    after = applied(live, pod({"a": "1"}, env={"Y": "3"}), "m")
    assert plain(after) == pod({"a": "1"}, env={"Y": "3"})


def test_apply_leaves_the_fields_of_others():
    """What another manager owns stays, also when the first one drops it."""
    live = applied(None, pod({"a": "1", "b": "2"}), "one")
    live = applied(live, pod({"b": "2", "c": "3"}), "two")
    after = applied(live, pod({}), "one")
    assert after["metadata"]["labels"] == {"b": "2", "c": "3"}


def test_apply_conflicts_name_field_and_manager():
    """A changed field that another owns is a conflict with its path and owner; force takes it over."""
    live = applied(None, pod(image="1", env={"X": "1"}), "one")
    wanted = pod(image="2", env={"X": "2"})
    with pytest.raises(Refused) as refused:
        applied(live, wanted, "two")
    assert (refused.value.code, refused.value.reason) == (409, "Conflict")
    causes = refused.value.details["causes"]
    assert {one["field"] for one in causes} == {
        '.spec.containers[name="c"].image', '.spec.containers[name="c"].env[name="X"].value',
    }  # fmt: skip
    assert {one["reason"] for one in causes} == {"FieldManagerConflict"}
    assert causes[0]["message"] == 'conflict with "one"'
    taken = applied(live, wanted, "two", force=True)
    assert plain(taken) == wanted
    with pytest.raises(Refused, match="Apply failed with 2 conflicts"):
        applied(taken, pod(image="1", env={"X": "1"}), "one")


def test_equal_values_are_shared():
    """Two managers that want the same value both own it."""
    live = applied(None, pod(image="1"), "one")
    live = applied(live, pod(image="1"), "two")
    assert {one.name for one in owners(live)} == {"one", "two"}
    with pytest.raises(Refused, match='conflict with "two"'):
        applied(live, pod(image="2"), "one")


@pytest.mark.parametrize("empty", [{}, None])
def test_empty_maps_are_no_conflict(empty):
    """`annotations: {}` neither conflicts with another's annotations nor removes them."""
    live = applied(None, pod(annotations={"a": "1"}), "one")
    live = applied(live, pod(annotations=empty), "two")
    assert live["metadata"]["annotations"] == {"a": "1"}
    live = applied(live, pod(), "two")
    assert live["metadata"]["annotations"] == {"a": "1"}


def test_what_was_there_belongs_to_someone():
    """The first apply on an object without managers conflicts where it differs."""
    applied(pod(image="1"), pod(image="1"), "one")
    with pytest.raises(Refused, match='conflict with "before-first-apply" using v1 at 2026'):
        applied(pod(image="1"), pod(image="2"), "one")


@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        ("abc", "ca", "bca"),
        ("abc", "bd", "abcd"),
        ("ab", "xay", "xaby"),
        ("abcd", "dcb", "adcb"),
        ("", "ba", "ba"),
        ("ab", "", "ab"),
    ],
)
def test_items_come_in_the_order_in_which_they_are_applied(live, config, expected):
    """What is applied keeps its order; the other items stay before those that followed them."""

    def schemas(names):
        return {**pod(), "spec": {"containers": [{"name": name} for name in names]}}

    found = applied(schemas(live), schemas(config), "one", force=True)
    assert "".join(one["name"] for one in found["spec"]["containers"]) == expected


@pytest.mark.parametrize(
    ("ports", "why"),
    [
        ([{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}], "duplicate entries for key"),
        ([{}], None),
        ([{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}], None),
    ],
)
def test_defaults_are_part_of_keys(ports, why):
    """A port without a protocol is the same as one with TCP; a configuration that repeats one is refused."""
    config = {**pod(), "spec": {"containers": [{"name": "c", "ports": ports}]}}
    if why is None:
        applied(None, config, "one")
        return
    with pytest.raises(
        fields.Unfit, match=r'ports: duplicate entries for key \[containerPort=1,protocol="TCP"\]'
    ):
        applied(None, config, "one")


@pytest.mark.parametrize(
    ("old", "new", "added", "modified", "removed"),
    [
        ({}, {"a": {"b": 1}}, {"f:a": {".": {}, "f:b": {}}}, {}, {}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, {"f:a": {"f:c": {}}}, {}, {"f:a": {"f:b": {}}}),
        ({"a": {"b": 1}}, {"a": 1}, {}, {"f:a": {}}, {"f:a": {"f:b": {}}}),
        ({"a": None}, {"a": {"b": 1}}, {"f:a": {"f:b": {}}}, {}, {}),
        ({"a": {}}, {"a": None}, {}, {"f:a": {}}, {}),
        ({"a": [1]}, {"a": [2]}, {}, {"f:a": {}}, {}),
        ({"set": [1, 2]}, {"set": [2, 3]}, {"f:set": {"v:3": {}}}, {}, {"f:set": {"v:1": {}}}),
        ({"set": [1, 1]}, {"set": [1]}, {"f:set": {"v:1": {}}}, {}, {"f:set": {"v:1": {}}}),
        ({"whole": {"b": 1}}, {"whole": {"b": 2}}, {}, {"f:whole": {}}, {}),
    ],
)  # fmt: skip
def test_comparison(old, new, added, modified, removed):
    """What was not there, has another value, or is gone; what is replaced whole is one field."""
    schema = of({"properties": {"a": {}, "set": {"items": "integer", "set": True},
                                "whole": {"values": "integer", "atomic": True}}})  # fmt: skip
    found = compare(old, new, schema)
    assert (found.added, found.modified, found.removed) == (added, modified, removed)


def test_many_updaters_become_one():
    """Of more than ten managers of updates, the oldest are merged."""
    found = {}
    for number in range(13):
        new = pod({f"l{n}": "1" for n in range(number + 1)})
        difference = compare(pod({f"l{n}": "1" for n in range(number)}), new, POD)
        found = managers.update(
            found, difference, Write(f"m{number}", "v1", f"2026-01-01T00:00:{number:02}Z")
        )
    assert len(found) == managers.MOST
    ancient = next(one for one in found if one.name == "ancient-changes")
    assert {path[-1] for path in fields.paths(found[ancient].fields)} >= {"f:l0", "f:l1", "f:l2", "f:l3"}
    assert found[ancient].time == "2026-01-01T00:00:03Z"


def content(obj):
    """The fields of an object that say something."""
    return set(fields.paths(fields.of(obj, POD)))


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["1", "2"])
TABLES = st.one_of(st.none(), st.dictionaries(NAMES, VALUES, min_size=1, max_size=3))
SECRETS = st.lists(NAMES, min_size=1, max_size=2, unique=True)
PODS_ = st.builds(
    pod, TABLES, TABLES, VALUES, TABLES,
    nodeSelector=st.dictionaries(NAMES, VALUES, min_size=1, max_size=2),
    tolerations=st.lists(st.builds(lambda k: {"key": k}, NAMES), min_size=1, max_size=2),
    imagePullSecrets=SECRETS.map(lambda keys: [{"name": key} for key in keys]),
)  # fmt: skip
QUICK = settings(max_examples=40, derandomize=True)


@QUICK
@given(PODS_, PODS_)
def test_apply_is_idempotent(first, second):
    """Applying twice is applying once, ownership and times included."""
    live = applied(None, first, "one")
    once = applied(live, second, "one")
    assert applied(once, second, "one", now="2027-01-01T00:00:00Z") == once


@QUICK
@given(PODS_, PODS_)
def test_apply_reaches_what_is_wanted(first, second):
    """A lone manager gets exactly what it wants, whatever it wanted before."""
    live = applied(applied(None, first, "one"), second, "one")
    assert content(plain(live)) >= content(second)
    assert compare(second, plain(live), POD).modified == {}


@QUICK
@given(PODS_, PODS_, PODS_)
def test_two_managers_do_not_disturb_each_other(first, second, third):
    """What one manager applies by force stays there while the other re-applies and withdraws."""
    live = applied(None, first, "one")
    live = applied(live, second, "two", force=True)
    live = applied(live, {**pod(), "spec": {}}, "one")
    again = applied(live, second, "two")
    assert content(plain(again)) == content(plain(live)) >= content(second)
    assert compare(second, plain(live), POD).modified == {}
    applied(again, third, "one", force=True)


STEPS = st.sampled_from(["f:a", "f:b", 'k:{"n":1}', "v:2"])
TREES = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(STEPS, inner, min_size=1, max_size=3).flatmap(
        lambda node: st.sampled_from([node, {".": {}, **node}])
    ),
    max_leaves=8,
).map(fields.below)


@QUICK
@given(TREES, TREES)
def test_sets_of_fields_are_sets(one, other):
    """Union, difference and intersection are those of the members; a set reads back as it was."""
    a, b = set(fields.paths(one)), set(fields.paths(other))
    assert set(fields.paths(fields.union(one, other))) == a | b
    assert set(fields.paths(fields.difference(one, other))) == a - b
    assert set(fields.paths(fields.intersection(one, other))) == a & b
    assert set(fields.paths(fields.decode(json.loads(json.dumps(one))))) == a


def config_map(name="m", labels=None, **data):
    meta = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def send(server, body, manager="one", path=f"{MAPS}/m", form=APPLY, method="PATCH", code=None, **query):
    asked = urllib.parse.urlencode({"fieldManager": manager, **query})
    answer = server.ask(method, f"{path}?{asked}", body, Content_Type=form)
    assert answer.code == code or (code is None and answer.code < 300), answer.body
    return answer.body


def shown(obj):
    """Manager, operation and subresource -> fields."""
    return {
        (one["manager"], one["operation"], one.get("subresource", "")): one["fieldsV1"]
        for one in obj["metadata"].get("managedFields", ())
    }


def test_whoever_creates_an_object_owns_it(server):
    """The manager of a plain create is the one that the request names, else its program."""
    answer = server.ask("POST", MAPS, config_map(a="1"), User_Agent="curl/8.1 (x)")
    entry = answer.body["metadata"]["managedFields"][0]
    assert entry == {
        "manager": "curl", "operation": "Update", "apiVersion": "v1",
        "time": answer.body["metadata"]["creationTimestamp"], "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {".": {}, "f:a": {}}},
    }  # fmt: skip
    refused = send(server, config_map(a="2"), "one", code=409)
    assert refused["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "field": ".data.a",
         "message": f'conflict with "curl" using v1 at {entry["time"]}'}
    ]  # fmt: skip


def test_a_change_moves_ownership(server):
    """What an update changes belongs to the updater; what it removes, to nobody."""
    send(server, config_map(a="1", b="1", c="1"))
    after = send(server, {"data": {"a": "2", "c": None}}, "ed", form=MERGE)
    assert shown(after) == {
        ("one", "Apply", ""): {"f:data": {"f:b": {}}},
        ("ed", "Update", ""): {"f:data": {"f:a": {}}},
    }
    whole = send(
        server, {**after, "data": {"a": "2", "b": "3"}}, "put", form="application/json", method="PUT"
    )
    assert shown(whole) == {
        ("ed", "Update", ""): {"f:data": {"f:a": {}}},
        ("put", "Update", ""): {"f:data": {"f:b": {}}},
    }


def test_an_apply_without_effect_changes_nothing(server):
    """Neither version nor times change if a manager applies what is there."""
    once = send(server, config_map(a="1"))
    assert send(server, config_map(a="1")) == once
    early = [{"op": "replace", "path": "/metadata/managedFields/0/time", "value": "2020-01-01T00:00:00Z"}]
    assert send(server, early, form=POINTER) == once


def test_a_dry_apply_leaves_nothing(server):
    """A dry run says what would be, with its managers."""
    assert shown(send(server, config_map(a="1"), dryRun="All")) == {
        ("one", "Apply", ""): {"f:data": {"f:a": {}}}
    }
    assert server.ask("GET", f"{MAPS}/m").code == 404


@pytest.mark.parametrize("path", [MAPS, RUNTIMES])
def test_managers_can_be_reset(server, path):
    """`managedFields: [{}]` removes all managers; an update afterwards is not tracked, an apply is."""
    kind = {"apiVersion": "v1", "kind": "ConfigMap"} if path == MAPS else {
        "apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainingRuntime",
        "spec": {"template": {"spec": {"suspend": True}}},
    }  # fmt: skip
    config = {**kind, "metadata": {"name": "m", "labels": {"a": "1"}}}
    send(server, config, path=f"{path}/m")
    after = send(server, {"metadata": {"managedFields": [{}]}}, path=f"{path}/m", form=MERGE)
    assert "managedFields" not in after["metadata"]
    after = send(server, {"metadata": {"labels": {"b": "1"}}}, path=f"{path}/m", form=MERGE)
    assert "managedFields" not in after["metadata"]
    after = send(server, config, path=f"{path}/m")
    assert {one[0] for one in shown(after)} == {"before-first-apply", "one"}


def test_managers_can_be_edited(server):
    """An update may rename a manager, as kubectl does to migrate; what cannot be read is ignored."""
    send(server, config_map(a="1"), "old")
    edit = [{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "new"}]
    assert shown(send(server, edit, form=POINTER)) == {("new", "Apply", ""): {"f:data": {"f:a": {}}}}
    for path, value in (("operation", "Delete"), ("fieldsV1", {"a": 1}), ("apiVersion", "")):
        edit = [{"op": "replace", "path": f"/metadata/managedFields/0/{path}", "value": value}]
        assert shown(send(server, edit, form=POINTER)) == {("new", "Apply", ""): {"f:data": {"f:a": {}}}}
    edit = [{"op": "replace", "path": "/metadata/managedFields/0/manager", "value": "m" * 129}]
    refused = send(server, edit, form=POINTER, code=422)
    assert refused["details"]["causes"] == [
        {"field": "metadata.managedFields[0].manager", "reason": "FieldValueTooLong",
         "message": "Too long: may not be more than 128 bytes"}
    ]  # fmt: skip


def test_what_kubectl_applied_by_itself_is_its_own(server):
    """Conflicts about what kubectl's annotation has are none for kubectl, which brings it up to date."""
    note = "kubectl.kubernetes.io/last-applied-configuration"
    first = config_map(a="1", b="1")
    first["metadata"]["annotations"] = {note: json.dumps(config_map(a="1"))}
    send(server, first, "kubectl-client-side-apply", path=MAPS, form="application/json", method="POST")
    refused = send(server, config_map(a="2", b="2"), "kubectl", code=409)
    assert [one["field"] for one in refused["details"]["causes"]] == [".data.b"]
    config = config_map(a="2")
    config["metadata"]["annotations"] = None
    after = send(server, config, "kubectl")
    assert (after["data"], json.loads(after["metadata"]["annotations"][note])) == (
        {"a": "2", "b": "1"}, config_map(a="2"),
    )  # fmt: skip
    send(server, config_map(a="3"), "other", code=409)


def torch(replicas=1, image="a"):
    containers = [{"name": "pytorch", "image": image}]
    worker = {"replicas": replicas, "template": {"spec": {"containers": containers}}}
    spec = {"pytorchReplicaSpecs": {"Worker": worker}, "runPolicy": {"suspend": True}}
    return {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "j"}, "spec": spec}


def test_status_and_scale_have_managers_of_their_own(server):
    """A manager of the status owns nothing else, and a scale moves the replicas, without a time."""
    send(server, torch(), path=f"{JOBS}/j")
    status = {**torch(), "status": {"conditions": [{"type": "A", "status": "True"}]}}
    after = send(server, status, "watcher", path=f"{JOBS}/j/status")
    condition = {".": {}, "f:type": {}, "f:status": {}}
    assert shown(after)["watcher", "Apply", "status"] == {
        "f:status": {"f:conditions": {'k:{"type":"A"}': condition}} if False else {"f:conditions": {}}
    }
    send(server, {"spec": {"replicas": 3}}, "hand", path=f"{JOBS}/j/scale", form=MERGE)
    refused = send(server, torch(), path=f"{JOBS}/j", code=409)
    assert [one["message"] for one in refused["details"]["causes"]] == [
        'conflict with "hand" with subresource "scale" using kubeflow.org/v1'
    ]


def test_operators_are_tracked_only_where_others_are(server, api):
    """What operators create has no managers; what they change in an object that has some, is theirs."""
    resource = next(one.resource for one in resource_types.TYPES if one.key == "/configmaps")
    created = api.create(resource, {"metadata": {"name": "own"}, "data": {"a": "1"}}, "default")
    assert "managedFields" not in created["metadata"]
    assert "managedFields" not in api.patch(resource, "own", {"data": {"a": "2"}}, "default")["metadata"]
    send(server, config_map(a="1", b="1"))
    after = api.patch(resource, "m", {"data": {"a": "2"}}, "default")
    assert shown(after) == {
        ("one", "Apply", ""): {"f:data": {"f:b": {}}},
        ("arena", "Update", ""): {"f:data": {"f:a": {}}},
    }


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"metadata": {}}, 400, "name must be provided"),
        ({"metadata": {"name": "x"}}, 400, "does not match the name on the URL"),
        ({"metadata": {"name": "m", "namespace": "x"}}, 400, "does not match the namespace"),
        ({"metadata": {"name": "m", "uid": "u"}}, 409, "no existing object was found"),
        ({"metadata": {"name": "m", "managedFields": []}}, 400, "managedFields must be nil"),
        ({"kind": None}, 400, "invalid object type: v1, Kind="),
        ({"apiVersion": "v2"}, 400, "Incorrect version"),
        ({"foo": 1}, 400, ".foo: field not declared in schema"),
    ],
)
def test_configurations_that_cannot_be_applied(server, change, code, message):
    """A configuration that names no object, or another one, is refused, and so is what is unknown."""
    assert message in send(server, {**config_map(), **change}, code=code)["message"]


def test_an_outdated_configuration_is_refused(server):
    """A resourceVersion in a configuration must be the present one; for a new object it says nothing."""
    body = config_map(a="1")
    body["metadata"]["resourceVersion"] = "1"
    send(server, body)
    send(server, copy.deepcopy(body), code=409)


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ({"fieldManager": "m" * 129}, "fieldManager", "FieldValueTooLong"),
        ({"fieldManager": "a\n"}, "fieldManager", "FieldValueInvalid"),
        ({"force": "false"}, "force", "FieldValueForbidden"),
    ],
)
def test_options_that_are_not_possible(server, query, field, reason):
    """Managers have short, printable names, and only an apply can be forced."""
    send(server, config_map())
    refused = send(
        server,
        {},
        **{"manager": "one", **{("manager" if k == "fieldManager" else k): v for k, v in query.items()}},
        form=MERGE,
        code=422,
    )
    assert [(one["field"], one["reason"]) for one in refused["details"]["causes"]] == [(field, reason)]


@pytest.mark.parametrize("path", ["leases", "poddisruptionbudgets", "trainingruntimes"])
def test_some_kinds_are_not_updated_without_a_version(server, path):
    """A PUT without a resourceVersion, and a patch that removes it, are refused for these kinds."""
    kind = next(one for one in resource_types.TYPES if one.resource.plural == path).resource
    where = f"/apis/{kind.api_version}/namespaces/default/{path}"
    spec = {"template": {"spec": {"suspend": True}}} if path == "trainingruntimes" else {}
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "m"}, "spec": spec}
    send(server, body, path=where, method="POST", form="application/json")
    for method, form, sent in (
        ("PUT", "application/json", body),
        ("PATCH", MERGE, {"metadata": {"resourceVersion": None, "labels": {"a": "1"}}}),
    ):
        refused = send(server, sent, path=f"{where}/m", method=method, form=form, code=422)
        assert refused["details"]["causes"][0]["field"] == "metadata.resourceVersion"
    send(server, body, path=f"{where}/nobody", method="PUT", form="application/json", code=404)


def test_items_without_the_name_that_identifies_them(server):
    """An applied item of a keyed list that lacks its key is refused, unless the key is always there."""
    path = "/api/v1/namespaces/default/serviceaccounts/a?fieldManager=m"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}
    assert server.ask("PATCH", path, {**account, "secrets": [{}]}, Content_Type=APPLY).code == 400
    assert server.ask("PATCH", path, {**account, "imagePullSecrets": [{}]}, Content_Type=APPLY).code == 201


def test_empty_texts_of_autoscalers_vanish(server):
    """As in Go, whose types leave out what is empty and optional; times that are always there are null."""
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    target = {"apiVersion": "", "kind": "Deployment", "name": "web"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}}
    made = server.ask("POST", path, {**scaler, "spec": {"scaleTargetRef": target, "maxReplicas": 2}})
    assert (made.code, made.body["spec"]["scaleTargetRef"]) == (201, {"kind": "Deployment", "name": "web"})
    status = {"desiredReplicas": 1, "conditions": [{"type": "AbleToScale", "status": "True"}]}
    told = server.ask("PATCH", f"{path}/a/status", {"status": status}, Content_Type=MERGE)
    assert told.body["status"]["conditions"][0]["lastTransitionTime"] is None
