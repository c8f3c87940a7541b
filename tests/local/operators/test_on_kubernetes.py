"""The same operators as clients of a real API server; the kubelet is played by the test."""

import os
import queue
import threading
import time
import uuid

import pytest

from arena import errors
from arena.kube import Cluster
from arena.local.objects import CONFIGMAPS, JOBS, NAMESPACES, PODS, SECRETS, SERVICES, Change, Refused
from arena.local.operators import mpijob, pytorchjob, tfjob
from arena.local.operators.runner import Runner
from arena.resources import Resource
from arena.session import connect

pytestmark = pytest.mark.cluster

CODES = {errors.NotFound: 404, errors.Conflict: 409, errors.NotAllowed: 403, errors.SpecError: 422}


def refused(error):
    """An error of the gateway as the operators know it."""
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), 500)
    return Refused(code, type(error).__name__, error.message)


def theirs(resource):
    """The gateway's name for a resource type."""
    return Resource(resource.group, resource.version, resource.plural, resource.namespaced, resource.kind)


class OverHttp:
    """`objects.Objects` by way of `kube.Cluster`, seeing one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    def _ask(self, verb, *args, **kwargs):
        try:
            return verb(*args, **kwargs)
        except errors.ArenaError as error:
            raise refused(error) from error

    def get(self, resource, name, namespace=None):
        """The object, or None."""
        try:
            return self.cluster.get(theirs(resource), namespace, name)
        except errors.NotFound:
            return None

    def list(self, resource, namespace=None, labels=""):
        """All objects of the namespace."""
        return list(self.cluster.list(theirs(resource), namespace or self.namespace, labels))

    def create(self, resource, body, namespace=None):
        """Create."""
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        return self._ask(self.cluster.create, theirs(resource), namespace, typed)

    def patch(self, resource, name, body, namespace=None, subresource=""):
        """Apply a merge patch."""
        patch = self.cluster.patch
        return self._ask(patch, theirs(resource), namespace, name, body, subresource=subresource)

    def delete(self, resource, name, namespace=None, uid=""):
        """Delete; missing is no error."""
        try:
            self.cluster.delete(theirs(resource), namespace, name, uid or None)
        except errors.NotFound:
            return
        except errors.ArenaError as error:
            raise refused(error) from error

    def watch(self, *resources):
        """One watch for all types."""
        return Watches(self, resources)


class Watches:
    """The watches of several types as one."""

    def __init__(self, objects, resources):
        self.queue = queue.SimpleQueue()
        self.watches = [(one, objects.cluster.watch(theirs(one), objects.namespace)) for one in resources]
        for resource, watch in self.watches:
            threading.Thread(target=self._read, args=(resource, watch), daemon=True).start()

    def _read(self, resource, watch):
        for kind, obj in watch:
            self.queue.put(Change(kind, resource, obj))

    def poll(self, timeout):
        """The next change."""
        try:
            return self.queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def close(self):
        """End."""
        for _, watch in self.watches:
            watch.close()
        self.queue.put(None)


@pytest.fixture
def cluster():
    return connect(kubeconfig=os.environ["ARENA_TEST_KUBECONFIG"]).cluster()


@pytest.fixture
def objects(cluster):
    """A namespace of its own, with the operators of the training kinds at work in it."""
    name = f"operators-{uuid.uuid4().hex[:8]}"
    found = OverHttp(cluster, name)
    found.create(NAMESPACES, {"metadata": {"name": name}})
    kinds = [
        one.operator()
        for one, resource in (
            (pytorchjob, pytorchjob.PYTORCHJOBS),
            (tfjob, tfjob.TFJOBS),
            (mpijob, mpijob.MPIJOBS),
        )
        if cluster.serves(theirs(resource))
    ]
    runner = Runner(found, operators=kinds)
    runner.start()
    yield found
    runner.stop()
    found.delete(NAMESPACES, name)


def until(condition, seconds=30):
    """Wait until it is true; what it returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")


def submit(objects, resource, spec):
    """Create the job `j`, or skip where the cluster does not serve the kind."""
    if not objects.cluster.serves(theirs(resource)):
        pytest.skip(f"the cluster does not serve {resource.plural} in {resource.version}")
    objects.create(resource, {"metadata": {"name": "j"}, "spec": spec}, objects.namespace)


def replica(count, container):
    """Replicas that no node takes, so that their kubelet is the test."""
    containers = [{"name": container, "image": "example/x:1", "command": ["train"]}]
    spec = {"containers": containers, "nodeSelector": {"arena.test": "nowhere"}}
    return {"replicas": count, "restartPolicy": "Never", "template": {"spec": spec}}


def pods(objects):
    return {pod["metadata"]["name"]: pod for pod in objects.list(PODS)}


def report(objects, phase, *names):
    for name in names:
        objects.patch(PODS, name, {"status": {"phase": phase}}, objects.namespace, "status")


def holds(objects, resource, kind):
    status = objects.get(resource, "j", objects.namespace).get("status") or {}
    return any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions", []))


def env(pod):
    return {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}


def test_pytorchjob(objects):
    """A PyTorchJob runs, succeeds and is collected on a real cluster, by names and declared ports."""
    specs = {"Master": replica(1, "pytorch"), "Worker": replica(1, "pytorch")}
    submit(objects, pytorchjob.PYTORCHJOBS, {"pytorchReplicaSpecs": specs})
    until(lambda: len(pods(objects)) == 2)
    assert env(pods(objects)["j-worker-0"])["MASTER_ADDR"] == "j-master-0"
    assert env(pods(objects)["j-worker-0"])["MASTER_PORT"] == "23456"
    report(objects, "Running", "j-master-0", "j-worker-0")
    until(lambda: holds(objects, pytorchjob.PYTORCHJOBS, "Running"))
    report(objects, "Succeeded", "j-worker-0", "j-master-0")
    until(lambda: holds(objects, pytorchjob.PYTORCHJOBS, "Succeeded"))
    objects.delete(pytorchjob.PYTORCHJOBS, "j", objects.namespace)
    until(lambda: not pods(objects) and not objects.list(SERVICES))


def test_tfjob(objects):
    """A TFJob's failed worker fails it on a real cluster."""
    specs = {"PS": replica(1, "tensorflow"), "Worker": replica(1, "tensorflow")}
    submit(objects, tfjob.TFJOBS, {"tfReplicaSpecs": specs})
    until(lambda: len(pods(objects)) == 2)
    assert f"j-ps-0.{objects.namespace}.svc:2222" in env(pods(objects)["j-worker-0"])["TF_CONFIG"]
    report(objects, "Failed", "j-worker-0")
    until(lambda: holds(objects, tfjob.TFJOBS, "Failed"))


def test_mpijob(objects):
    """An MPIJob gets hostfile, key, workers and a launcher whose Job the cluster runs."""
    specs = {"Launcher": replica(1, "l"), "Worker": replica(2, "w")}
    submit(objects, mpijob.MPIJOBS, {"mpiReplicaSpecs": specs})
    until(lambda: len(pods(objects)) == 3)
    data = objects.get(CONFIGMAPS, "j-config", objects.namespace)["data"]
    assert data["hostfile"].splitlines()[0] == f"j-worker-0.j.{objects.namespace}.svc slots=1"
    assert objects.get(SECRETS, "j-ssh", objects.namespace)["type"] == "kubernetes.io/ssh-auth"
    assert objects.get(JOBS, "j-launcher", objects.namespace)
    report(objects, "Running", *pods(objects))
    until(lambda: holds(objects, mpijob.MPIJOBS, "Running"))
