"""TrainJobs: the JobSet that is made from a runtime, and the status that follows it."""

import pytest

from arena.local.objects import JOBS, JOBSETS, PODS, Refused
from arena.local.operators.trainer.trainjob import CLUSTER_RUNTIMES, RUNTIMES, TRAINJOBS

STEP = "trainer.kubeflow.org/trainjob-ancestor-step"


@pytest.fixture
def submit(bench):
    """Submit the TrainJob `t` of two nodes."""
    bench.node()

    def make(runtime="torch-distributed", trainer=None, kind="ClusterTrainingRuntime", **spec):
        trainer = {"numNodes": 2, "command": ["train"], **(trainer or {})}
        reference = {"name": runtime, "kind": kind}
        body = {"metadata": {"name": "t"}, "spec": {"runtimeRef": reference, "trainer": trainer, **spec}}
        return bench.submit(TRAINJOBS, body)

    return make


def nodes(bench):
    """The names of the pods in the order of their indexes."""
    found = bench.pods("jobset.sigs.k8s.io/jobset-name=t,jobset.sigs.k8s.io/replicatedjob-name=node")
    return sorted(found, key=lambda name: found[name]["spec"]["hostname"])


def container(bench):
    """The container that trains, of the first pod."""
    return bench.read(PODS, nodes(bench)[0])["spec"]["containers"][0]


def reason(bench):
    """The reason of the newest condition."""
    return bench.status(TRAINJOBS, "t")["conditions"][-1]["reason"]


