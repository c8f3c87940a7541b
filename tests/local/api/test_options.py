"""The options of requests: what a cluster of today accepts, refuses and warns of."""

import json

import pytest

from arena.local.objects import CONFIGMAPS, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES, STATEFULSETS

MAPS = "/api/v1/namespaces/default/configmaps"
JOBS = "/apis/kubeflow.org/v1/namespaces/default/tfjobs"
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
REPEATED = b'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  x: "1"\n  z: {}\n  x: "2"\n'
TABLE = "application/json;as=Table;g=meta.k8s.io;v="


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("timeout=1h2m3.5s", 200), ("timeout=0", 200), ("timeout=-1s", 200), ("timeout=300ms", 200),
        ("timeout=x", 400), ("timeout=5", 400), ("timeout=1d", 400), ("timeout=9999999h", 400),
        ("timeoutSeconds=9223372036854775807", 200), ("timeoutSeconds=-1", 200),
        ("timeoutSeconds=x", 400), ("timeoutSeconds=1e400", 400), ("timeoutSeconds=9223372036854775808", 400),
        ("limit=", 400), ("limit=-1", 200), ("limit=1.5", 400),
        ("resourceVersion=0", 200), ("resourceVersion=x", 400), ("resourceVersion=1", 200),
        ("resourceVersion=999999999", 504), ("resourceVersion=1&resourceVersionMatch=Exact", 410),
        ("resourceVersion=1&resourceVersionMatch=NotOlderThan", 200),
        ("pretty=x", 200), ("shardSelector=x", 200),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [MAPS, JOBS])
def test_lists(server, path, query, code):
    """Times, versions and limits are checked, and none of them is an error of the server."""
    answer = server.ask("GET", f"{path}?{query}")
    assert answer.code == code, answer.body


def test_a_version_that_is_not_reached(server, api):
    """504 with the cause and the time after which to ask again, also of one object."""
    api.create(CONFIGMAPS, CONFIG)
    answer = server.ask("GET", f"{MAPS}/a?resourceVersion=999999999")
    assert (answer.code, answer.body["reason"]) == (504, "Timeout")
    assert answer.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert answer.body["details"]["retryAfterSeconds"] == 1
    present = server.ask("GET", MAPS).body["metadata"]["resourceVersion"]
    exact = f"{MAPS}?resourceVersion={present}&resourceVersionMatch=Exact"
    assert len(server.ask("GET", exact).body["items"]) == 1


@pytest.mark.parametrize("seconds", ["-1", "-9223372036854775808"])
def test_watches_whose_time_is_over(server, api, seconds):
    """They end at once; the longest time is none."""
    api.create(CONFIGMAPS, CONFIG)
    with server.open("GET", f"{MAPS}?watch=maybe&timeoutSeconds={seconds}") as stream:
        assert b"\n" not in stream.read().removesuffix(b"\n")
    with server.open("GET", f"{MAPS}?watch=1&timeoutSeconds=9223372036854775807") as stream:
        assert json.loads(stream.readline())["type"] == "ADDED"
    assert server.ask("GET", f"{MAPS}?watch=false").body["kind"] == "ConfigMapList"


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        (f"fieldManager={'x' * 129}", "fieldManager", "FieldValueTooLong"),
        ("fieldManager=a%07b", "fieldManager", "FieldValueInvalid"),
        ("fieldValidation=strict", "fieldValidation", "FieldValueNotSupported"),
        ("dryRun=", "dryRun", "FieldValueNotSupported"),
        ("dryRun=All&dryRun=None", "dryRun", "FieldValueNotSupported"),
        ("force=true", "force", "FieldValueForbidden"),
    ],
)
def test_writes(server, api, query, field, reason):
    """An option that is not allowed is 422 with its field, and nothing is written."""
    api.create(CONFIGMAPS, CONFIG)
    if field != "force":
        created = server.ask("POST", f"{MAPS}?{query}", {**CONFIG, "metadata": {"name": "b"}})
        assert (created.code, created.body["details"]["kind"]) == (422, "CreateOptions")
    patched = server.ask("PATCH", f"{MAPS}/a?{query}", {"data": {"x": "1"}}, Content_Type=MERGE)
    assert (patched.code, patched.body["details"]["kind"]) == (422, "PatchOptions")
    (cause,) = patched.body["details"]["causes"]
    assert (cause["field"], cause["reason"]) == (field, reason)
    assert [one["metadata"]["name"] for one in api.list(CONFIGMAPS)] == ["a"]
    assert "data" not in api.get(CONFIGMAPS, "a")


def test_dry_runs_may_be_said_twice(server, api):
    """As clients do that put it into body and query."""
    assert server.ask("POST", f"{MAPS}?dryRun=All&dryRun=All", CONFIG).code == 201
    assert api.get(CONFIGMAPS, "a") is None


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("orphanDependents=true&propagationPolicy=Orphan", None, 422),
        ("", {"orphanDependents": False, "propagationPolicy": "Orphan"}, 422),
        ("dryRun=Some", None, 422),
        ("", {"dryRun": ["Some"]}, 422),
        ("", {"dryRun": 1}, 400),
        ("gracePeriodSeconds=x", None, 400),
        ("", {"gracePeriodSeconds": True}, 400),
        ("", {"kind": "Deployment", "apiVersion": "apps/v1"}, 400),
        ("gracePeriodSeconds=9223372036854775807&dryRun=All", None, 200),
        ("orphanDependents=maybe&dryRun=All", None, 200),
        ("", {"kind": "DeleteOptions", "apiVersion": "kubeflow.org/v1", "dryRun": ["All"]}, 200),
    ],
)
def test_deletions(server, api, query, body, code):
    """What a deletion is asked for is checked before anything is deleted."""
    api.create(CONFIGMAPS, CONFIG)
    answer = server.ask("DELETE", f"{MAPS}/a?{query}", body)
    assert answer.code == code, answer.body
    assert api.get(CONFIGMAPS, "a")


