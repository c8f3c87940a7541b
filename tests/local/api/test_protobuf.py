"""Objects in protobuf, as Go clients send and request built-in kinds."""

import json
import random

import pytest
from test_typed_client import BODIES, KINDS

from arena import wire
from arena.local.api import protobuf, resource_types
from arena.local.api.protobuf import messages
from arena.local.objects import CONFIGMAPS, DEPLOYMENTS, PODS

PROTOBUF = "application/vnd.kubernetes.protobuf"
MAPS, POD = "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/pods"
JOBS = "/apis/kubeflow.org/v1/namespaces/default/tfjobs"
CUSTOM = [kind for kind in resource_types.STORED if kind.custom]
MESSAGES = [kind for kind in KINDS if messages.has(kind.resource)]


def config(**more):
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **more}


def post(server, path, body, **headers):
    """The answer to an object that is sent in protobuf, or to these bytes."""
    body = body if isinstance(body, bytes) else protobuf.encode(body)
    return server.ask("POST", path, body, Content_Type=PROTOBUF, **headers)


def test_what_has_messages():
    """Every kind of Kubernetes' own groups but the definitions of other kinds."""
    without = {kind.resource.kind for kind in KINDS} - {kind.resource.kind for kind in MESSAGES}
    assert without == {"CustomResourceDefinition"} & {kind.resource.kind for kind in KINDS}
    assert not [kind.resource for kind in CUSTOM if messages.has(kind.resource)]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.resource.kind)
def test_every_kind_is_read_and_written(server, api, kind):
    """An object that is sent so is stored as one that is sent in JSON, and answered so if asked for."""
    one = kind.resource
    root = f"/apis/{one.group}/{one.version}" if one.group else "/api/v1"
    path = f"{root}/namespaces/default/{one.plural}" if one.namespaced else f"{root}/{one.plural}"
    body = {"apiVersion": one.api_version, "kind": one.kind, "metadata": {"name": "a"}, **BODIES[one.kind]}
    plain = server.ask("POST", f"{path}?dryRun=All&fieldValidation=Strict", body)
    sent = post(server, f"{path}?dryRun=All&fieldValidation=Strict", body)
    assert (plain.code, sent.code) == (201, 201), (plain.body, sent.body)
    assert settled(sent.body) == settled(plain.body)
    api.create(one, body)
    stored = server.ask("GET", f"{path}/a").body
    answer = server.ask("GET", f"{path}/a", Accept=f"{PROTOBUF},application/json")
    assert (answer.code, answer.headers["Content-Type"]) == (200, PROTOBUF)
    assert settled(protobuf.decode(answer.body)) == settled(stored)


def settled(obj):
    """An object without what differs from one creation to the next, what is empty, and the kinds of claims.

    Messages leave these out.
    """
    obj = json.loads(json.dumps(obj).replace(obj["metadata"]["uid"], ""))
    for claim in obj.get("spec", {}).get("volumeClaimTemplates", []):
        claim["apiVersion"] = claim["kind"] = ""
    passing = dict.fromkeys(("managedFields", "creationTimestamp", "annotations"))
    return filled({**obj, "metadata": {**obj["metadata"], **passing}})


def filled(value):
    """A value without fields that are empty, which is how messages leave them out."""
    if isinstance(value, list):
        return [filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: filled(one) for key, one in value.items()}
    return {key: one for key, one in found.items() if one not in (None, "", {}, [], 0)}


def test_lists_watches_and_refusals(server, api):
    """All answers to a client that asks for protobuf are in it."""
    api.create(CONFIGMAPS, config(data={"x": "1"}))
    listed = protobuf.decode(server.ask("GET", MAPS, Accept=PROTOBUF).body)
    assert (listed["kind"], [one["data"] for one in listed["items"]]) == ("ConfigMapList", [{"x": "1"}])
    refused = server.ask("GET", f"{MAPS}/none", Accept=f"{PROTOBUF},application/json")
    status = protobuf.decode(refused.body)
    assert (refused.code, status["reason"], status["code"]) == (404, "NotFound", 404)
    assert status["details"] == {"name": "none", "kind": "configmaps"}
    with server.open("GET", f"{MAPS}?watch=1&timeoutSeconds=10&resourceVersion=0", Accept=PROTOBUF) as stream:
        assert stream.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
        api.create(CONFIGMAPS, {"metadata": {"name": "b"}})
        assert [event(stream), event(stream)] == [("ADDED", "a"), ("ADDED", "b")]
    api.store._floor = 10**6  # as after a restart
    with server.open("GET", f"{MAPS}?watch=1&resourceVersion=1&timeoutSeconds=1", Accept=PROTOBUF) as stream:
        assert event(stream)[0] == "ERROR"


def event(stream):
    """Type and name of the next event of a watch."""
    size = int.from_bytes(stream.read(4), "big")
    found = dict(wire.fields(stream.read(size)))
    obj = protobuf.decode(dict(wire.fields(found[2]))[1])
    return found[1].decode(), obj.get("metadata", {}).get("name")


