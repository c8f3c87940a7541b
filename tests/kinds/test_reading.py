"""A job and its pods, as a cluster describes them, become a Job with a phase and a reason."""

from datetime import datetime, timezone

import pytest
from cluster_words import OPERATORS, T0, UNSCHEDULABLE, cond, ended, pod, tfjob, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from arena import kinds
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.workload import instance_findings
from arena.kinds.workload.instances import instance
from arena.model.instances import Container, Instance
from arena.model.jobs import Phase


def unstarted(message):
    """The state of a container whose program could not be started."""
    return {"terminated": {"exitCode": 127, "reason": "ContainerCannotRun", "message": message}}


RUNNING, CREATED, FAILED = cond("Running"), cond("Created"), cond("Failed", message="1 Worker failed")


@pytest.mark.parametrize(
    ("job", "pods", "phase", "reason"),
    [
        (tfjob(), [], "PENDING", "its operator has not seen it yet"),
        (tfjob(CREATED), [], "PENDING", "no instance exists yet"),
        (tfjob(CREATED), [pod(0, "Pending", node="")], "PENDING", ""),
        (
            tfjob(CREATED),
            [pod(0), pod(1, "Pending", node="", conditions=[UNSCHEDULABLE])],
            "STARTING",
            "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        ),
        (
            tfjob(CREATED),
            [pod(0, "Pending", node="", conditions=[UNSCHEDULABLE])],
            "PENDING",
            "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        ),
        (tfjob(CREATED), [pod(0, "Pending", state=waiting("ContainerCreating"))], "STARTING", ""),
        (
            tfjob(CREATED),
            [pod(0), pod(1, "Pending", state=waiting("ImagePullBackOff", message="m"))],
            "STARTING",
            "ImagePullBackOff on worker-1",
        ),
        (tfjob(CREATED), [pod(0), pod(1)], "RUNNING", ""),
        (tfjob(CREATED, RUNNING), [pod(0), pod(1)], "RUNNING", ""),
        (
            tfjob(CREATED, RUNNING),
            [pod(0), pod(1, state=waiting("CrashLoopBackOff"))],
            "RUNNING",
            "CrashLoopBackOff on worker-1",
        ),
        (tfjob(CREATED, cond("Restarting", message="it restarts")), [], "RESTARTING", "it restarts"),
        (
            tfjob(CREATED, RUNNING, cond("Running", status="False"), cond("Succeeded")),
            [pod(0, "Succeeded", state=ended(0, "Completed"))],
            "SUCCEEDED",
            "",
        ),
        (tfjob(FAILED), [pod(0, "Failed", state=ended(1))], "FAILED", "exit code 1 on worker-0"),
        (
            tfjob(FAILED),
            [
                pod(0, "Failed", state=ended(143, at="2026-01-31T12:00:09Z")),
                pod(1, "Failed", state=ended(137, "OOMKilled")),
            ],
            "FAILED",
            "OOMKilled on worker-1",
        ),
        (
            tfjob(FAILED),
            [pod(0, "Failed", reason="Evicted", message="disk")],
            "FAILED",
            "Evicted on worker-0",
        ),
        (
            tfjob(FAILED),
            [pod(0, "Failed", state=unstarted("no such file: train"))],
            "FAILED",
            "ContainerCannotRun on worker-0: no such file: train",
        ),
        (tfjob(FAILED), [], "FAILED", "1 Worker failed"),
        (
            tfjob(cond("Failed", message="active longer than specified deadline")),
            [pod(0, "Failed", state=ended(143))],
            "FAILED",
            "active longer than specified deadline",
        ),
        (tfjob(cond("Suspended")), [], "SUSPENDED", "it is suspended"),
        (tfjob(spec={"runPolicy": {"suspend": True}}), [], "SUSPENDED", "it is suspended"),
        (
            tfjob(cond("Suspended"), meta={"labels": {"kueue.x-k8s.io/queue-name": "team-a"}}),
            [],
            "QUEUING",
            "waits in queue team-a",
        ),
        (
            tfjob(meta={"annotations": {"scheduling.x-k8s.io/suspend": "true"}}),
            [],
            "QUEUING",
            "waits in the queue of the cluster",
        ),
        (tfjob(cond("Suspended"), cond("Succeeded")), [], "SUCCEEDED", ""),
        (tfjob(RUNNING, meta={"deletionTimestamp": T0}), [pod(0)], "STOPPING", "it is being deleted"),
        (tfjob(cond("Succeeded"), meta={"deletionTimestamp": T0}), [], "SUCCEEDED", ""),
    ],
    ids=range(25),
)
def test_phase(job, pods, phase, reason):
    """The phase and the reason follow from the conditions and from what the pods wait for or died of."""
    found = kinds.find("tfjob").read(job, pods)
    assert (found.phase.value, found.reason) == (phase, reason)


def test_job():
    """What a job requests is read from its object, whoever created it."""
    job = tfjob(cond("Succeeded"), startTime=T0, completionTime="2026-01-31T12:01:00Z")
    found = kinds.find("tf").read(job, [pod(0, "Succeeded", state=ended(0, "Completed"))])
    assert (found.gpus, found.priority, found.managed, found.gpus_allocated) == (4, "high", False, 0)
    assert found.duration(datetime(2027, 1, 1, tzinfo=timezone.utc)).total_seconds() == 60
    assert found.finished == datetime(2026, 1, 31, 12, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("meta", "ready"), [({}, 0), ({"labels": {"kueue.x-k8s.io/queue-name": "team-a"}}, 0), (None, 1)]
)
def test_ready_instances_of_a_held_job(meta, ready):
    """Pods of the last run that still end are no ready instances of a job that is suspended or queued."""
    held = meta is not None
    job = tfjob(RUNNING, spec={"runPolicy": {"suspend": held}}, meta=meta)
    assert kinds.find("tf").read(job, [pod(0)]).ready == ready


def test_pods_of_a_former_job():
    """Pods that an earlier job of the same name left behind do not count."""
    assert kinds.find("tf").read(tfjob(RUNNING), [pod(0, owner="other")]).instances == ()


def test_chief():
    """The chief comes first: the role that is one, else the first worker, never a parameter server."""
    read = kinds.find("tf").read
    found = read(tfjob(), [pod(1), pod(0, role="ps"), pod(0), pod(0, role="chief")])
    assert [(one.role, one.index, one.chief) for one in found.instances] == [
        ("chief", 0, True),
        ("ps", 0, False),
        ("worker", 0, False),
        ("worker", 1, False),
    ]
    assert read(tfjob(), [pod(1), pod(0, role="ps"), pod(0)]).chief.name == "j-worker-0"


def test_newest_launcher_is_the_chief():
    """Of the launchers that retries left, the newest is the chief."""
    pods = [
        pod(0, "Failed", role="launcher", kind="mpijob", state=ended(1)),
        pod(0, role="launcher", kind="mpijob"),
    ]
    for number, name in enumerate(("j-launcher-zz", "j-launcher-aa")):
        pods[number]["metadata"] |= {"name": name, "creationTimestamp": f"2026-01-31T12:00:0{number}Z"}
    job = {
        "apiVersion": "kubeflow.org/v2beta1",
        "metadata": {"name": "j", "uid": "u"},
        "spec": {},
        "status": {},
    }
    found = kinds.find("mpi").read(job, pods)
    assert [one.name for one in found.instances if one.chief] == ["j-launcher-aa"]


def test_the_first_master_is_the_chief():
    """Of several masters, as a PaddleJob has, the first is the chief, however old the others are."""
    masters = [pod(number, role="master", kind="pytorchjob") for number in (1, 0, 2)]
    job = {"metadata": {"name": "j", "uid": "u"}, "spec": {}, "status": {}}
    found = kinds.find("paddle").read(job, masters)
    assert [one.index for one in found.instances if one.chief] == [0]


def launcher(number, phase, made_by="j-launcher"):
    found = pod(0, phase, role="launcher", kind="mpijob", state=ended(1) if phase == "Failed" else None)
    reference = {"controller": True, "name": made_by, "uid": "u"}
    found["metadata"] |= {
        "name": f"j-launcher-{number}",
        "creationTimestamp": f"2026-01-31T12:00:0{number}Z",
        "ownerReferences": [reference],
    }
    return found


@pytest.mark.parametrize(
    ("pods", "limit", "phase"),
    [
        ([launcher(0, "Failed")], 1, Phase.RESTARTING),
        ([launcher(0, "Failed"), launcher(1, "Pending")], 1, Phase.RESTARTING),
        ([launcher(0, "Failed"), launcher(1, "Running")], 1, Phase.RUNNING),
        ([launcher(0, "Failed"), launcher(1, "Failed")], 1, Phase.RUNNING),
        ([launcher(0, "Failed")], 0, Phase.RUNNING),
        ([launcher(0, "Failed")], None, Phase.RESTARTING),
        ([launcher(0, "Failed", made_by="j")], None, Phase.RUNNING),
    ],
)
def test_a_launcher_that_starts_again(pods, limit, phase):
    """Between two launchers an MPIJob restarts, which its operator does not report; after the last not."""
    job = {
        "metadata": {"name": "j", "uid": "u"},
        "spec": {"runPolicy": {} if limit is None else {"backoffLimit": limit}},
        "status": {"conditions": [cond("Running")]},
    }
    workers = [pod(0, kind="mpijob")]
    found = kinds.find("mpi").read(job, [*pods, *workers])
    assert (found.phase, found.reason) == (phase, "exit code 1 on launcher")


def old_pod(**labels):
    return {"metadata": {"name": "j-worker-3", "namespace": "n", "labels": labels}, "spec": {}, "status": {}}


def test_jobs_of_former_operators():
    """Jobs and pods of the Go arena's operators are found by their old labels."""
    tf, py, mpi = (kinds.find(word) for word in ("tf", "py", "mpi"))
    former = tfjob(spec={"cleanPodPolicy": "Running"})
    assert tf.pods(former) == {"group-name": "kubeflow.org", "tf-job-name": "j"}
    made = old_pod(
        **{
            "group-name": "kubeflow.org",
            "tf-job-name": "j",
            "tf-replica-type": "worker",
            "tf-replica-index": "3",
        }
    )
    assert (
        tf.job_of(made),
        py.job_of(made),
        instance(made, TRAINING_OPERATOR).role,
        instance(made, TRAINING_OPERATOR).index,
    ) == (
        "j",
        "",
        "worker",
        3,
    )
    made = old_pod(
        **{"pytorch-job-name": "j", "pytorch-replica-type": "master", "pytorch-replica-index": "0"}
    )
    assert (py.job_of(made), instance(made, TRAINING_OPERATOR).chief) == ("j", True)
    made = old_pod(mpi_job_name="j", mpi_role_type="worker")
    assert (mpi.job_of(made), instance(made, TRAINING_OPERATOR).index) == ("j", 3)


@pytest.mark.parametrize(
    ("word", "phase"), [("Active", Phase.RUNNING), ("Succeeded", Phase.SUCCEEDED), ("Failed", Phase.FAILED)]
)
def test_former_mpi_jobs(word, phase):
    """The state of an MPIJob of v1alpha1 is that of its launcher."""
    template = {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 2}}}]}}
    job = {
        "apiVersion": "kubeflow.org/v1alpha1",
        "metadata": {"name": "j"},
        "spec": {"replicas": 3, "template": template},
        "status": {"launcherStatus": word},
    }
    mpi = kinds.find("mpi")
    found = mpi.read(job, [])
    assert (found.phase, found.gpus) == (phase, 6)
    assert mpi.pods(job) == {"mpi_job_name": "j"}


