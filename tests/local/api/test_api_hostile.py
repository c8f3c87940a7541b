"""Requests that would take all memory or all time: refused with a sentence, and soon."""

import contextlib
import gzip
import json
import socket
import time

import pytest

from arena.local.api import bodies, http_watch, size_limits
from arena.local.api.patches import apply, pointer, strategic
from arena.local.api.patches.managers import Write
from arena.local.api.schema import of
from arena.local.objects import CONFIGMAPS, DEPLOYMENTS, JOBS, JOBSETS, PODS, STATEFULSETS, Refused
from arena.local.operators.batch.cron import CRONS
from arena.local.operators.batch.cronjob import CRONJOBS
from arena.local.operators.elastic.trainingjob import TRAININGJOBS
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS
from arena.local.operators.mpi.mpijob import MPIJOBS
from arena.local.operators.ray.manifests import RAYJOBS
from arena.local.operators.trainer.trainjob import TRAINJOBS

MAPS = "/api/v1/namespaces/default/configmaps"
SECONDS = 2.5
"""Of the processor's time, client and all: these requests used to take many times as long."""
MANY = 2**31 - 1

CONTAINERS = [{"name": "main", "image": "i"}]


def specs(**counts):
    """Replica specs of a training job, each with a container of its own type's name."""
    return {name: replica(count, name.lower()) for name, count in counts.items()}


def template(name="main", **spec):
    """A pod template with one container."""
    return {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": name, "image": "i"}], **spec},
    }


def replica(count, name):
    """A replica spec of a training job."""
    return {"replicas": count, "template": template(name)}


def workload(count):
    """What Deployments and StatefulSets share."""
    return {"replicas": count, "selector": {"matchLabels": {"app": "a"}}, "template": template()}


def job(count, **more):
    """The spec of a Job."""
    return {"parallelism": count, "template": template(restartPolicy="Never"), **more}


