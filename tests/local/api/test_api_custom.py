"""Custom kinds: what their published definitions say of fields, limits, defaults and rules holds here."""

import copy
import functools
from datetime import datetime, timezone

import pytest

from arena.local.api import columns, resource_types
from arena.local.api.request_options import WriteOptions
from arena.local.objects import HTTP_ROUTES, JOBSETS, Refused, Resource
from arena.local.operators.gateway.virtualservice import GATEWAYS as ISTIO_GATEWAYS

TORCH = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
MPI = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")
RAY = Resource("ray.io", "v1", "rayjobs", "RayJob")
TRAIN = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob")
RUNTIME = Resource("trainer.kubeflow.org", "v1alpha1", "trainingruntimes", "TrainingRuntime")
STRICT = WriteOptions(validation="Strict", manager="test")

CONTAINER = {"name": "pytorch", "image": "i"}
POD = {"template": {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}}
GROUP = {"name": "a", "template": {"spec": POD}}
SPECS = {
    TORCH: {"pytorchReplicaSpecs": {"Worker": {"replicas": 1, **POD}}},
    MPI: {"mpiReplicaSpecs": {"Launcher": POD}},
    JOBSETS: {"replicatedJobs": [GROUP]},
    TRAIN: {"runtimeRef": {"name": "torch-distributed"}},
    RUNTIME: {"template": {"spec": {"replicatedJobs": [GROUP]}}},
    RAY: {
        "entrypoint": "true",
        "rayClusterSpec": {
            "headGroupSpec": {"rayStartParams": {}, **POD},
            "workerGroupSpecs": [{"groupName": "w", "rayStartParams": {}, **POD}],
        },
    },
}
WORKER = "pytorchReplicaSpecs.Worker.template.spec"
CONTAINERS = f"{WORKER}.containers.0"

