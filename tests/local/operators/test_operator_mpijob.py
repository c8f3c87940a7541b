"""MPIJobs on the loopback, launcher and all."""

import pytest

from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES
from arena.local.operators.mpi import manifests, mpijob
from arena.local.operators.mpi.mpijob import MPIJOBS

LAUNCHER = {"template": {"spec": {"containers": [{"name": "l"}]}}}


@pytest.fixture
def submit(bench):
    """Submit the job `mpi`."""
    bench.node()

    def make(workers=2, policy=None, **spec):
        specs = {
            "Launcher": bench.replica(1, "launcher", restartPolicy="Never"),
            "Worker": {
                "replicas": workers,
                "template": {"spec": {"containers": [{"name": "w", "image": "i"}]}},
            },
        }
        body = {"slotsPerWorker": 2, "mpiReplicaSpecs": specs, "runPolicy": policy or {}, **spec}
        return bench.submit(MPIJOBS, {"metadata": {"name": "mpi"}, "spec": body})

    return make


def launcher(bench):
    """The name of the launcher's newest pod."""
    return list(bench.pods("training.kubeflow.org/job-role=launcher"))[-1]


WORKERS = ("mpi-worker-0", "mpi-worker-1")


def test_parts(bench, submit):
    """A Service, a hostfile for this machine, placeholder workers and a launcher Job; no ssh key."""
    submit()
    assert bench.read(SERVICES, "mpi")["spec"]["clusterIP"] == "None"
    assert bench.read(CONFIGMAPS, "mpi-config")["data"] == {
        "hostfile": "localhost slots=4\n",
        "discover_hosts.sh": "#!/bin/sh\necho localhost:4\n",
    }
    assert bench.objects.list(SECRETS, "default") == []
    worker = bench.read(PODS, "mpi-worker-1")
    assert worker["spec"]["containers"][0]["command"][:2] == ["/bin/sh", "-c"]
    assert worker["metadata"]["labels"] == {
        "training.kubeflow.org/job-name": "mpi",
        "training.kubeflow.org/operator-name": "mpi-operator",
        "training.kubeflow.org/job-role": "worker",
        "training.kubeflow.org/replica-index": "1",
    }
    env = bench.env(launcher(bench))
    assert env["K_MPI_JOB_ROLE"] == "launcher"
    assert env["OMPI_MCA_orte_default_hostfile"] == "/etc/mpi/hostfile"
    mounts = bench.read(PODS, launcher(bench))["spec"]["containers"][0]["volumeMounts"]
    assert mounts == [{"name": "mpi-job-config", "mountPath": "/etc/mpi"}]


@pytest.mark.parametrize("api", [range(0)], indirect=True, ids=["without ports"])
def test_on_a_cluster(bench, submit):
    """Where names resolve, the hostfile lists the workers, and launcher and workers share an ssh key."""
    submit(mpiImplementation="Intel")
    assert bench.read(CONFIGMAPS, "mpi-config")["data"]["hostfile"] == (
        "mpi-worker-0.mpi.default.svc:2\nmpi-worker-1.mpi.default.svc:2\n"
    )
    assert set(bench.read(SECRETS, "mpi-ssh")["data"]) == {"ssh-privatekey", "ssh-publickey"}
    worker = bench.read(PODS, "mpi-worker-0")["spec"]
    assert worker["containers"][0]["command"] == ["/usr/sbin/sshd", "-De"]
    assert (worker["hostname"], worker["subdomain"]) == ("mpi-worker-0", "mpi")
    assert bench.env(launcher(bench))["I_MPI_HYDRA_HOST_FILE"] == "/etc/mpi/hostfile"


def test_life(bench, submit):
    """The job runs only when launcher and all workers do, and ends with its launcher."""
    submit(policy={"cleanPodPolicy": "Running"})
    bench.run(launcher(bench), "mpi-worker-0")
    assert bench.holding(MPIJOBS, "mpi") == {"Created"}
    bench.run("mpi-worker-1")
    assert bench.holding(MPIJOBS, "mpi") == {"Created", "Running"}
    bench.end(launcher(bench)).bury()
    assert bench.holding(MPIJOBS, "mpi") == {"Created", "Succeeded"}
    assert bench.status(MPIJOBS, "mpi")["replicaStatuses"]["Launcher"] == {"succeeded": 1}
    assert list(bench.pods()) == [launcher(bench)]


