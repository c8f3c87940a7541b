"""What a cluster takes, refuses and keeps: a case for each thing that was once otherwise here."""

import copy
from typing import Any

import pytest

from arena.local.api.request_options import WriteOptions
from arena.local.objects import (
    JOBS,
    JOBSETS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    STATEFULSETS,
    Refused,
    Resource,
)

STRICT = WriteOptions(validation="Strict", manager="test")


def _kubeflow(plural: str, kind: str) -> Resource:
    return Resource("kubeflow.org", "v1", plural, kind)


TORCH, JAX, PADDLE = (_kubeflow(f"{kind.lower()}s", kind) for kind in ("PyTorchJob", "JAXJob", "PaddleJob"))
RAY, OLD_RAY = (Resource("ray.io", version, "rayjobs", "RayJob") for version in ("v1", "v1alpha1"))
CONTAINER: dict[str, Any] = {"name": "main", "image": "i"}
POD: dict[str, Any] = {"restartPolicy": "Never", "containers": [CONTAINER]}
TEMPLATE = {"spec": POD}
LABELS = {"app": "a"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
GROUP = {"name": "w", "template": {"spec": {"template": TEMPLATE}}}
CLUSTER = {
    "headGroupSpec": {"rayStartParams": {}, "template": TEMPLATE},
    "workerGroupSpecs": [{"groupName": "w", "rayStartParams": {}, "template": TEMPLATE}],
}
JOBSET = {"replicatedJobs": [GROUP], "network": {"subdomain": "a"}, "successPolicy": {"operator": "All"}}
STATEFUL = {
    "selector": {"matchLabels": LABELS},
    "serviceName": "s",
    "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}},
    "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": CLAIM}],
}


QUEUED = {"schedulingPolicy": {"queue": "a"}}
CLAIMED = {"templates": [{"metadata": {"name": "v"}, "spec": CLAIM}]}
AMOUNTS = {"limits": {"cpu": 0.5, "nvidia.com/gpu": 1}}


def torch(container: str = "pytorch", key: str = "pytorchReplicaSpecs", **spec: Any) -> dict[str, Any]:
    """The spec of a job of the training operator."""
    template = {"spec": {"containers": [{**CONTAINER, "name": container}]}}
    return {key: {"Worker": {"replicas": 1, "template": template}}, **spec}


def body(spec: Any) -> dict[str, Any]:
    """An object with this spec."""
    return {"metadata": {"name": "a"}, "spec": copy.deepcopy(spec)}


@pytest.mark.parametrize(
    ("resource", "spec", "change"),
    [
        (JOBS, {"template": TEMPLATE}, {"template": {"spec": {"containers": [{**CONTAINER, "image": "x"}]}}}),
        (JOBS, {"template": TEMPLATE}, {"selector": {"matchLabels": LABELS}}),
        (JOBS, {"template": TEMPLATE, "completionMode": "NonIndexed"}, {"completionMode": "Indexed"}),
        (PERSISTENT_VOLUME_CLAIMS, CLAIM, {"accessModes": ["ReadWriteMany"]}),
        (STATEFULSETS, STATEFUL, {"serviceName": "other"}),
        (STATEFULSETS, STATEFUL, {"volumeClaimTemplates": []}),
        (JOBSETS, JOBSET, {"network": {"subdomain": "b"}}),
        (JOBSETS, JOBSET, {"successPolicy": {"operator": "Any"}}),
        (TORCH, torch(runPolicy=QUEUED), {"runPolicy": {"schedulingPolicy": {"queue": "b"}}}),
        (TORCH, torch(), {"runPolicy": {"managedBy": "kueue.x-k8s.io/multikueue"}}),
        (RAY, {"entrypoint": "x", "rayClusterSpec": CLUSTER}, {"managedBy": "kueue.x-k8s.io/multikueue"}),
    ],
)  # fmt: skip
def test_what_may_not_change(api: Any, resource: Resource, spec: Any, change: Any) -> None:
    """Templates, selectors, claims, networks, policies, queues and managers are refused when they change."""
    if "managedBy" in change:
        spec = {**spec, "managedBy": "ray.io/kuberay-operator"}
    api.create(resource, body(spec), "default", STRICT)
    with pytest.raises(Refused) as refused:
        api.change(
            resource, "a", "default", lambda old: {**old, "spec": {**old["spec"], **change}}, how=STRICT
        )
    assert refused.value.code == 422
    (top,) = change
    told = {one["field"]: one["message"] for one in refused.value.details["causes"]}
    fixed = [field for field, why in told.items() if "immutable" in why or "updates to statefulset" in why]
    assert any(field == "spec" or field.startswith(f"spec.{top}") for field in fixed), told


@pytest.mark.parametrize(
    ("resource", "spec"),
    [
        (JOBSETS, {**JOBSET, "volumeClaimPolicies": [CLAIMED]}),
        (RAY, {"rayClusterSpec": CLUSTER}),
        (RAY, {"entrypoint": "x", "rayClusterSpec": CLUSTER, "runtimeEnvYAML": "env_vars: {A: b}"}),
        (OLD_RAY, {"entrypoint": "x", "rayClusterSpec": CLUSTER}),
        (PADDLE, torch("paddle", "paddleReplicaSpecs", elasticPolicy={"minReplicas": 1, "maxReplicas": 2})),
        (PODS, {**POD, "hostnameOverride": "a.example", "schedulingGroup": {"podGroupName": "g"}}),
        (PODS, {**POD, "containers": [{**CONTAINER, "resources": AMOUNTS}]}),
        (PODS, {**POD, "nodeSelector": {"a": None}}),
    ],
)  # fmt: skip
def test_what_is_valid(api: Any, resource: Resource, spec: Any) -> None:
    """What published definitions and Kubernetes 1.36 allow is created by a strict request."""
    assert api.create(resource, body(spec), "default", STRICT)["metadata"]["name"] == "a"