CLAIM = {"metadata": {"name": "v", "namespace": "default"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
INJECTED = {"targets": [{"jobName": "a", "containerNames": ["node"]}]}
QUEUE, OTHER = {"queue": "a"}, {"queue": "b"}
DELETE = {"policy": "DeleteCluster"}
RULE = {**DELETE, "condition": {"jobStatus": "FAILED"}}
NEVER = {**DELETE, "condition": {}}
TWICE = {**DELETE, "condition": {"jobStatus": "FAILED", "jobDeploymentStatus": "Failed"}}


def at(spec, path):
    """The value at a path of names and numbers."""
    steps = (int(step) if step.isdigit() else step for step in path.split("."))
    return functools.reduce(lambda value, step: value[step], steps, spec)


def changed(resource, path, value):
    """An object of the kind with one value of its spec set; None removes it."""
    spec = copy.deepcopy(SPECS[resource])
    holder, _, name = path.rpartition(".")
    place = at(spec, holder) if holder else spec
    place[name] = value
    return {"metadata": {"name": "a"}, "spec": spec}


def reasons(refused):
    """The reasons of its causes, besides those that follow from others."""
    causes = refused.value.details["causes"]
    follow = ("rules were not checked", "at least one schema")
    return {one["reason"] for one in causes if not any(words in one["message"] for words in follow)}


def test_valid_objects_are_accepted(api):
    """What the cases below break is valid."""
    for resource, spec in SPECS.items():
        api.create(resource, {"metadata": {"name": "a"}, "spec": copy.deepcopy(spec)}, "default", STRICT)


@pytest.mark.parametrize(
    ("resource", "path", "value", "reason", "words"),
    [
        (
            TORCH,
            "runPolicy",
            {"backoffLimit": 2**31},
            "Invalid",
            "format int32 in spec.runPolicy.backoffLimit",
        ),
        (TORCH, "runPolicy", {"suspend": "no"}, "TypeInvalid", 'must be of type boolean: "string"'),
        (TORCH, "runPolicy", {"backoffLimit": True}, "TypeInvalid", "must be of type int32"),
        (TORCH, f"{WORKER}.securityContext", {"runAsUser": "me"}, "TypeInvalid", 'integer: "string"'),
        (TORCH, f"{WORKER}.hostAliases", [{}], "Required", "spec.hostAliases[0].ip: Required value"),
        (
            TORCH,
            f"{CONTAINERS}.env",
            [{"name": "A"}] * 2,
            "Duplicate",
            'env[1]: Duplicate value: {"name":"A"}',
        ),
        (TORCH, f"{CONTAINERS}.resources", {"limits": {"cpu": 0.5}}, "TypeInvalid", "type integer,string"),
        (TORCH, f"{CONTAINERS}.resources", {"limits": {"cpu": "x"}}, "Invalid", "body should match '^("),
        (
            TORCH,
            f"{CONTAINERS}.command",
            ["a", None],
            "TypeInvalid",
            "command[1] in body must be of type string",
        ),
        (MPI, "mpiImplementation", "LAM", "NotSupported", 'values: "OpenMPI", "Intel", "MPICH"'),
        (JOBSETS, "ttlSecondsAfterFinished", -1, "Invalid", "should be greater than or equal to 0"),
        (JOBSETS, "failurePolicy", {"rules": [{}]}, "Required", "failurePolicy.rules[0].action: Required"),
        (
            JOBSETS,
            "volumeClaimPolicies",
            [{"templates": [CLAIM]}],
            "Invalid",
            "templates[].metadata.namespace",
        ),
        (TRAIN, "managedBy", "me", "Invalid", "one of: trainer.kubeflow.org/trainjob-controller, kueue"),
        (TRAIN, "initializer", {"model": {"storageUri": "x"}}, "Invalid", "model.storageUri: Invalid"),
        (TRAIN, "activeDeadlineSeconds", 0, "Invalid", "should be greater than or equal to 1"),
        (
            RUNTIME,
            "mlPolicy",
            {"jax": {}, "torch": {}},
            "Invalid",
            'mlPolicy: Invalid value: "object": has fields',
        ),
        (
            RUNTIME,
            "mlPolicy",
            {"flux": {"numProcPerNode": 0}},
            "Invalid",
            "numProcPerNode: Invalid value: 0: must be at least 1",
        ),
        (RUNTIME, "mlPolicy", {"torch": {"envInjection": INJECTED}}, "Invalid", "must not be one of: node"),
        (RAY, "managedBy", "me", "Invalid", "one of: ray.io/kuberay-operator, kueue.x-k8s.io/multikueue"),
        (RAY, "deletionStrategy", {"deletionRules": [RULE], "onFailure": DELETE}, "Invalid", "exclude each"),
        (RAY, "deletionStrategy", {"onFailure": DELETE}, "Invalid", "one of these: deletionRules; onFailure"),
        (
            RAY,
            "deletionStrategy",
            {"deletionRules": [NEVER]},
            "Invalid",
            'condition: Invalid value: "object": needs',
        ),
        (RAY, "deletionStrategy", {"deletionRules": [TWICE]}, "Invalid", "jobDeploymentStatus and jobStatus"),
    ],
)
def test_limits_and_rules(api, resource, path, value, reason, words):
    """Each broken limit or rule is 422 with a cause that names the field, as a cluster words it."""
    with pytest.raises(Refused) as refused:
        api.create(resource, changed(resource, path, value), "default", STRICT)
    assert (refused.value.code, reasons(refused)) == (422, {f"FieldValue{reason}"})
    assert words in refused.value.message


def test_unknown_fields_everywhere(api):
    """Strict writes name each unknown field, also deep in a pod; others drop them and warn."""
    body = changed(TORCH, f"{WORKER}.affinity", {"podAffinty": {}, "podAffinity": None})
    container = at(body["spec"], CONTAINERS)
    container["livenessProbe"] = {
        "httpGet": {"port": 1, "httpHeaders": [{"name": "a", "value": "b", "x": 1}]}
    }
    with pytest.raises(Refused, match="strict decoding error") as refused:
        api.create(TORCH, body, "default", STRICT)
    where = f"spec.{WORKER}"
    for path in ("affinity.podAffinty", "containers[0].livenessProbe.httpGet.httpHeaders[0].x"):
        assert f'unknown field "{where}.{path}"' in refused.value.message
    said = []
    how = WriteOptions(validation="Warn", manager="test", warn=said.append)
    spec = api.create(TORCH, body, "default", how)["spec"]
    assert len(said) == 2
    assert at(spec, f"{WORKER}.affinity") == {}
    assert at(spec, f"{CONTAINERS}.livenessProbe.httpGet.httpHeaders") == [{"name": "a", "value": "b"}]


def test_defaults_are_those_of_the_definition(api):
    """What a definition has defaults for is in the answer, and nothing else: a pod's template stays."""
    pod = {"containers": [{**CONTAINER, "ports": [{"containerPort": 1}]}]}
    torch = api.create(TORCH, changed(TORCH, WORKER, pod) | {"metadata": {"name": "t"}}, "default")["spec"]
    assert at(torch, WORKER) == {
        "containers": [{**CONTAINER, "ports": [{"containerPort": 1, "protocol": "TCP"}]}]
    }
    mpi = api.create(MPI, changed(MPI, "slotsPerWorker", 2.0), "default")["spec"]
    wanted = {"slotsPerWorker": 2, "sshAuthMountPath": "/root/.ssh", "launcherCreationPolicy": "AtStartup",
              "mpiImplementation": "OpenMPI", "runLauncherAsWorker": False}  # fmt: skip
    assert {name: mpi.get(name) for name in wanted} == wanted
    assert isinstance(mpi["slotsPerWorker"], int)
    [group] = api.create(RAY, changed(RAY, "suspend", None), "default")["spec"]["rayClusterSpec"][
        "workerGroupSpecs"
    ]
    assert (group["minReplicas"], group["maxReplicas"]) == (0, 2**31 - 1)
    train = api.create(TRAIN, changed(TRAIN, "suspend", None), "default")["spec"]
    assert train["runtimeRef"]["kind"] == "ClusterTrainingRuntime"


def test_nulls_in_metadata_are_empty_texts(api):
    """Labels and annotations of all kinds are of a built-in type, in which a null is an empty text."""
    body = changed(TORCH, "runPolicy", {})
    body["metadata"] |= {"labels": {"a": None}, "annotations": {"b": None, "c": "d"}}
    meta = api.create(TORCH, body, "default", STRICT)["metadata"]
    assert (meta["labels"], meta["annotations"]) == ({"a": ""}, {"b": "", "c": "d"})


def test_nulls_say_nothing(api):
    """A null of a field or a map's value is no value, as for a cluster; the field takes its default."""
    body = changed(TORCH, f"{WORKER}.nodeSelector", {"a": None, "b": "c"})
    body["spec"]["runPolicy"] = {"suspend": None, "backoffLimit": None}
    spec = api.create(TORCH, body, "default", STRICT)["spec"]
    assert spec["runPolicy"] == {"suspend": False}
    assert at(spec, f"{WORKER}.nodeSelector") == {"b": "c"}


@pytest.mark.parametrize(
    ("resource", "path", "value", "change"),
    [
        (TORCH, "runPolicy", {"schedulingPolicy": QUEUE}, {"runPolicy": {"schedulingPolicy": OTHER}}),
        (JOBSETS, "network", {"subdomain": "a"}, {"network": {"subdomain": "b"}}),
        (JOBSETS, "successPolicy", {"operator": "All"}, {"successPolicy": {"operator": "Any"}}),
        (RAY, "managedBy", "ray.io/kuberay-operator", {"managedBy": "kueue.x-k8s.io/multikueue"}),
        (TRAIN, "activeDeadlineSeconds", 1, {"activeDeadlineSeconds": 2}),
    ],
)  # fmt: skip
def test_what_must_stay_as_it_was(api, resource, path, value, change):
    """A field that a definition fixes may not get another value; the rest may change."""
    api.create(resource, changed(resource, path, value), "default")
    with pytest.raises(Refused, match="field is immutable") as refused:
        api.patch(resource, "a", {"spec": change}, "default")
    assert refused.value.code == 422
    assert f"spec.{path}" in refused.value.message
    api.patch(resource, "a", {"metadata": {"labels": {"a": "b"}}}, "default")


def test_a_status_is_checked(api):
    """A status of a wrong type, or with a value that is not allowed, is 422 and changes nothing."""
    api.create(MPI, changed(MPI, "slotsPerWorker", 1), "default")
    for status in (
        {"conditions": {}},
        {"conditions": [{"type": "Failed", "status": "Maybe"}]},
        {"startTime": "now"},
    ):
        with pytest.raises(Refused) as refused:
            api.patch(MPI, "a", {"status": status}, "default", "status")
        assert refused.value.code == 422
    assert "status" not in api.get(MPI, "a", "default")
    made = api.patch(MPI, "a", {"status": {"x": 1, "startTime": "2026-01-01T00:00:00Z"}}, "default", "status")
    assert made["status"] == {"startTime": "2026-01-01T00:00:00Z"}


def test_what_was_stored_before_may_stay(api):
    """What an update leaves as it was is not checked again, so that stricter limits lock nobody out."""
    api.create(TORCH, changed(TORCH, "nprocPerNode", "1"), "default")
    old = api.get(TORCH, "a", "default")
    old["spec"]["runPolicy"] = {"backoffLimit": 2**40, "suspend": False}
    with api.store.transaction():
        api.store.put("kubeflow.org/pytorchjobs", old)
    made = api.patch(TORCH, "a", {"spec": {"nprocPerNode": "2"}}, "default")
    assert made["spec"]["runPolicy"]["backoffLimit"] == 2**40
    with pytest.raises(Refused, match="int32"):
        api.patch(TORCH, "a", {"spec": {"runPolicy": {"backoffLimit": 2**41}}}, "default")


def test_an_object_without_a_spec(api):
    """A spec that is missing or no mapping is refused with its reason, and an empty one that lacks fields."""
    for resource in (kind.resource for kind in resource_types.STORED if kind.custom):
        empty = [] if resource in (HTTP_ROUTES, ISTIO_GATEWAYS) else [{"spec": {}}]  # which need none
        for body in ({}, {"spec": None}, {"spec": []}, {"spec": 1}, *empty):
            with pytest.raises(Refused) as refused:
                api.create(resource, {"metadata": {"name": "a"}, **body}, "default", STRICT)
            assert refused.value.code == 422


def test_a_status_is_checked_where_the_operator_sets_defaults(api):
    """The limits of a status hold for kinds whose webhook completes the spec, too."""
    api.create(JOBSETS, changed(JOBSETS, "suspend", True), "default")
    status = {"conditions": [{"type": "Failed", "status": "Maybe"}]}
    with pytest.raises(Refused, match="message: Required value"):
        api.patch(JOBSETS, "a", {"status": status}, "default", "status")


def test_scale(api):
    """A kind whose definition has a scale is scaled at the path that the definition names."""
    assert "scale" in resource_types.of(TORCH).subresources
    api.create(TORCH, changed(TORCH, "nprocPerNode", "1"), "default")
    status = {"replicaStatuses": {"Worker": {"active": 1, "selector": "a=b"}}}
    api.patch(TORCH, "a", {"status": status}, "default", "status")
    seen = api.change(TORCH, "a", "default", lambda scale: {**scale, "spec": {"replicas": 3}}, "scale")
    assert (seen["spec"], seen["status"]) == ({"replicas": 3}, {"replicas": 1, "selector": "a=b"})
    assert api.get(TORCH, "a", "default")["spec"]["pytorchReplicaSpecs"]["Worker"]["replicas"] == 3


def test_columns_are_those_of_the_definition():
    """`kubectl get` prints what the definition says, in its order; without columns the name and the age."""
    titles = {one.resource.kind: [column.name for column in columns.of(one)] for one in resource_types.STORED}
    assert titles["PyTorchJob"] == ["Name", "State", "Age"]
    assert titles["MPIJob"] == ["Name", "Age"]
    now = datetime(2026, 1, 1, 0, 5, tzinfo=timezone.utc)
    obj = {
        "metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"suspend": False},
        "status": {"conditions": [{"type": "Other", "status": "x"}, {"type": "Completed", "status": "True"}]},
    }
    cells = {column.name: column.value(obj, now) for column in columns.of(resource_types.of(JOBSETS))}
    assert cells == {"Name": "a", "TerminalState": None, "Restarts": None, "Completed": "True",
                     "Suspended": False, "Age": "5m"}  # fmt: skip


PATH = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
MERGE = {"Content_Type": "application/merge-patch+json"}


def test_requests_for_custom_resources(server):
    """They say their kind and what they replace, are created in a namespace, and keep their metadata."""
    whole = {"apiVersion": TORCH.api_version, "kind": TORCH.kind, **changed(TORCH, "nprocPerNode", "1")}
    whole["metadata"]["labels"] = {"a": "b"}
    for field in ("apiVersion", "kind"):
        answer = server.ask("POST", PATH, {key: value for key, value in whole.items() if key != field})
        assert (answer.code, f"Object '{field}' is missing" in answer.body["message"]) == (400, True)
    assert server.ask("POST", PATH.replace("namespaces/default/", ""), whole).code == 404
    assert server.ask("DELETE", PATH.replace("namespaces/default/", "")).code == 404
    assert server.ask("POST", PATH, whole).code == 201
    answer = server.ask("PUT", f"{PATH}/a", whole)
    assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    for path in (f"{PATH}/a/status", f"{PATH}/a/scale"):
        assert server.ask("DELETE", path).code == 405
    answer = server.ask("PATCH", f"{PATH}/a", {"metadata": None}, **MERGE)
    assert (answer.code, "name must be provided" in answer.body["message"]) == (400, True)
    stored = server.ask("GET", f"{PATH}/a").body
    assert stored["metadata"]["labels"] == {"a": "b"}
    assert (
        server.ask("PUT", f"{PATH}/a", {**stored, "spec": stored["spec"] | {"nprocPerNode": "2"}}).code == 200
    )
    assert server.ask("PATCH", f"{PATH}/a", {"status": {"conditions": {}}}, **MERGE).code == 200  # is ignored
    assert server.ask("PATCH", f"{PATH}/a/status", {"status": {"conditions": {}}}, **MERGE).code == 422


def test_apply_follows_the_definition(server):
    """Managers share lists with keys, and a mapping that is replaced whole belongs to one of them."""
    apply = {"Content_Type": "application/apply-patch+yaml"}
    whole = {"apiVersion": TORCH.api_version, "kind": TORCH.kind, **changed(TORCH, "nprocPerNode", "1")}
    pod = at(whole["spec"], WORKER)
    pod["nodeSelector"] = {"a": "b"}
    pod["containers"][0]["ports"] = [{"containerPort": 1}]
    assert server.ask("PATCH", f"{PATH}/a?fieldManager=one", whole, **apply).code == 201
    pod["containers"] = [{"name": "pytorch", "ports": [{"containerPort": 2}]}]
    pod["nodeSelector"] = {"c": "d"}
    answer = server.ask("PATCH", f"{PATH}/a?fieldManager=two", whole, **apply)
    assert answer.code == 409
    where = f".spec.{WORKER}.nodeSelector"
    assert [one["field"] for one in answer.body["details"]["causes"]] == [where]
    made = server.ask("PATCH", f"{PATH}/a?fieldManager=two&force=true", whole, **apply).body
    found = at(made["spec"], WORKER)
    assert found["nodeSelector"] == {"c": "d"}
    assert found["containers"][0]["image"] == "i"
    assert [one["containerPort"] for one in found["containers"][0]["ports"]] == [1, 2]