def test_failure(bench, submit):
    """The job fails when its launcher has failed more often than backoffLimit allows."""
    submit(policy={"backoffLimit": 1})
    bench.run(launcher(bench), *WORKERS).end(launcher(bench), code=1)
    assert "Failed" not in bench.holding(MPIJOBS, "mpi")
    bench.later(10)
    second = [name for name, pod in bench.pods().items() if "launcher" in name and active(pod)]
    bench.end(*second, code=1)
    assert bench.holding(MPIJOBS, "mpi") == {"Created", "Failed"}
    failed = bench.status(MPIJOBS, "mpi")["conditions"][-1]
    assert failed["reason"] == "BackoffLimitExceeded"


def active(pod):
    return pod["status"].get("phase") in ("Pending", "Running")


def test_suspend(bench, submit):
    """A suspended job keeps no pods; resumed it has them again."""
    submit(policy={"suspend": True})
    assert bench.pods() == {}
    assert bench.holding(MPIJOBS, "mpi") == {"Created", "Suspended"}
    for suspend, pods in ((False, 3), (True, 0), (False, 3)):
        patch = {"spec": {"runPolicy": {"suspend": suspend}}}
        bench.objects.patch(MPIJOBS, "mpi", patch, "default")
        bench.settled().bury()
        assert len(bench.pods()) == pods


def test_launcher_waits(bench, submit):
    """With WaitForWorkersReady the launcher is created when all workers are ready."""
    submit(launcherCreationPolicy="WaitForWorkersReady")
    bench.run("mpi-worker-0")
    assert bench.read(JOBS, "mpi-launcher") is None
    bench.run("mpi-worker-1")
    assert bench.read(JOBS, "mpi-launcher")


def test_invalid(bench, submit):
    """A job that can never run gets an Event that says why, and no status."""
    job = submit()
    del job["spec"]["mpiReplicaSpecs"]["Launcher"], job["status"]
    assert mpijob.MPIJob(bench.objects, job, bench.now).reconcile() is None
    assert bench.messages("mpi", "ValidationError") == ["spec.mpiReplicaSpecs needs a Launcher"]


@pytest.mark.parametrize(
    ("specs", "word"),
    [
        ({}, "Launcher"),
        ({"Launcher": {"replicas": 2}}, "must be 1"),
        ({"Launcher": {"template": {}}}, "container"),
        ({"Launcher": LAUNCHER, "Worker": {"replicas": 0}}, "1 or more"),
        ({"Launcher": {**LAUNCHER, "restartPolicy": "ExitCode"}}, "Never or OnFailure"),
    ],
)
def test_flaws(specs, word):
    """The error says what is wrong with a job, and names the field."""
    job = manifests.Job({"metadata": {"name": "bad"}, "spec": {"mpiReplicaSpecs": specs}})
    assert word in manifests.flaw(job)


def test_an_evicted_worker(bench, submit):
    """It fails the job, as with the real operator, which looks on until its launcher has ended, too."""
    submit(policy={"cleanPodPolicy": "Running", "backoffLimit": 0})
    bench.run(launcher(bench), *WORKERS)
    evicted = {"status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource"}}
    bench.objects.patch(PODS, "mpi-worker-1", evicted, "default", "status")
    bench.settled()
    assert bench.holding(MPIJOBS, "mpi") == {"Created", "Failed"}
    status = bench.status(MPIJOBS, "mpi")
    failed = status["conditions"][-1]
    assert (failed["reason"], failed["message"]) == ("MPIJobEvicted", "1/2 workers are evicted")
    assert "completionTime" not in status
    assert bench.messages("mpi", "MPIJobEvicted") == ["1/2 workers are evicted"]
    assert set(bench.pods()) == {launcher(bench), *WORKERS}
    bench.end(launcher(bench), code=1).bury()
    assert bench.status(MPIJOBS, "mpi")["completionTime"]
    assert set(bench.pods()) == {launcher(bench), "mpi-worker-1"}
    assert bench.status(MPIJOBS, "mpi")["conditions"][-1]["reason"] == "MPIJobEvicted"
