"""TFJobs: TF_CONFIG of the replicas, and the replicas with which the job ends."""

import json

import pytest

from arena.local.operators.kubeflow.tfjob import TFJOBS


@pytest.fixture
def submit(bench):
    """Submit the job `tf` with some replicas of each type."""
    bench.node()

    def make(spec=None, **replicas):
        specs = {name: bench.replica(count, "tensorflow") for name, count in replicas.items()}
        body = {"metadata": {"name": "tf"}, "spec": {"tfReplicaSpecs": specs, **(spec or {})}}
        return bench.submit(TFJOBS, body)

    return make


def config(bench, pod):
    return json.loads(bench.env(pod)["TF_CONFIG"])


def test_cluster(bench, submit):
    """TF_CONFIG lists every replica at a loopback port of its own and says which one this is."""
    submit(PS=1, Worker=2, Chief=1, Evaluator=1)
    found = config(bench, "tf-worker-1")
    assert found["task"] == {"type": "worker", "index": 1}
    assert found["environment"] == "cloud"
    assert {name: len(all_) for name, all_ in found["cluster"].items()} == {
        "ps": 1,
        "chief": 1,
        "worker": 2,
        "evaluator": 1,
    }
    addresses = [one for all_ in found["cluster"].values() for one in all_]
    assert len(set(addresses)) == 5
    assert all(one.startswith("127.0.0.1:2") for one in addresses)
    assert config(bench, "tf-ps-0")["cluster"] == found["cluster"]


@pytest.mark.parametrize("api", [range(0)], indirect=True, ids=["without ports"])
def test_names_where_they_resolve(bench, submit):
    """Where Services carry no allotted port, replicas go by their DNS names and declared port."""
    submit(PS=1, Worker=1)
    assert config(bench, "tf-ps-0")["cluster"] == {
        "ps": ["tf-ps-0.default.svc:2222"],
        "worker": ["tf-worker-0.default.svc:2222"],
    }


def test_alone(bench, submit):
    """A single replica has no TF_CONFIG."""
    submit(Worker=1)
    assert "TF_CONFIG" not in bench.env("tf-worker-0")


def test_sparse(bench, submit):
    """With dynamic workers a worker knows the servers and itself."""
    submit({"enableDynamicWorker": True}, PS=1, Worker=2)
    found = config(bench, "tf-worker-1")
    assert list(found["cluster"]["worker"]) == ["1"]
    assert len(found["cluster"]["ps"]) == 1
    assert "environment" not in found


@pytest.mark.parametrize(
    ("replicas", "spec", "ends", "done"),
    [
        ({"Chief": 1, "Worker": 2}, {}, ["tf-worker-0", "tf-worker-1"], False),
        ({"Chief": 1, "Worker": 2}, {}, ["tf-chief-0"], True),
        ({"Master": 1, "Worker": 1}, {}, ["tf-master-0"], True),
        ({"PS": 1, "Worker": 2}, {}, ["tf-worker-1"], False),
        ({"PS": 1, "Worker": 2}, {}, ["tf-worker-0"], True),
        ({"PS": 1, "Worker": 2}, {"successPolicy": "AllWorkers"}, ["tf-worker-0"], False),
        ({"PS": 1, "Worker": 2}, {"successPolicy": "AllWorkers"}, ["tf-worker-0", "tf-worker-1"], True),
    ],
)
def test_success(bench, submit, replicas, spec, ends, done):
    """The chief's end is the job's; without one the first worker's, or with AllWorkers everyone's."""
    submit(spec, **replicas)
    bench.run(*bench.pods()).end(*ends)
    assert ("Succeeded" in bench.holding(TFJOBS, "tf")) is done
    assert ("Running" in bench.holding(TFJOBS, "tf")) is not done


def test_role_and_port(bench, submit):
    """Without a chief the first worker is the master, and the framework's port is declared for it."""
    submit(PS=1, Worker=2)
    pods = bench.pods("training.kubeflow.org/job-role=master")
    assert list(pods) == ["tf-worker-0"]
    container = pods["tf-worker-0"]["spec"]["containers"][0]
    assert container["ports"] == [{"name": "tfjob-port", "containerPort": 2222, "protocol": "TCP"}]