SPECS = [
    (DEPLOYMENTS, workload),
    (STATEFULSETS, workload),
    (JOBS, job),
    (CRONJOBS, lambda count: {"schedule": "* * * * *", "jobTemplate": {"spec": job(count)}}),
    (PYTORCHJOBS, lambda count: {"pytorchReplicaSpecs": {"Worker": replica(count, "pytorch")}}),
    (MPIJOBS, lambda count: {"mpiReplicaSpecs": specs(Launcher=1, Worker=count)}),
    (TRAININGJOBS, lambda count: {"etReplicaSpecs": specs(launcher=1, worker=count)}),
    (JOBSETS, lambda count: {"replicatedJobs": [
        {"name": "w", "replicas": 2, "template": {"spec": job(count)}}]}),
    (TRAINJOBS, lambda count: {"runtimeRef": {"name": "torch-distributed"}, "trainer": {"numNodes": count}}),
    (RAYJOBS, lambda count: {"entrypoint": "true", "rayClusterSpec": {
        "headGroupSpec": {"rayStartParams": {}, "template": template()},
        "workerGroupSpecs": [{"groupName": "w", "replicas": count, "numOfHosts": 2,
                              "minReplicas": 0, "maxReplicas": 9, "rayStartParams": {},
                              "template": template()}]}}),
    (CRONS, lambda count: {"schedule": "* * * * *", "template": {
        "apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob",
        "workload": {"spec": {"pytorchReplicaSpecs": {"Worker": replica(count, "pytorch")}}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "spec"), SPECS, ids=lambda value: getattr(value, "kind", ""))
def test_more_pods_than_one_object_may_have(api, resource, spec):
    """Whatever the kind, too many pods at once are 422 with the number allowed; a few are taken."""
    with pytest.raises(Refused) as refused:
        api.create(resource, {"metadata": {"name": "a"}, "spec": spec(MANY)})
    assert refused.value.code == 422
    assert "one object may request at most 1000 here (ARENA_LOCAL_PODS)" in refused.value.message
    assert api.create(resource, {"metadata": {"name": "a"}, "spec": spec(3)})


def test_a_job_may_have_many_completions(api):
    """It is the pods at once that count: completions come one after the other."""
    spec = {**job(4), "completions": 100_000}
    assert api.create(JOBS, {"metadata": {"name": "a"}, "spec": spec})
    indexed = {**spec, "completions": 100_001, "completionMode": "Indexed"}
    with pytest.raises(Refused, match="must be at most 100000"):
        api.create(JOBS, {"metadata": {"name": "b"}, "spec": indexed})


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("merge-patch+json", {"spec": {"replicas": MANY}}),
        ("strategic-merge-patch+json", {"spec": {"replicas": MANY}}),
        ("json-patch+json", [{"op": "replace", "path": "/spec/replicas", "value": MANY}]),
    ],
)
@pytest.mark.parametrize("subresource", ["", "/scale"])
def test_more_pods_by_a_patch(server, form, body, subresource):
    """No kind of patch, of the object or of its scale, gets around the limit."""
    server.api.create(DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": workload(2)})
    path = f"/apis/apps/v1/namespaces/default/deployments/a{subresource}"
    answer = server.ask("PATCH", path, body, Content_Type=f"application/{form}")
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert server.api.get(DEPLOYMENTS, "a")["spec"]["replicas"] == 2


def test_what_was_stored_before_may_be_changed(api, monkeypatch):
    """An object of a time with another limit can be noted on and made smaller, and not made larger."""
    monkeypatch.setenv("ARENA_LOCAL_PODS", "5000")
    api.create(DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": workload(4000)})
    monkeypatch.setenv("ARENA_LOCAL_PODS", "100")
    assert api.patch(DEPLOYMENTS, "a", {"metadata": {"labels": {"x": "y"}}})
    assert api.patch(DEPLOYMENTS, "a", {"spec": {"replicas": 3000}})
    with pytest.raises(Refused, match="requests 3001 pods"):
        api.patch(DEPLOYMENTS, "a", {"spec": {"replicas": 3001}})


def test_a_patch_that_doubles(server):
    """A JSON patch that copies a value into itself thirty times would make gigabytes: 413 before it does."""
    server.ask("POST", MAPS, {"metadata": {"name": "a"}})
    twice = {"op": "copy", "from": "/x", "path": "/x/-"}
    grown = [{"op": "add", "path": "/x", "value": ["v" * 1000]}, *[twice] * 30]
    answer = server.ask("PATCH", f"{MAPS}/a", grown, Content_Type="application/json-patch+json")
    assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


def test_patches_that_add_up(server):
    """An object cannot be patched beyond what one request may bring, neither in bytes nor in values."""
    server.ask("POST", MAPS, {"metadata": {"name": "a"}})
    codes = [
        server.ask("PATCH", f"{MAPS}/a", {"data": {f"k{one}": "x" * 1_000_000}},
                   Content_Type="application/merge-patch+json").code
        for one in range(4)
    ]  # fmt: skip
    assert codes == [200, 200, 200, 413]
    server.ask("POST", MAPS, {"metadata": {"name": "b"}})
    codes = [
        server.ask("PATCH", f"{MAPS}/b", {"data": {f"{part}-{one}": "" for one in range(12_000)}},
                   Content_Type="application/merge-patch+json").code
        for part in range(4)
    ]  # fmt: skip
    assert codes == [200, 200, 413, 413]


NESTED = "[" * 20_000
SLOW = {
    "flat YAML": ("a:\n" + "- b\n" * 700_000, 413),
    "brackets": ("[" + "[]," * 900_000 + "1]", 413),
    "brackets and quotes": ('{"a": ["' + '"["' * 5000, 400),
    "quotes": ('"[\\"' * 5000, 400),
    "deep": (NESTED, 400),
    "deep YAML": ("a: " + NESTED, 400),
    "deep block": ("- " * 20_000, 400),
    "aliases": ("a: &a [" + "1," * 900 + "]\nb: [" + "*a," * 900 + "]", 400),
    "a long number": ('{"metadata": {"name": ' + "1" * 100_000 + "}}", 400),
    "one long key": ('{"metadata": {"labels": {"' + "k" * 2_000_000 + '": "v"}}}', 413),
    "a million warnings": (
        '{"metadata": {"name": "a"}, ' + ",".join(f'"x{one}": 1' for one in range(25_000)) + "}",
        201,
    ),
}


@pytest.mark.parametrize(("text", "code"), SLOW.values(), ids=SLOW)
def test_bodies_that_would_take_long(server, text, code):
    """A body of the largest size is read or refused in time that is in proportion."""
    began = time.process_time()
    assert server.ask("POST", MAPS, text.encode()).code == code
    assert time.process_time() - began < SECONDS


def test_commas_in_texts_are_no_values(server):
    """A table of a megabyte in one value is one value."""
    text = "1,[{,\\" * 150_000 + '"' * 1000
    assert server.ask("POST", MAPS, {"metadata": {"name": "a"}, "data": {"table.csv": text}}).code == 201
    assert server.ask("GET", f"{MAPS}/a").body["data"]["table.csv"] == text


def pod(**lists):
    """A pod whose container has long lists."""
    return {"metadata": {"name": "a"}, "spec": {"containers": [{**CONTAINERS[0], **lists}]}}


MANY_NAMES = [{"name": f"n{one}"} for one in range(12_000)]
LONG = {
    "env": pod(env=[one | {"value": ""} for one in MANY_NAMES]),
    "ports": pod(ports=[{"containerPort": 1 + one} for one in range(12_000)]),
    "mounts": pod(volumeMounts=[one | {"mountPath": "/x"} for one in MANY_NAMES]),
    "volumes": {"metadata": {"name": "a"}, "spec": {"containers": CONTAINERS, "volumes": MANY_NAMES}},
    "containers": {"metadata": {"name": "a"}, "spec": {"containers": MANY_NAMES}},
    "tolerations": {"metadata": {"name": "a"}, "spec": {"containers": CONTAINERS, "tolerations": MANY_NAMES}},
}


@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_lists_that_would_take_long(server, body):
    """A pod with thousands of items in a list is answered soon, and so is each kind of patch of it."""
    began = time.process_time()
    server.ask("POST", "/api/v1/namespaces/default/pods", body)
    server.api.delete(PODS, "a", grace=0)
    server.api.create(PODS, {"metadata": {"name": "a"}, "spec": {"containers": CONTAINERS}})
    for form in ("strategic-merge-patch+json", "merge-patch+json", "apply-patch+yaml"):
        whole = {"apiVersion": "v1", "kind": "Pod", **body}
        path = "/api/v1/namespaces/default/pods/a?fieldManager=me&force=true"
        server.ask("PATCH", path, whole, Content_Type=f"application/{form}")
    assert time.process_time() - began < 4 * SECONDS


def test_merging_long_lists():
    """Lists of thousands of items merge by their keys in time that is in proportion."""
    shape, began = of("PodSpec"), time.process_time()
    old = {"containers": [{"name": f"c{one}"} for one in range(10_000)]}
    new = {"containers": [{"name": f"c{one}", "image": "i"} for one in range(9_999, -1, -1)]}
    merged = strategic.patch(old, new, shape)
    assert merged["containers"] == new["containers"]
    gone = {"containers": [{"name": f"c{one}", "$patch": "delete"} for one in range(9_999)]}
    assert strategic.patch(merged, gone, shape)["containers"] == [{"name": "c9999", "image": "i"}]
    order = {"$setElementOrder/containers": old["containers"]}
    assert strategic.patch(merged, order, shape)["containers"][0]["name"] == "c0"
    assert time.process_time() - began < SECONDS


def test_pruning_long_lists():
    """A manager that no longer wants thousands of items loses them in time that is in proportion."""
    shape, manager = of("Pod"), Write("me", "v1", "2026-01-01T00:00:00Z")

    def body(names):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
                "spec": {"containers": [{"name": name, "image": "i"} for name in names]}}  # fmt: skip

    began = time.process_time()
    live = apply.apply(None, body(f"c{one}" for one in range(10_000)), shape, manager)
    left = apply.apply(live, body(["c5"]), shape, manager)
    assert left["spec"] == body(["c5"])["spec"]
    assert time.process_time() - began < SECONDS


def test_a_deep_patch():
    """A JSON patch that builds a tower, one level an operation, is refused when it is too high."""
    operations = [{"op": "add", "path": "/a" * level, "value": {}} for level in range(1, 3000)]
    operations.append({"op": "copy", "from": "/a", "path": "/b"})
    with pytest.raises(Refused) as refused:
        pointer.patch({}, operations)
    assert refused.value.code == 400


def test_what_is_compressed(server):
    """A compressed body, valid or not, is 415: clients do not send one, and a small one could be huge."""
    for body in (b"{}", gzip.compress(b"[" * 100_000_000)):
        assert server.ask("POST", MAPS, body, Content_Encoding="gzip").code == 415


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", f"{MAPS}?limit={'9' * 21}", None, 400),
        ("GET", f"{MAPS}?limit=%D9%A1", None, 400),
        ("GET", f"{MAPS}?continue=WzFlOTk5LCIiLCIiXQ==", None, 400),
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", {"spec": "/"}, 400),
        ("POST", "/api/v1/namespaces", {"spec": 1}, 400),
        ("POST", "/api/v1/namespaces/default/secrets", {"stringData": {"a": "\ud800"}}, 201),
        ("POST", "/apis/batch/v1/namespaces/default/cronjobs", {"spec": {"schedule": "* * * * *"}}, 422),
        ("POST", "/apis/batch/v1/namespaces/default/cronjobs",
         {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {}}}}}, 422),
        ("POST", "/apis/batch/v1/namespaces/default/cronjobs",
         {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"metadata": {}}}}}}, 422),
        ("POST", "/api/v1/namespaces/default/endpoints", {"subsets": ["x"]}, 400),
        ("PUT", "/api/v1/namespaces/default/status", {"status": {"phase": []}}, 400),
    ],
)  # fmt: skip
def test_faults_that_were_500(server, method, path, body, code):
    """Requests that once hit a bug of the server are refused correctly."""
    named = {"metadata": {"name": path.split("/")[4] if method == "PUT" else "a"}}
    sent = None if body is None else {**named, **body}
    assert server.ask(method, path, sent).code == code


