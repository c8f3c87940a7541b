"""A kind that is served in two versions: one object, which every client sees in its own."""

import json

import pytest

from arena.local.api.store import Rows
from arena.local.objects import Refused, Resource

OLD, NEW = (f"/apis/ray.io/{one}/namespaces/default/rayjobs" for one in ("v1alpha1", "v1"))
RAYJOBS = Resource("ray.io", "v1", "rayjobs", "RayJob")
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
DEPRECATED = '299 - "ray.io/v1alpha1 RayJob is deprecated; use ray.io/v1 RayJob"'


def job(version, name="a", **spec):
    """A RayJob in a version."""
    container = {"name": "ray", "image": "i"}
    head = {"rayStartParams": {}, "template": {"spec": {"containers": [container]}}}
    spec = {"entrypoint": "true", "rayClusterSpec": {"headGroupSpec": head}, **spec}
    return {"apiVersion": f"ray.io/{version}", "kind": "RayJob", "metadata": {"name": name}, "spec": spec}


def versions(server, query=""):
    """The versions of the objects that both lists show."""
    return [
        [one["apiVersion"] for one in server.ask("GET", path + query).body["items"]] for path in (OLD, NEW)
    ]


def test_an_object_is_in_both_versions(server, api):
    """Whoever creates it, in one version it has its fields, and in the other those that this has, too."""
    made = server.ask("POST", OLD, job("v1alpha1"))
    assert (made.code, made.body["apiVersion"], made.headers["Warning"]) == (
        201,
        "ray.io/v1alpha1",
        DEPRECATED,
    )
    assert server.ask("POST", NEW, job("v1", "b", backoffLimit=2)).body["apiVersion"] == "ray.io/v1"
    assert versions(server) == [["ray.io/v1alpha1"] * 2, ["ray.io/v1"] * 2]
    assert versions(server, "?limit=1") == [["ray.io/v1alpha1"], ["ray.io/v1"]]
    old, new = (server.ask("GET", f"{path}/b") for path in (OLD, NEW))
    assert ("backoffLimit" in old.body["spec"], new.body["spec"]["backoffLimit"]) == (False, 2)
    assert "Warning" not in new.headers
    listed = server.ask("GET", OLD).body
    assert (listed["kind"], listed["apiVersion"]) == ("RayJobList", "ray.io/v1alpha1")
    assert {one["apiVersion"] for one in api.list(RAYJOBS)} == {"ray.io/v1"}


def test_changes_of_either_version(server, api):
    """Patches, applies, status and deletions name the object by its version, and store it in the newest."""
    server.ask("POST", NEW, job("v1"))
    patched = server.ask("PATCH", f"{OLD}/a", {"spec": {"entrypoint": "false"}}, Content_Type=MERGE)
    assert (patched.code, patched.body["apiVersion"]) == (200, "ray.io/v1alpha1")
    whole = server.ask("GET", f"{OLD}/a").body
    assert server.ask("PUT", f"{NEW}/a", whole).code == 400
    whole["spec"]["entrypoint"] = "sleep 1"
    assert server.ask("PUT", f"{OLD}/a", whole).body["spec"]["entrypoint"] == "sleep 1"
    status = {"status": {"jobStatus": "RUNNING"}}
    answer = server.ask("PATCH", f"{OLD}/a/status", status, Content_Type=MERGE)
    assert (answer.body["apiVersion"], answer.body["status"]["jobStatus"]) == ("ray.io/v1alpha1", "RUNNING")
    applied = server.ask("PATCH", f"{OLD}/a?fieldManager=me&force=1", job("v1alpha1"), Content_Type=APPLY)
    assert (applied.code, applied.body["apiVersion"]) == (200, "ray.io/v1alpha1")
    stored = json.loads(api.store.rows(Rows("ray.io/rayjobs"))[0].body)
    assert (stored["apiVersion"], stored["status"]["jobStatus"]) == ("ray.io/v1", "RUNNING")
    assert server.ask("DELETE", f"{OLD}/a").body["status"] == "Success"
    assert server.ask("GET", f"{NEW}/a").code == 404


def test_watches_of_either_version(server):
    """Every event comes in the version of the watch, also deletions that wait for a finalizer."""
    body = job("v1")
    body["metadata"]["finalizers"] = ["example.org/wait"]
    query = "?watch=1&timeoutSeconds=10&resourceVersion=0"
    with server.open("GET", OLD + query) as old, server.open("GET", NEW + query) as new:
        server.ask("POST", NEW, body)
        server.ask("DELETE", f"{OLD}/a")
        server.ask("PATCH", f"{OLD}/a", {"metadata": {"finalizers": None}}, Content_Type=MERGE)
        for stream, version in ((old, "ray.io/v1alpha1"), (new, "ray.io/v1")):
            events = [json.loads(stream.readline()) for _ in range(4)]
            assert [one["type"] for one in events] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
            assert {one["object"]["apiVersion"] for one in events} == {version}


def test_what_says_the_versions(server):
    """Groups, resources, definitions, schemas; the stored version is the preferred one."""
    group = server.ask("GET", "/apis/ray.io").body
    assert [one["version"] for one in group["versions"]] == ["v1", "v1alpha1"]
    assert group["preferredVersion"]["version"] == "v1"
    found = server.ask("GET", "/apis/ray.io/v1alpha1").body["resources"]
    assert [one["name"] for one in found] == ["rayjobs", "rayjobs/status"]
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    crd = server.ask("GET", f"{definitions}/rayjobs.ray.io").body
    told = [
        (one["name"], one["served"], one["storage"], one.get("deprecated")) for one in crd["spec"]["versions"]
    ]
    assert told == [("v1", True, True, None), ("v1alpha1", True, False, True)]
    assert crd["status"]["storedVersions"] == ["v1"]
    schemas = server.ask("GET", "/openapi/v3/apis/ray.io/v1alpha1").body["components"]["schemas"]
    assert "backoffLimit" not in schemas["RayJob"]["properties"]["spec"]["properties"]


@pytest.mark.parametrize(("path", "code"), [(OLD, 400), (NEW, 201)])
def test_fields_of_one_version(server, path, code):
    """A field that only the newer version has is unknown to the other."""
    version = path.split("/")[3]
    answer = server.ask("POST", f"{path}?fieldValidation=Strict", job(version, backoffLimit=2))
    assert answer.code == code, answer.body


def test_operators_know_one_version(api):
    """What is created in the older version comes to operators in the stored one."""
    old = RAYJOBS._replace(version="v1alpha1")
    watch = api.watch(RAYJOBS)
    made = api.create(old, job("v1alpha1"), "default")
    assert made["apiVersion"] == "ray.io/v1alpha1"
    event = watch.poll(10)
    assert (event.resource, event.object["apiVersion"]) == (RAYJOBS, "ray.io/v1")
    watch.close()
    with pytest.raises(Refused):
        api.create(RAYJOBS, job("v1alpha1", "b"), "default")
