"""Causes that the cluster tells, each brought about for real, and what `arena why` says about them."""

import base64
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from field import IDLE, IMAGE, JOBS, QUOTAS, Field, field
from product import until

from arena.kube import Cluster
from arena.local import pki
from arena.resources import CLAIMS, CONFIGMAPS, NAMESPACES, NODES, PODS, Resource

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
JOB = JOBS["pytorchjob"]
LIMITS = Resource("", "v1", "limitranges", kind="LimitRange")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", False, kind="PriorityClass")
WEBHOOKS = Resource(
    "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", False,
    kind="ValidatingWebhookConfiguration",
)  # fmt: skip
GPUS = "nvidia.com/gpu"
EATS = ["python3", "-c", "x = bytearray(200 << 20); print(len(x))"]
FILLS = ["sh", "-c", "dd if=/dev/zero of=/big bs=1M count=60; sleep 600"]


@pytest.fixture(scope="module")
def place(kube: Cluster, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """One namespace for all jobs that do not disturb each other."""
    with field(kube, config, tmp_path_factory.mktemp("why")) as made:
        yield made


def job(place: Field, name: str, run: Object | None = None, **pod: Any) -> None:
    """Create a job of one pod with this spec, whose container idles unless `container` says otherwise."""
    container = {"name": "pytorch", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}
    container |= {"command": ["sh", "-c", IDLE]} | pod.pop("container", {})
    more = pod.pop("containers", [])
    template = {"spec": {"terminationGracePeriodSeconds": 0, "containers": [container, *more], **pod}}
    role = {"replicas": 1, "restartPolicy": "Never", "template": template}
    spec = {"runPolicy": {"cleanPodPolicy": "None", **(run or {})}, "pytorchReplicaSpecs": {"Master": role}}
    place.create(JOB, name, spec=spec)


def told(place: Field, name: str, cause: str, evidence: str = "", seconds: float = 60, *words: str) -> Object:
    """What `arena why` says once it names this cause, with its evidence and what to do."""
    found: list[Object] = [{}]

    def names_it() -> bool:
        found.append(json.loads(place.admin.must(*words, "why", name, "-o", "json")))
        return bool(found[-1]["cause"] == cause)

    try:
        until(names_it, seconds, cause)
    except AssertionError as error:
        raise AssertionError(f"{name}: {cause} awaited, and last seen {found[-1]}") from error
    shown = json.dumps(found[-1]["evidence"])
    assert found[-1]["evidence"], found[-1]
    assert re.search(evidence, shown), f"{evidence} is not in {shown}"
    assert found[-1]["fix"], found[-1]
    return found[-1]


def volume(**source: Any) -> Object:
    """A pod that mounts one volume."""
    return {
        "volumes": [{"name": "v", **source}],
        "container": {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    }


def asks(**limits: str) -> Object:
    """Resources of a container."""
    return {"resources": {"limits": limits, "requests": limits}}


CASES = {
    "never": (
        "image.notfound",
        "rig.local/none:1",
        {"container": {"image": "rig.local/none:1", "imagePullPolicy": "Never"}},
    ),
    "badname": ("image.notfound", "lowercase", {"container": {"image": "Bad/Name:1"}}),
    "pull": (
        "image.network",
        "connection refused",
        {"container": {"image": "registry.example.com/team/none:1"}},
    ),
    "oom": ("oom.host", "OOMKilled", {"container": {"command": EATS, **asks(memory="64Mi")}}),
    "secret": ("config.missing", "nothere", {"container": {"envFrom": [{"secretRef": {"name": "nothere"}}]}}),
    "configmap": ("config.missing", "nothere", volume(configMap={"name": "nothere"})),
    "hostpath": ("mount.failed", "/nothere", volume(hostPath={"path": "/nothere", "type": "Directory"})),
    "noclaim": ("pvc.unbound", "nothere", volume(persistentVolumeClaim={"claimName": "nothere"})),
    "unbound": ("pvc.unbound", "unbound", volume(persistentVolumeClaim={"claimName": "unbound"})),
    "gpus": ("sched.gpu-short", GPUS, {"container": asks(**{GPUS: "100"})}),
    "cpus": ("sched.cpu-short", "Insufficient cpu", {"container": asks(cpu="10000")}),
    "memory": ("sched.memory-short", "Insufficient memory", {"container": asks(memory="100Ti")}),
    "selector": ("sched.affinity", "affinity", {"nodeSelector": {"no-node": "has-it"}}),
    "root": ("security.refused", "runAsNonRoot", {"securityContext": {"runAsNonRoot": True}}),
    "typo": ("file.missing", "pyhton", {"container": {"command": ["pyhton", "train.py"]}}),
    "full": (
        "evicted.disk",
        "20Mi",
        {"container": {"command": FILLS, **asks(**{"ephemeral-storage": "20Mi"})}},
    ),
    "platform": (
        "image.platform",
        "exec format error",
        {
            "volumes": [{"name": "v", "configMap": {"name": "program", "defaultMode": 0o755}}],
            "container": {
                "command": ["/v/program"],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            },
        },
    ),
    "forbidden": ("permission.denied", "/etc/passwd", {"container": {"command": ["/etc/passwd"]}}),
    "probe": (
        "probe.failed",
        "iveness probe",
        {
            "container": {
                "command": ["sleep", "600"],
                "livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1},
            }
        },
    ),
    "account": ("serviceaccount.missing", "nothere", {"serviceAccountName": "nothere"}),
    "priority": ("priorityclass.missing", "nothere", {"priorityClassName": "nothere"}),
}


@pytest.fixture(scope="module")
def abandoned(kube: Cluster, place: Field) -> Iterator[str]:
    """A namespace whose jobs no operator looks at, with one of these."""
    name = f"why-{uuid4().hex[:8]}"
    kube.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    role = {"replicas": 1, "template": {"spec": {"containers": [{"name": "pytorch", "image": IMAGE}]}}}
    typed = {"apiVersion": JOB.api_version, "kind": JOB.kind, "metadata": {"name": "alone"}}
    kube.create(JOB, name, {**typed, "spec": {"pytorchReplicaSpecs": {"Master": role}}})
    assert json.loads(place.admin.must("-n", name, "why", "alone", "-o", "json"))["cause"] == "none"
    yield name
    kube.delete(NAMESPACES, None, name)


@pytest.fixture(scope="module")
def started(place: Field, abandoned: str) -> None:
    """All jobs of the cases, which come to grief at the same time."""
    job(place, "stays", {"suspend": True})
    held = {"metadata": {"finalizers": ["example.com/never"]}}
    place.kube.patch(JOB, place.namespace, "stays", held)
    place.kube.delete(JOB, place.namespace, "stays")
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    place.create(CLAIMS, "unbound", spec=spec)
    place.create(CONFIGMAPS, "program", data={"program": "\x7fELF of another kind"})
    for name, (_, _, pod) in CASES.items():
        job(place, name, **pod)


@pytest.mark.parametrize("name", CASES)
def test_a_job_that_comes_to_grief(place: Field, started: None, name: str):
    """The cause that a job was given is the one that is told, with what the cluster said of it."""
    cause, evidence, _ = CASES[name]
    told(place, name, cause, evidence, 90)


def test_a_deadline(place: Field):
    """A job that ran longer than it may is told to have."""
    job(place, "late", {"activeDeadlineSeconds": 2})
    told(place, "late", "deadline", "deadline")


def test_a_sidecar_that_stays(place: Field):
    """A pod whose program has ended, but not its sidecar, is told with the sidecar's name."""
    side = {
        "name": "istio-proxy",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "600"],
    }
    job(place, "side", container={"command": ["true"]}, containers=[side])
    told(place, "side", "sidecar.alive", "istio-proxy")


@pytest.mark.parametrize(
    ("resource", "spec", "cause", "evidence"),
    [
        (QUOTAS, {"hard": {"pods": "0"}}, "quota.namespace", "exceeded quota: strict"),
        (LIMITS, {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}, "limits", "maximum cpu usage"),
    ],
)
def test_a_limit_of_the_namespace(ground: Field, resource: Resource, spec: Object, cause: str, evidence: str):
    """A quota or a LimitRange that refuses the pods is told with its numbers."""
    ground.create(resource, "strict", spec=spec)
    if resource is QUOTAS:
        until(lambda: "used" in (ground.kube.get(QUOTAS, ground.namespace, "strict").get("status") or {}))
    job(ground, "j", container=asks(cpu="2"))
    told(ground, "j", cause, evidence)


class Denies(BaseHTTPRequestHandler):
    """A webhook that admits nothing."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = {"code": 403, "message": "no pods on Tuesdays"}
        review["response"] = {"uid": review["request"]["uid"], "allowed": False, "status": status}
        body = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextmanager
def webhook(ground: Field, folder: Path, port: int) -> Iterator[None]:
    """A webhook for the pods of the namespace."""
    name = f"why-{uuid4().hex[:8]}"
    ground.kube.patch(NAMESPACES, None, ground.namespace, {"metadata": {"labels": {"why": name}}})
    trusted = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    hook = {
        "name": "tuesdays.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": trusted},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"why": name}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
    }
    typed = {"apiVersion": WEBHOOKS.api_version, "kind": WEBHOOKS.kind, "metadata": {"name": name}}
    ground.kube.create(WEBHOOKS, None, {**typed, "webhooks": [hook]})
    try:
        yield
    finally:
        ground.kube.delete(WEBHOOKS, None, name)


def test_webhooks(ground: Field, tmp_path: Path):
    """A webhook that refuses the pods is told from one that does not answer."""
    pki.make(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), Denies)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    with webhook(ground, tmp_path, server.server_port):
        try:
            job(ground, "refused")
            told(ground, "refused", "webhook.refused", "no pods on Tuesdays")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        ground.submit("job", "unanswered", IDLE)
        told(ground, "unanswered", "webhook.down", "tuesdays.example.com")


@contextmanager
def node(kube: Cluster, **spec: Any) -> Iterator[str]:
    """A node that is ready, with 8 GPUs and a label of its own, and that runs nothing."""
    name = f"why-{uuid4().hex[:8]}"
    labels = {"kubernetes.io/hostname": name}
    typed = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    kube.create(NODES, None, {**typed, "spec": spec})
    amounts = {"cpu": "32", "memory": "64Gi", "pods": "110", GPUS: "8"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}
    kube.patch(NODES, None, name, {"status": status}, subresource="status")
    try:
        until(lambda: _is_open(kube, name, spec), 30, "a node without taints of its start")
        yield name
    finally:
        kube.delete(NODES, None, name)


def _is_open(kube: Cluster, name: str, spec: Object) -> bool:
    taints = (kube.get(NODES, None, name).get("spec") or {}).get("taints") or []
    return [one["key"] for one in taints] == [one["key"] for one in spec.get("taints", ())]


def test_a_taint(ground: Field):
    """Among nodes that are full, the free one that has a taint is told with the taint."""
    taint = {"key": "team", "value": "vision", "effect": "NoSchedule"}
    with node(ground.kube, taints=[taint]):
        job(ground, "j", container=asks(**{GPUS: "8", "cpu": "20"}))
        told(ground, "j", "sched.taint", "team: vision")


def test_a_node_that_is_lost(ground: Field):
    """A job on a node that no longer reports is told so, with the name of the node."""
    with node(ground.kube) as name:
        job(ground, "j", nodeSelector={"kubernetes.io/hostname": name})
        until(lambda: [pod["spec"].get("nodeName") for pod in ground.pods("j")] == [name], 30, "its place")
        lost = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
        lost["message"] = "Kubelet stopped posting node status."
        ground.kube.patch(NODES, None, name, {"status": {"conditions": [lost]}}, subresource="status")
        told(ground, "j", "node.lost", f"{name}|stopped posting")
        for pod in ground.pods("j"):
            ground.kube.delete(PODS, ground.namespace, pod["metadata"]["name"], grace=0)


def test_preemption(ground: Field):
    """A job whose GPUs another one of higher priority took is told so."""
    name = f"why-{uuid4().hex[:8]}"
    typed = {"apiVersion": PRIORITIES.api_version, "kind": PRIORITIES.kind, "metadata": {"name": name}}
    ground.kube.create(PRIORITIES, None, {**typed, "value": 1000})
    try:
        job(ground, "low", container=asks(**{GPUS: "8"}))
        ground.ready("low", 1)
        job(ground, "high", container=asks(**{GPUS: "8"}), priorityClassName=name)
        told(ground, "low", "preempted", "reempt")
    finally:
        ground.kube.delete(PRIORITIES, None, name)


def test_a_job_that_is_well(ground: Field):
    """A job that runs, and one that has succeeded, have no cause."""
    job(ground, "runs")
    job(ground, "ends", container={"command": ["true"]})
    ground.ready("runs", 1)
    ground.finished("pytorchjob", "ends")
    for name in ("runs", "ends"):
        assert json.loads(ground.admin.must("why", name, "-o", "json"))["cause"] == "none"


def test_a_finalizer(place: Field, started: None):
    """A job that cannot go because of a finalizer is told with the finalizer's name."""
    try:
        told(place, "stays", "finalizer.stuck", "example.com/never", 120)
    finally:
        place.kube.patch(JOB, place.namespace, "stays", {"metadata": {"finalizers": None}})


def test_no_operator(place: Field, started: None, abandoned: str):
    """A job that no operator looks at is told so after a while, and not at once."""
    told(place, "alone", "operator.down", "no status", 120, "-n", abandoned)