def test_indexes_of_many_digits(server):
    """A place in a list that no list has is refused, however long its number is."""
    server.api.create(CONFIGMAPS, {"metadata": {"name": "a", "finalizers": ["x.io/a"]}}, "default")
    for index in ("9" * 5000, "\u0661", "1" * 19):
        body = [{"op": "remove", "path": f"/metadata/finalizers/{index}"}]
        answer = server.ask("PATCH", f"{MAPS}/a", body, Content_Type="application/json-patch+json")
        assert (answer.code, len(answer.body["message"]) < 1000) == (422, True)


def test_a_status_has_a_shape(server):
    """A status is checked as a spec is: operators read conditions and times of it."""
    server.api.create(JOBS, {"metadata": {"name": "a"}, "spec": job(1)})
    path = "/apis/batch/v1/namespaces/default/jobs/a/status"
    for status in (
        {"conditions": "x"},
        {"conditions": [1]},
        {"startTime": "2026-13-01T00:00:00Z"},
        {"active": "1"},
        "Failed",
    ):
        answer = server.ask("PATCH", path, {"status": status}, Content_Type="application/merge-patch+json")
        assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "patch"), status
    lacking = {"status": {"conditions": [{"status": "True"}]}}
    answer = server.ask("PATCH", path, lacking, Content_Type="application/merge-patch+json")
    assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "status.conditions[0].type")


