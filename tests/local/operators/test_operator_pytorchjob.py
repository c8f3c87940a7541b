"""PyTorchJobs from submit to end, with the kubelet played by the test."""

import pytest

from arena.local.objects import PODS, SERVICES
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS


@pytest.fixture
def submit(bench):
    """Submit the job `ddp` with a master, workers and a run policy."""
    bench.node()

    def make(workers=1, policy=None, restart="OnFailure", master=True, **spec):
        specs = {"Worker": bench.replica(workers, "pytorch", restartPolicy=restart)}
        if master:
            specs["Master"] = bench.replica(1, "pytorch", restartPolicy=restart)
        body = {"pytorchReplicaSpecs": specs, "runPolicy": policy or {}, **spec}
        return bench.submit(PYTORCHJOBS, {"metadata": {"name": "ddp"}, "spec": body})

    return make


def test_pods_services_labels(bench, submit):
    """Each replica is a labelled pod and a headless Service of the same name."""
    submit(workers=2)
    assert list(bench.pods()) == ["ddp-master-0", "ddp-worker-0", "ddp-worker-1"]
    services = bench.objects.list(SERVICES, "default")
    assert [one["metadata"]["name"] for one in services] == list(bench.pods())
    assert {one["spec"]["clusterIP"] for one in services} == {"None"}
    assert bench.pods()["ddp-master-0"]["metadata"]["labels"] == {
        "training.kubeflow.org/job-name": "ddp",
        "training.kubeflow.org/operator-name": "pytorchjob-controller",
        "training.kubeflow.org/replica-type": "master",
        "training.kubeflow.org/replica-index": "0",
        "training.kubeflow.org/job-role": "master",
    }


def test_ranks(bench, submit):
    """The variables name one loopback address for all and a rank for each."""
    submit(workers=2, nprocPerNode="2")
    found = [bench.env(name) for name in bench.pods()]
    port = found[0]["MASTER_PORT"]
    assert 20000 <= int(port) < 30000
    assert [one["RANK"] for one in found] == ["0", "1", "2"]
    assert found[2] == {
        "PYTHONUNBUFFERED": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": port,
        "WORLD_SIZE": "6",
        "RANK": "2",
        "PET_NODE_RANK": "2",
        "PET_NPROC_PER_NODE": "2",
        "PET_NNODES": "3",
    }


@pytest.mark.parametrize("api", [range(0)], indirect=True, ids=["without ports"])
def test_names_where_they_resolve(bench, submit):
    """Where Services carry no allotted port, the master goes by its name and declared port."""
    submit(workers=1)
    assert bench.env("ddp-worker-0")["MASTER_ADDR"] == "ddp-master-0"
    assert bench.env("ddp-worker-0")["MASTER_PORT"] == "23456"


def test_elastic(bench, submit):
    """An elastic job's workers connect at the first worker, and the job succeeds with any of them."""
    policy = {"rdzvBackend": "c10d", "minReplicas": 1, "maxReplicas": 4, "maxRestarts": 10}
    submit(workers=2, master=False, elasticPolicy={**policy, "rdzvConf": [{"key": "a", "value": "b"}]})
    found = bench.env("ddp-worker-1")
    assert "MASTER_ADDR" not in found
    assert found["PET_NNODES"] == "1:4"
    assert found["PET_RDZV_ENDPOINT"].startswith("127.0.0.1:2")
    assert (found["PET_RDZV_BACKEND"], found["PET_RDZV_CONF"]) == ("c10d", "a=b")
    assert found["PET_MAX_RESTARTS"] == "10"
    bench.run(*bench.pods()).end("ddp-worker-1")
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Succeeded"}


def test_life(bench, submit):
    """Created, Running and Succeeded follow the master; counts follow the pods."""
    submit(workers=2)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created"}
    bench.run("ddp-worker-0")
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created"}
    bench.run("ddp-master-0", "ddp-worker-1")
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Running"}
    assert bench.status(PYTORCHJOBS, "ddp")["replicaStatuses"]["Worker"]["active"] == 2
    bench.now = bench.now.replace(minute=5)
    bench.end("ddp-worker-0", "ddp-master-0")
    status = bench.status(PYTORCHJOBS, "ddp")
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Succeeded"}
    assert (status["startTime"], status["completionTime"]) == ("2026-01-31T12:00:00Z", "2026-01-31T12:05:00Z")
    worker = status["replicaStatuses"]["Worker"]
    assert (worker["succeeded"], "active" in worker, "failed" in worker) == (2, False, False)
    assert {"PyTorchJobCreated", "PyTorchJobSucceeded", "SuccessfulCreatePod"} <= set(bench.events("ddp"))


def test_failure(bench, submit):
    """A replica that failed fails the job, which then never changes again."""
    submit(restart="Never")
    bench.run("ddp-master-0", "ddp-worker-0").end("ddp-worker-0", code=1)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Failed"}
    before = bench.status(PYTORCHJOBS, "ddp")
    assert before["replicaStatuses"]["Worker"]["failed"] == 1
    bench.end("ddp-master-0")
    assert bench.status(PYTORCHJOBS, "ddp") == before
    assert "PyTorchJobFailed" in bench.events("ddp")