def test_labels_of_a_jobs_pods():
    """Each kind, and each version of MPIJob, has the labels of its own operator."""
    for kind in ("tfjob", "pytorchjob", "mpijob"):
        version = "v2beta1" if kind == "mpijob" else "v1"
        found = kinds.find(kind).pods({"apiVersion": f"kubeflow.org/{version}", "metadata": {"name": "j"}})
        assert found == {
            "training.kubeflow.org/job-name": "j",
            "training.kubeflow.org/operator-name": OPERATORS[kind],
        }
        assert kinds.find(kind).job_of(pod(0, kind=kind)) == "j"
    found = kinds.find("mpi").pods({"apiVersion": "kubeflow.org/v1", "metadata": {"name": "j"}})
    assert found["training.kubeflow.org/operator-name"] == "mpijob-controller"


@pytest.mark.parametrize(
    ("labels", "command", "kind"),
    [
        ({}, ["mpirun", "x"], "mpijob"),
        ({}, ["sh", "-c", "horovodrun -np 2 x"], "horovodjob"),
        ({"app": "horovodjob"}, ["mpirun", "x"], "horovodjob"),
        ({"app": "mpijob"}, ["horovodrun", "x"], "mpijob"),
    ],
)
def test_owner_of_an_mpi_job(labels, command, kind):
    """An MPIJob is a Horovod job when its maker says so or its launcher runs horovodrun, never both."""
    template = {"spec": {"containers": [{"command": command}]}}
    job = {
        "metadata": {"name": "j", "labels": labels},
        "spec": {"mpiReplicaSpecs": {"Launcher": {"template": template}}},
    }
    assert [
        one.name for one in kinds.training_kinds() if one.template == "mpijob.yaml" and one.owns(job)
    ] == [kind]