def test_metadata_of_any_kind(server, api):
    """Only the metadata of custom kinds is written so; whole, they are JSON, or refused."""
    api.create(CONFIGMAPS, config())
    partial = f"{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    for path in (MAPS, JOBS):
        found = server.ask("GET", path, Accept=partial)
        assert found.headers["Content-Type"] == PROTOBUF
        assert protobuf.decode(found.body)["kind"] == "PartialObjectMetadataList"
    assert server.ask("GET", JOBS, Accept=f"{PROTOBUF},application/json").body["kind"] == "TFJobList"
    assert server.ask("GET", JOBS, Accept=PROTOBUF).code == 406
    table = "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1"
    assert server.ask("GET", MAPS, Accept=table).code == 406
    assert server.ask("GET", MAPS, Accept=f"{table},application/json").body["kind"] == "ConfigMapList"


def test_deletions_and_scales(server, api):
    """Options of deletions are read, and the scale of a Deployment is read and written."""
    path = "/apis/apps/v1/namespaces/default/deployments/web/scale"
    api.create(DEPLOYMENTS, {"metadata": {"name": "web"}, **BODIES["Deployment"]})
    scale = protobuf.decode(server.ask("GET", path, Accept=PROTOBUF).body)
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 1})
    body = protobuf.encode({**scale, "spec": {"replicas": 3}})
    assert server.ask("PUT", path, body, Content_Type=PROTOBUF).body["spec"] == {"replicas": 3}
    api.create(CONFIGMAPS, config())
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "other"}}
    answer = server.ask("DELETE", f"{MAPS}/a", protobuf.encode(options), Content_Type=PROTOBUF)
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")


def test_bodies_of_other_kinds_are_refused(server):
    """No custom kind is read in this form, nor a message that there is none of."""
    answer = server.ask("POST", JOBS, b"k8s\0", Content_Type=PROTOBUF)
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")
    for path in ("/apis/networking.k8s.io/v1/namespaces/default/ingresses", "/api/v1/nothings"):
        assert server.ask("POST", path, b"k8s\0", Content_Type=PROTOBUF).code == 404
    about = wire.content(1, b"v1") + wire.content(2, b"Nothing")
    assert post(server, MAPS, b"k8s\0" + wire.content(1, about)).code == 400
    old = wire.content(1, wire.content(1, b"apps/v1beta1") + wire.content(2, b"Deployment"))
    assert post(server, "/apis/apps/v1/namespaces/default/deployments", b"k8s\0" + old).code == 400


@pytest.mark.parametrize(
    "meta",
    [
        wire.numeric(1, 5),
        b"\x0d\0\0\0\0",
        wire.content(1, b"\xff"),
        wire.content(7, b"x"),
        wire.content(8, wire.numeric(1, 2**60)),
        wire.content(8, b"\x0a\x05"),
        wire.content(11, wire.numeric(1, 1)),
        wire.content(17, wire.content(7, wire.content(1, b"{"))),
    ],
)
def test_values_of_other_types_are_refused(server, meta):
    """A number for a text, a text for a number, no UTF-8, no time, no JSON: 400."""
    about = wire.content(1, b"v1") + wire.content(2, b"ConfigMap")
    body = b"k8s\0" + wire.content(1, about) + wire.content(2, wire.content(1, meta))
    answer = post(server, MAPS, body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")


def test_bodies_with_too_many_fields_are_refused(server):
    """413, before they are built."""
    about = wire.content(1, b"v1") + wire.content(2, b"ConfigMap")
    meta = wire.content(14, b"") * 100_000
    body = b"k8s\0" + wire.content(1, about) + wire.content(2, wire.content(1, meta))
    assert post(server, MAPS, body).code == 413


def test_damaged_bodies(server):
    """Whatever bytes are changed, the answer is no error of the server."""
    whole = protobuf.encode({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, **BODIES["Pod"]})
    dice = random.Random(1)
    for _ in range(200):
        body = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            body[dice.randrange(4, len(body))] = dice.randrange(256)
        answer = post(server, f"{POD}?dryRun=All", bytes(body[: dice.randint(5, len(body))]))
        assert answer.code < 500, answer.body


def test_values_that_no_message_holds(api):
    """What was stored in another type is left out, as typed clients cannot hold it either."""
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"x": 1, "y": "2"}},
           "spec": {"hostNetwork": "yes", "priority": 1.5, "containers": ["x", {"name": "c"}],
                    "nodeName": "n"}}  # fmt: skip
    found = protobuf.decode(protobuf.encode(obj))
    assert found["metadata"]["labels"] == {"x": "", "y": "2"}
    assert found["spec"] == {"containers": [{"name": "c"}], "nodeName": "n"}


def test_times_and_numbers():
    """Fractions, other zones, and what is smaller than 0."""
    obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "eventTime": "1969-12-31T23:59:59.5Z",
        "firstTimestamp": "2026-01-01T02:00:00+02:00",
        "count": -7,
    }
    found = protobuf.decode(protobuf.encode(json.loads(json.dumps(obj))))
    assert found["eventTime"] == "1969-12-31T23:59:59.500000Z"
    assert (found["firstTimestamp"], found["count"]) == ("2026-01-01T00:00:00Z", -7)


def test_pods_are_small(api, server):
    """The objects of a list are those that JSON has."""
    for name in "ab":
        api.create(PODS, {"metadata": {"name": name}, **BODIES["Pod"]})
    plain = server.ask("GET", POD).body["items"]
    found = protobuf.decode(server.ask("GET", POD, Accept=PROTOBUF).body)["items"]
    about = {"apiVersion": "v1", "kind": "Pod"}
    assert [filled({**about, **one}) for one in found] == [filled(one) for one in plain]