@pytest.mark.parametrize(("code", "again"), [(1, False), (127, False), (130, True), (137, True)])
def test_exit_code(bench, submit, code, again):
    """With the policy ExitCode a replica killed by a signal is replaced; any other failure is final."""
    submit(restart="ExitCode")
    bench.run("ddp-master-0", "ddp-worker-0")
    uid = bench.read(PODS, "ddp-worker-0")["metadata"]["uid"]
    assert bench.read(PODS, "ddp-worker-0")["spec"]["restartPolicy"] == "Never"
    bench.end("ddp-worker-0", code=code)
    assert (bench.read(PODS, "ddp-worker-0")["metadata"]["uid"] != uid) is again
    if again:
        assert "PyTorchJobRestarting" in bench.events("ddp")
        bench.run("ddp-worker-0")
        assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Running"}
    else:
        assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Failed"}


def test_backoff_of_replaced_pods(bench, submit):
    """The second replacement uses up a backoffLimit of 2."""
    submit(restart="ExitCode", policy={"backoffLimit": 2})
    bench.run("ddp-master-0", "ddp-worker-0").end("ddp-worker-0", code=137)
    assert "Failed" not in bench.holding(PYTORCHJOBS, "ddp")
    bench.run("ddp-worker-0").end("ddp-worker-0", code=137)
    assert "Failed" in bench.holding(PYTORCHJOBS, "ddp")


def test_backoff_of_restarts(bench, submit):
    """Restarts in place use up the backoffLimit, and nothing of such a job runs on."""
    submit(policy={"backoffLimit": 3})
    bench.run("ddp-master-0", "ddp-worker-0").restart("ddp-worker-0", 2)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Running"}
    bench.restart("ddp-worker-0", 3)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Failed"}
    assert bench.bury().pods() == {}


def test_deadline(bench, submit):
    """When activeDeadlineSeconds is over the job fails and its pods end."""
    submit(policy={"activeDeadlineSeconds": 60})
    bench.run("ddp-master-0", "ddp-worker-0").later(59)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Running"}
    bench.later(1)
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Failed"}
    assert bench.bury().pods() == {}


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("None", {"ddp-master-0", "ddp-worker-0", "ddp-worker-1"}),
        ("Running", {"ddp-master-0", "ddp-worker-0"}),
        ("All", set()),
    ],
)
def test_clean_pods(bench, submit, policy, left):
    """The policy for pods says which pods a finished job keeps, and their Services go with them."""
    submit(workers=2, policy={"cleanPodPolicy": policy})
    bench.run(*bench.pods()).end("ddp-worker-0").end("ddp-master-0").bury()
    assert set(bench.pods()) == left
    assert {one["metadata"]["name"] for one in bench.objects.list(SERVICES, "default")} == left


def test_ttl(bench, submit):
    """A finished job is deleted with all it owns when its time to live is over."""
    submit(policy={"ttlSecondsAfterFinished": 30})
    bench.run(*bench.pods()).end("ddp-worker-0").end("ddp-master-0").later(29)
    assert bench.read(PYTORCHJOBS, "ddp")
    bench.later(1)
    assert bench.read(PYTORCHJOBS, "ddp") is None
    assert bench.pods() == {}
    assert bench.objects.list(SERVICES, "default") == []


def test_suspend_and_resume(bench, submit):
    """A suspended job has no pods and no start time; resumed it starts afresh."""
    submit(policy={"suspend": True})
    assert bench.pods() == {}
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Suspended"}
    resume(bench, False)
    bench.run(*bench.pods())
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Running"}
    resume(bench, True)
    assert bench.bury().pods() == {}
    assert bench.holding(PYTORCHJOBS, "ddp") == {"Created", "Suspended"}
    assert "startTime" not in bench.status(PYTORCHJOBS, "ddp")
    resume(bench, False)
    assert set(bench.pods()) == {"ddp-master-0", "ddp-worker-0"}
    assert {"PyTorchJobSuspended", "PyTorchJobResumed"} <= set(bench.events("ddp"))


def resume(bench, suspend):
    bench.objects.patch(PYTORCHJOBS, "ddp", {"spec": {"runPolicy": {"suspend": suspend}}}, "default")
    bench.settled()


def test_lost_pod_and_scaling(bench, submit):
    """A deleted pod comes back, and pods and Services follow the number of replicas."""
    submit(workers=1)
    bench.objects.delete(PODS, "ddp-worker-0", "default")
    bench.bury()
    assert "ddp-worker-0" in bench.pods()
    for workers, names in ((3, 4), (1, 2)):
        patch = {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": workers}}}}
        bench.objects.patch(PYTORCHJOBS, "ddp", patch, "default")
        bench.settled().bury()
        assert len(bench.pods()) == len(bench.objects.list(SERVICES, "default")) == names


def test_name_in_use(bench, submit):
    """A pod with the name of a replica and no owner is left alone, and the job waits for the name."""
    stranger = {"metadata": {"name": "ddp-worker-0"}, "spec": bench.template("x")["spec"]}
    bench.objects.create(PODS, stranger, "default")
    submit()
    assert "ownerReferences" not in bench.read(PODS, "ddp-worker-0")["metadata"]
    bench.objects.delete(PODS, "ddp-worker-0", "default")
    bench.bury().later(10)
    assert bench.read(PODS, "ddp-worker-0")["metadata"]["ownerReferences"][0]["name"] == "ddp"


def test_delete(bench, submit):
    """Deleting the job ends its pods and removes its Services."""
    submit()
    bench.run(*bench.pods())
    made = list(bench.pods())
    bench.objects.delete(PYTORCHJOBS, "ddp", "default")
    bench.settled()
    going = [name for name, pod in bench.pods().items() if pod["metadata"].get("deletionTimestamp")]
    assert going == made != []
    assert bench.bury().pods() == {}
    assert bench.objects.list(SERVICES, "default") == []