def test_preconditions_name_the_kind(server, api):
    """A deletion of another object than the one that is there is a conflict of that kind."""
    api.create(CONFIGMAPS, CONFIG)
    for wanted, word in (({"uid": "x"}, "UID"), ({"resourceVersion": "1"}, "ResourceVersion")):
        answer = server.ask("DELETE", f"{MAPS}/a", {"preconditions": wanted})
        assert (answer.code, answer.body["details"]) == (409, {"name": "a", "kind": "ConfigMap"})
        assert f'on ConfigMap "a": the {word} in the precondition' in answer.body["message"]


def test_a_uid_does_not_change(server, api):
    """A patch with another uid is invalid; a replacement is a conflict."""
    api.create(CONFIGMAPS, CONFIG)
    patched = server.ask("PATCH", f"{MAPS}/a", {"metadata": {"uid": "x"}}, Content_Type=MERGE)
    assert (patched.code, patched.body["details"]["causes"][0]["field"]) == (422, "metadata.uid")
    replaced = server.ask("PUT", f"{MAPS}/a", {**CONFIG, "metadata": {"name": "a", "uid": "x"}})
    assert (replaced.code, replaced.body["reason"]) == (409, "Conflict")


def test_repeated_keys_in_yaml(server, api):
    """They are refused when strict, and warned of with their line, as in JSON; only those of one mapping.

    Nothing is said of them if a value has a wrong type.
    """
    said = 'line 7: key "x" already set in map'
    body = REPEATED.replace(b"{}", b"a").replace(b"name: b", b"name: b, labels: {x: x}")
    for text, is_said in ((body, True), (REPEATED, False)):
        strict = server.ask("POST", f"{MAPS}?fieldValidation=Strict", text, Content_Type="application/yaml")
        assert (strict.code, said in strict.body["message"]) == (400, is_said)
    warned = server.ask("POST", f"{MAPS}?dryRun=All", body, Content_Type="application/yaml")
    told = said.replace('"', '\\"')
    assert (warned.code, warned.headers.get_all("Warning")) == (201, [f'299 - "{told}"'])
    api.create(CONFIGMAPS, CONFIG)
    applied = b'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: "1", k: "2"}\n'
    path = f"{MAPS}/a?fieldManager=me&fieldValidation="
    assert server.ask("PATCH", f"{path}Strict", applied, Content_Type=APPLY).code == 400
    assert server.ask("PATCH", f"{path}Ignore", applied, Content_Type=APPLY).code == 200


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_tables_of_either_version(server, api, version):
    """Older clients ask for tables of v1beta1, and get rows whose objects are of it, too."""
    api.create(CONFIGMAPS, CONFIG)
    table = server.ask("GET", MAPS, Accept=f"{TABLE}{version}").body
    assert (table["kind"], table["apiVersion"]) == ("Table", f"meta.k8s.io/{version}")
    (row,) = table["rows"]
    assert row["object"]["apiVersion"] == f"meta.k8s.io/{version}"
    assert server.ask("GET", MAPS, Accept=f"{TABLE}v2").code == 406


def test_the_preferred_form_is_chosen(server):
    """Qualities count."""
    answer = server.ask("GET", MAPS, Accept="application/json;q=0.5,application/yaml;q=0.9")
    assert answer.headers["Content-Type"].startswith("application/yaml")


@pytest.mark.parametrize("path", [JOBS, "/openapi/v2", "/openapi/v3"])
def test_heads(server, path):
    """Custom kinds and schemas answer HEAD."""
    with server.open("HEAD", path) as answer:
        assert (answer.status, answer.read()) == (200, b"")


def test_the_root_names_all_documents(server):
    """`kubectl get --raw /` shows what there is, and all of it can be read."""
    paths = server.ask("GET", "/").body["paths"]
    assert {"/api/v1", "/apis/apps/v1", "/apis/ray.io/v1alpha1", "/healthz", "/openapi/v3"} <= set(paths)
    for path in paths:
        assert server.ask("GET", path).code == 200


def test_what_newer_servers_do(server, api):
    """Generations of pods, claims of StatefulSets, names of Services, columns of claims."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    assert api.create(PODS, pod)["metadata"]["generation"] == 1
    bound = api.change(PODS, "p", "default", lambda old: {**old, "spec": {**old["spec"], "nodeName": "n"}})
    assert bound["metadata"]["generation"] == 1
    images = {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}
    form = "application/strategic-merge-patch+json"
    path = "/api/v1/namespaces/default/pods/p"
    assert server.ask("PATCH", path, images, Content_Type=form).body["metadata"]["generation"] == 2
    assert api.create(SERVICES, {"metadata": {"name": "1s"}, "spec": {"ports": [{"port": 80}]}})
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod["spec"]}
    spec = {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = api.create(STATEFULSETS, {"metadata": {"name": "s"}, "spec": spec})
    policy = made["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    api.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "c"}, "spec": claim})
    table = server.ask("GET", "/api/v1/namespaces/default/persistentvolumeclaims", Accept=f"{TABLE}v1").body
    shown = dict(
        zip([one["name"] for one in table["columnDefinitions"]], table["rows"][0]["cells"], strict=True)
    )
    assert shown["VolumeAttributesClass"] == "<unset>"