def test_answers_are_short(server):
    """An object that is wrong in thousands of places is refused in an answer that a person can read."""
    wrong = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "A" * 500}] * 5000}}
    answer = server.ask("POST", "/api/v1/namespaces/default/pods", wrong)
    assert answer.code == 422
    assert len(json.dumps(answer.body)) < 300_000
    assert len(answer.body["details"]["causes"]) == 100


def test_the_extent_of_texts():
    """The extent is that of the JSON, whatever its texts hold."""
    size_limits.check(json.dumps({"a": '"[' * 40_000 + "\\" * 9, "b": "{" * 90_000}).encode())
    for text in ("[" * 65 + "]" * 65, '["\\\\",' + "[" * 65, '{"a\\"": ' + "[" * 65):
        with pytest.raises(Refused, match="nested deeper"):
            size_limits.check(text.encode())


@pytest.mark.parametrize("text", ["a: " + "[" * 2000, "- " * 2000 + "a", "a: " + "{" * 70 + "}" * 70])
def test_the_extent_of_yaml(text):
    """YAML that is nested too deep is refused in our words, whatever limit its parser has."""
    with pytest.raises(Refused, match="nested deeper than 64 levels"):
        bodies.decode(text.encode())


def test_many_large_pods(api):
    """What the pods of one object hold together is bounded, too: few can be made of a large template."""
    large = workload(500)
    large["template"]["spec"]["containers"][0]["args"] = ["x" * 200_000]
    with pytest.raises(Refused, match="more than 64 MiB together"):
        api.create(DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": large})
    assert api.create(DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": {**large, "replicas": 5}})


def test_a_watch_that_nobody_reads(server, monkeypatch):
    """A client that lets changes pile up is cut off instead of kept in memory."""
    monkeypatch.setattr(http_watch, "LARGEST", 2_000_000)
    server.ask("POST", MAPS, {"metadata": {"name": "a"}})
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as link:
        link.sendall(f"GET {MAPS}?watch=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert link.recv(1)
        for number in range(20):
            server.api.patch(CONFIGMAPS, "a", {"data": {"x": f"{number}" * 1_000_000}})
        heard = 0
        with contextlib.suppress(ConnectionResetError):
            while data := link.recv(1_000_000):
                heard += len(data)
    assert heard < 15_000_000
