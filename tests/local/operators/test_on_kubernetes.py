"""The same operators as clients of a real API server; the kubelet is played by the test."""

import os
import uuid

import pytest
from overhttp import OverHttp, known
from product import until

from arena.local.machinery.runner import Runner
from arena.local.objects import CONFIGMAPS, JOBS, NAMESPACES, PODS, SECRETS, SERVICES
from arena.local.operators.kubeflow import pytorchjob, tfjob
from arena.local.operators.mpi import mpijob
from arena.session import connect

pytestmark = pytest.mark.cluster


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
        if cluster.serves(known(resource))
    ]
    runner = Runner(found, operators=kinds)
    runner.start()
    yield found
    runner.stop()
    found.delete(NAMESPACES, name)


def submit(objects, resource, spec):
    """Create the job `j`, or skip where the cluster does not serve the kind."""
    if not objects.cluster.serves(known(resource)):
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