def without(node, choose):
    """A copy of the node in which `choose` may have left out, or emptied, any part but names."""
    if isinstance(node, list):
        return [without(one, choose) for one in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key in ("name", "metadata"):
            found[key] = without(value, choose)
        elif choose():
            found[key] = without(value, choose) if choose() else None
    return found


@settings(max_examples=200)
@given(st.randoms(use_true_random=False), st.sampled_from(kinds.training_kinds()))
def test_whatever_is_missing(random, kind):
    """A job is read whatever its object and its pods lack: others make them, and operators are slow."""
    job = tfjob(CREATED, RUNNING, startTime=T0)
    job["spec"]["pytorchReplicaSpecs"] = job["spec"]["mpiReplicaSpecs"] = job["spec"]["tfReplicaSpecs"]
    init = {"name": "i", "state": ended(0)}
    pods = [pod(0), pod(1, "Failed", state=ended(1)), pod(2, "Pending", initContainerStatuses=[init])]
    job, pods = (without(one, lambda: random.random() > 0.15) for one in (job, pods))
    assert kind.read(job, pods).name == "j"
    assert kind.pods(job)
    assert {kind.job_of(one) for one in pods} <= {"j", ""}
    assert kind.owns(job) in (True, False)


def test_who_is_to_blame():
    """Of replicas that failed in the same second, the one that was not terminated is named."""
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    ends = {"master": 143, "worker": 3}
    failed = [
        Instance(
            name=role, namespace="default", phase="Failed", role=role, finished=moment,
            containers=(Container(name="c", exit_code=code, reason="Error", finished=moment),),
        )
        for role, code in ends.items()
    ]  # fmt: skip
    assert instance_findings.trouble(failed).cause == "exit code 3 on worker-0"