def test_selectors_need_no_blanks(server: Any) -> None:
    """`app in(a)` selects as `app in (a)` does."""
    pod = {"metadata": {"name": "a", "labels": LABELS}, "spec": POD}
    server.ask("POST", "/api/v1/namespaces/default/pods", pod)
    for selector, count in (("app+in(a,b)", 1), ("app+notin(a)", 0)):
        found = server.ask("GET", f"/api/v1/namespaces/default/pods?labelSelector={selector}").body["items"]
        assert len(found) == count


def test_runtimes_that_are_there_are_applied_over(server: Any) -> None:
    """The runtimes of Trainer stand ready; whoever applies them, as its installation does, owns them then."""
    name = "torch-distributed"
    path = f"/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes/{name}"
    stored = server.ask("GET", path).body
    meta = {"name": name, "labels": {"from": "me"}}
    config = {**{key: stored[key] for key in ("apiVersion", "kind", "spec")}, "metadata": meta}
    applied = server.ask(
        "PATCH", f"{path}?fieldManager=me&force=true", config, Content_Type="application/apply-patch+yaml"
    )
    assert (applied.code, applied.body["metadata"]["labels"]["from"]) == (200, "me")


@pytest.mark.parametrize(
    ("resource", "container", "key"),
    [
        (TORCH, "pytorch", "pytorchReplicaSpecs"),
        (JAX, "jax", "jaxReplicaSpecs"),
        (PADDLE, "paddle", "paddleReplicaSpecs"),
    ],
)
def test_scales_of_training_jobs(server: Any, api: Any, resource: Resource, container: str, key: str) -> None:
    """Their workers are read and written as a Scale."""
    api.create(resource, body(torch(container, key)), "default", STRICT)
    path = f"/apis/kubeflow.org/v1/namespaces/default/{resource.plural}/a/scale"
    assert server.ask("GET", path).body["spec"] == {"replicas": 1}
    patch = {"spec": {"replicas": 3}}
    answer = server.ask("PATCH", path, patch, Content_Type="application/merge-patch+json")
    assert answer.body["spec"] == {"replicas": 3}
    assert api.get(resource, "a", "default")["spec"][key]["Worker"]["replicas"] == 3


SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
MOUNT = {"name": "v", "mountPath": "/v"}
VOLUME = {"name": "v", "emptyDir": {}}


@pytest.mark.parametrize(
    ("container", "spec", "field"),
    [
        ({}, {"affinity": {"nodeAffinty": {}}}, "unknown"),
        ({"securityContext": {"runAsUsr": 1}}, {}, "unknown"),
        ({}, {"topologySpreadConstraints": [{**SPREAD, "labelSelectr": {}}]}, "unknown"),
        ({}, {"dnsConfig": {"nameserver": []}}, "unknown"),
        ({"lifecycle": {"preStp": {}}}, {}, "unknown"),
        ({"livenessProbe": {"httpGet": {"port": 1, "httpHeaders": [{"nam": "a"}]}}}, {}, "unknown"),
        ({}, {"volumes": [{"name": "v", "rbd": {"imag": "a"}}]}, "unknown"),
        ({"env": [{"name": "A"}, {"name": ""}]}, {}, "env[1].name"),
        ({"ports": [{"containerPort": 2**31}]}, {}, "containerPort"),
        ({"volumeMounts": [MOUNT, MOUNT]}, {"volumes": [VOLUME]}, "volumeMounts[1].mountPath"),
        ({"imagePullPolicy": "Sometimes"}, {}, "imagePullPolicy"),
        ({"livenessProbe": {"exec": {"command": ["a"]}, "periodSeconds": -1}}, {}, "periodSeconds"),
    ],
)  # fmt: skip
def test_pods_that_a_strict_request_may_not_have(api: Any, container: Any, spec: Any, field: str) -> None:
    """Misspelt, wrongly typed, repeated and missing fields of pods are refused with their place."""
    with pytest.raises(Refused) as refused:
        api.create(PODS, body({**POD, "containers": [{**CONTAINER, **container}], **spec}), "default", STRICT)
    assert refused.value.code in (400, 422)
    assert field in refused.value.message


@pytest.mark.parametrize("repeated", [{"env": [{"name": "A"}] * 2}, {"ports": [{"containerPort": 1}] * 2}])
def test_items_of_custom_kinds_that_are_repeated(api: Any, repeated: Any) -> None:
    """Lists of a custom kind that are identified by keys may not have an item twice."""
    spec = torch()
    spec["pytorchReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0].update(repeated)
    with pytest.raises(Refused, match="Duplicate value") as refused:
        api.create(TORCH, body(spec), "default", STRICT)
    assert refused.value.code == 422


def test_indexed_jobs_need_completions(api: Any) -> None:
    """A parallel Job of indexes without a number of them is refused."""
    spec = {"template": TEMPLATE, "parallelism": 2, "completionMode": "Indexed"}
    with pytest.raises(Refused, match=r"spec\.completions: Required value"):
        api.create(JOBS, body(spec), "default", STRICT)