def patched(**pod):
    """A runtimePatch of the pods that train."""
    about = {"labels": {"team": "nlp"}, "annotations": {"note": "x"}}
    job = {"name": "node", "template": {"spec": {"template": {"metadata": about, "spec": pod}}}}
    return {"manager": "m", "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}}}


def test_torch(bench, submit):
    """The runtime for torch gives each node the loopback and the Service's port as the master's address."""
    submit(trainer={"numProcPerNode": 3, "env": [{"name": "EPOCHS", "value": "5"}]})
    first, second = nodes(bench)
    assert bench.read(PODS, second)["spec"]["hostname"] == "t-node-0-1"
    env = bench.env(first)
    assert (env["EPOCHS"], env["PET_NNODES"], env["PET_NPROC_PER_NODE"]) == ("5", "2", "3")
    assert env["PET_MASTER_ADDR"] == "127.0.0.1"
    assert env["PET_MASTER_PORT"] == bench.env(second)["PET_MASTER_PORT"] != "29500"
    rank = next(one for one in container(bench)["env"] if one["name"] == "PET_NODE_RANK")
    assert "job-completion-index" in rank["valueFrom"]["fieldRef"]["fieldPath"]


def test_jax(bench, submit):
    """The runtime for JAX gives each process the address of the coordinator."""
    submit("jax-distributed")
    env = bench.env(nodes(bench)[0])
    assert env["JAX_NUM_PROCESSES"] == "2"
    assert env["JAX_COORDINATOR_ADDRESS"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("resources", "processes"),
    [
        (None, "auto"),
        ({"requests": {"cpu": "4"}}, "4"),
        ({"requests": {"cpu": "4"}, "limits": {"nvidia.com/gpu": "2"}}, "auto"),
    ],
)
def test_processes(bench, submit, resources, processes):
    """By default there is one process for each requested CPU, unless GPUs are requested."""
    submit(trainer={"resourcesPerNode": resources} if resources else None)
    assert bench.env(nodes(bench)[0])["PET_NPROC_PER_NODE"] == processes


def test_without_trainer(bench):
    """A TrainJob without a trainer has no variables about other nodes, as with the real operator."""
    bench.node()
    runtime = {"name": "torch-distributed"}
    bench.submit(TRAINJOBS, {"metadata": {"name": "t"}, "spec": {"runtimeRef": runtime}})
    assert not any(name.startswith("PET_") for name in bench.env(nodes(bench)[0]))


def test_patches(bench, submit):
    """Patches add to the runtime's pods: labels, volumes, mounts, placement."""
    volume = {"name": "data", "emptyDir": {}}
    mount = {"name": "node", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    submit(runtimePatches=[patched(volumes=[volume], containers=[mount], nodeSelector={"pool": "gpu"})])
    pod = bench.read(PODS, nodes(bench)[0])
    assert (pod["metadata"]["labels"]["team"], pod["metadata"]["annotations"]["note"]) == ("nlp", "x")
    assert pod["spec"]["nodeSelector"] == {"pool": "gpu"}
    assert pod["spec"]["volumes"] == [volume]
    assert pod["spec"]["containers"][0]["volumeMounts"] == mount["volumeMounts"]
    assert pod["spec"]["containers"][0]["command"] == ["train"]


def test_runtime_of_the_namespace(bench, submit):
    """A runtime of the namespace may fetch a dataset before the nodes start."""
    train, fetch = (
        {
            "name": name,
            "template": {
                "metadata": {"labels": {STEP: step}},
                "spec": {
                    "template": {"spec": {"containers": [{"name": name, "image": "i", "command": ["c"]}]}}
                },
            },
        }
        for name, step in (("node", "trainer"), ("dataset-initializer", "dataset-initializer"))
    )
    train["dependsOn"] = [{"name": "dataset-initializer", "status": "Complete"}]
    spec = {"mlPolicy": {"numNodes": 3}, "template": {"spec": {"replicatedJobs": [fetch, train]}}}
    body = {"metadata": {"name": "own"}, "spec": spec}
    bench.objects.create(RUNTIMES, body, "default")
    source = {"storageUri": "hf://a/b", "secretRef": {"name": "hub"}}
    submit("own", kind="TrainingRuntime", initializer={"dataset": source}, trainer={"numNodes": 1})
    (pod,) = bench.pods()
    assert bench.env(pod) | {"STORAGE_URI": "hf://a/b"} == bench.env(pod)
    assert bench.read(PODS, pod)["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "hub"}}]
    assert nodes(bench) == []
    bench.end(pod)
    assert len(nodes(bench)) == 1


def test_success(bench, submit):
    """The counts of Jobs say that it runs; at the end it is Complete."""
    submit()
    bench.run(*nodes(bench))
    (count,) = bench.status(TRAINJOBS, "t")["jobsStatus"]
    assert (count["name"], count["active"], count["ready"]) == ("node", 1, 1)
    assert bench.holding(TRAINJOBS, "t") == set()
    bench.end(*nodes(bench))
    assert bench.holding(TRAINJOBS, "t") == {"Complete"}
    assert reason(bench) == "AllJobsCompleted"


def test_failure(bench, submit):
    """A node that fails fails the job, with the JobSet's reason."""
    submit()
    bench.run(*nodes(bench)).end(nodes(bench)[1], code=1)
    assert bench.holding(TRAINJOBS, "t") == {"Failed"}
    assert reason(bench) == "FailedJobs"


def test_deadline(bench, submit):
    """The limit activeDeadlineSeconds fails the job for that reason and ends its pods."""
    submit(activeDeadlineSeconds=30)
    bench.run(*nodes(bench)).later(30)
    assert reason(bench) == "DeadlineExceeded"
    assert bench.bury().pods() == {}


def test_suspend(bench, submit):
    """Suspending suspends the JobSet and says so; resuming starts its pods."""
    submit(suspend=True)
    assert bench.holding(TRAINJOBS, "t") == {"Suspended"}
    assert bench.pods() == {}
    bench.objects.patch(TRAINJOBS, "t", {"spec": {"suspend": False}}, "default")
    bench.settled()
    assert bench.holding(TRAINJOBS, "t") == set()
    assert reason(bench) == "Resumed"
    assert len(nodes(bench)) == 2
    bench.objects.patch(TRAINJOBS, "t", {"spec": {"suspend": True}}, "default")
    bench.settled().bury()
    assert bench.pods() == {}


def test_restart(bench, submit):
    """A runtime whose JobSet may restart continues after a failure, and the job with it."""
    runtime = bench.objects.get(CLUSTER_RUNTIMES, "torch-distributed")
    spec = {**runtime["spec"]["template"]["spec"], "failurePolicy": {"maxRestarts": 1}}
    body = {"metadata": {"name": "patient"}, "spec": {**runtime["spec"], "template": {"spec": spec}}}
    bench.objects.create(CLUSTER_RUNTIMES, body)
    submit("patient")
    bench.end(nodes(bench)[0], code=1).bury()
    assert bench.status(JOBSETS, "t")["restarts"] == 1
    bench.end(*nodes(bench))
    assert bench.holding(TRAINJOBS, "t") == {"Complete"}


@pytest.mark.parametrize(
    ("runtime", "trainer", "told"),
    [
        (
            "torch",
            {},
            'there is no ClusterTrainingRuntime "torch"; the cluster has jax-distributed, torch-distributed',
        ),
        (
            "torch-distributed",
            {"env": [{"name": "PET_NNODES", "value": "1"}]},
            'runtime "torch-distributed" sets the variable PET_NNODES itself',
        ),
    ],
    ids=["unknown", "reserved"],
)  # fmt: skip
def test_what_no_runtime_can(bench, submit, runtime, trainer, told):
    """An unknown runtime, and variables that one sets itself, fail the job, and an Event says why."""
    submit(runtime, trainer=trainer)
    assert reason(bench) == "TrainingRuntimeNotSupported"
    assert bench.messages("t", "TrainingRuntimeNotSupported") == [told]
    assert bench.objects.list(JOBS, "default") == []


@pytest.mark.parametrize("policy", ["mpi", "xgboost"])
def test_policies_that_are_not_brought(bench, submit, policy):
    """A runtime that needs more than the local cluster brings fails the job for that reason."""
    runtime = bench.objects.get(CLUSTER_RUNTIMES, "torch-distributed")
    body = {"metadata": {"name": "own"}, "spec": {**runtime["spec"], "mlPolicy": {policy: {}}}}
    bench.objects.create(CLUSTER_RUNTIMES, body)
    submit("own")
    (told,) = bench.messages("t", "TrainingRuntimeNotSupported")
    assert told == f'runtime "own" needs {policy}, which the local cluster does not provide'


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"managedBy": "me"}, 'spec.managedBy: Invalid value: "me": must be one of'),
        ({"kind": "Runtime"}, 'spec.runtimeRef.kind: Unsupported value: "Runtime"'),
        (
            {
                "runtimePatches": [
                    patched(containers=[{"name": "node", "env": [{"name": "A", "value": "1"}]}])
                ]
            },
            "must not be set for the container node",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refused(submit, change, told):
    """The rules of the trainer's webhook apply, and a refusal names the field and the reason."""
    with pytest.raises(Refused) as caught:
        submit(**change)
    assert told in caught.value.message


def test_no_nodes(bench, submit):
    """A TrainJob of no nodes is accepted, as its definition allows, and completes without a pod."""
    submit(trainer={"numNodes": 0})
    assert nodes(bench) == []
    assert bench.status(TRAINJOBS, "t")["conditions"][-1]["type"] == "Complete"
