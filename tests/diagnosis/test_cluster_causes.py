"""Causes that the local cluster brings about for real, and what `arena why` says about them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from product import Product, product, until

from arena.resources import NODES, Resource

JOBS = Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob")
QUOTAS = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
LIMITS = Resource("", "v1", "limitranges", kind="LimitRange")
NAMESPACES = Resource("", "v1", "namespaces", False, kind="Namespace")

CASES = {
    "gpus": ("sched.gpu-short", "Insufficient nvidia.com/gpu", ("--gpus", "100"), {}),
    "cpus": ("sched.cpu-short", "Insufficient cpu", ("--cpu", "10000"), {}),
    "memory": ("sched.memory-short", "Insufficient memory", ("--memory", "900Ti"), {}),
    "selector": ("sched.affinity", "affinity/selector", ("--selector", "pool=none"), {}),
    "claim": ("pvc.unbound", "nothere", ("--data", "nothere:/data"), {}),
    "secret": ("config.missing", "nothere", ("--env-from-secret", "TOKEN=nothere:key"), {}),
    "late": ("deadline", "deadline", ("--running-timeout", "1s"), {}),
    "held": ("suspended", "suspend", (), {"runPolicy": {"suspend": True}}),
}
"""Name of a job -> its cause, what the evidence mentions, its options, and what is changed in its spec."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster with 2 GPUs, and all jobs of the cases, which come to grief at the same time."""
    with product(tmp_path_factory.mktemp("causes")) as made:
        made.env["ARENA_LOCAL_GPUS"] = "2"
        made.must("local", "start")
        for name, (_, _, words, spec) in CASES.items():
            patch = made.home / f"{name}.yaml"
            patch.write_text(json.dumps({"spec": spec}), encoding="utf-8")
            made.must("submit", "pytorchjob", "--name", name, *words, "--patch", str(patch), "sleep 600")
        yield made


def told(cluster: Product, name: str, cause: str, evidence: str, *words: str) -> Any:
    """What `arena why` says once it names this cause."""
    found: list[Any] = [{}]

    def names_it() -> bool:
        found.append(json.loads(cluster.must(*words, "why", name, "-o", "json")))
        return bool(found[-1]["cause"] == cause)

    try:
        until(names_it, 60, cause)
    except AssertionError as error:
        raise AssertionError(f"{name}: {cause} awaited, last seen {found[-1]}") from error
    assert re.search(evidence, json.dumps(found[-1]["evidence"])), found[-1]
    assert found[-1]["fix"], found[-1]
    return found[-1]


@pytest.mark.parametrize("name", CASES)
def test_a_job_that_comes_to_grief(cluster: Product, name: str):
    """The cause that a job was given is told, with what the cluster said of it and what to do."""
    cause, evidence, _, _ = CASES[name]
    told(cluster, name, cause, evidence)


@pytest.mark.parametrize(
    ("resource", "spec", "cause", "evidence"),
    [
        (QUOTAS, {"hard": {"pods": "0"}}, "quota.namespace", "exceeded quota: strict"),
        (LIMITS, {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}, "limits", "maximum cpu usage"),
    ],
)
def test_a_limit_of_the_namespace(cluster: Product, resource, spec, cause, evidence):
    """A quota or a LimitRange that refuses the pods is told with its numbers."""
    namespace = f"strict-{resource.plural}"
    kube = cluster.cluster()
    kube.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    typed = {"apiVersion": "v1", "kind": resource.kind, "metadata": {"name": "strict"}}
    kube.create(resource, namespace, {**typed, "spec": spec})
    words = ("-n", namespace)
    cluster.must(*words, "submit", "pytorchjob", "--name", "j", "--cpu", "2", "sleep 600")
    told(cluster, "j", cause, evidence, *words)


def test_a_taint(cluster: Product):
    """A node that is closed by a taint is told with the taint, and the job runs once that is gone."""
    kube = cluster.cluster()
    [node] = kube.list(NODES, None)
    name, taint = node["metadata"]["name"], {"key": "team", "value": "vision", "effect": "NoSchedule"}
    kube.patch(NODES, None, name, {"spec": {"taints": [taint]}})
    try:
        cluster.must("submit", "pytorchjob", "--name", "tainted", "sleep 600")
        told(cluster, "tainted", "sched.taint", "team: vision")
    finally:
        kube.patch(NODES, None, name, {"spec": {"taints": None}})
    until(lambda: json.loads(cluster.must("why", "tainted", "-o", "json"))["well"], 60, "the job runs")


def test_a_finalizer(cluster: Product):
    """A job that a finalizer keeps is told with it, but not before it had its time."""
    kube = cluster.cluster()
    role = {"replicas": 1, "template": {"spec": {"containers": [{"name": "pytorch", "image": "i"}]}}}
    spec = {"runPolicy": {"suspend": True}, "pytorchReplicaSpecs": {"Master": role}}
    meta = {"name": "stays", "finalizers": ["example.com/never"]}
    typed = {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": meta}
    kube.create(JOBS, "default", {**typed, "spec": spec})
    kube.delete(JOBS, "default", "stays")
    try:
        assert json.loads(cluster.must("why", "stays", "-o", "json"))["cause"] != "finalizer.stuck"
    finally:
        kube.patch(JOBS, "default", "stays", {"metadata": {"finalizers": None}})


def test_a_sidecar(cluster: Product):
    """A pod whose program has ended, but not its sidecar, is told with the name of the sidecar."""
    kube = cluster.cluster()
    containers = [
        {"name": "pytorch", "image": "i", "command": ["true"]},
        {"name": "istio-proxy", "image": "i", "command": ["sleep", "600"]},
    ]
    role = {"replicas": 1, "restartPolicy": "Never", "template": {"spec": {"containers": containers}}}
    typed = {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": {"name": "side"}}
    kube.create(JOBS, "default", {**typed, "spec": {"pytorchReplicaSpecs": {"Master": role}}})
    told(cluster, "side", "sidecar.alive", "istio-proxy")
