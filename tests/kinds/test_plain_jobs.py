"""Job, JobSet and TrainJob: what is sent, which ones belong to arena, and how they are read."""

import pytest
from cluster_words import T0, cond, ended

from arena import kinds
from arena.errors import MissingOperator, SpecError
from arena.kinds.training import trainjob
from arena.kinds.training.job import PLAIN
from arena.units import when

JOB, JOBSET, TRAINJOB = (kinds.find(word) for word in ("job", "jobset", "trainjob"))
INDEX = "batch.kubernetes.io/job-completion-index"
OURS = {"app.kubernetes.io/managed-by": "arena", "createdBy": "arena", "app": "job"}
SPEC = {"arena.kubeflow.org/spec": "{}"}


def obj(spec, *conditions, gpus=0, labels=None, notes=None, owner=None, **status):
    """An object named `j` whose pods request GPUs."""
    container = {"name": "main", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    meta = {"name": "j", "namespace": "n", "uid": "u", "labels": labels or {}, "annotations": notes or {}}
    if owner:
        meta["ownerReferences"] = [{"kind": owner, "name": "o", "uid": "o", "controller": True}]
    template = {"spec": {"containers": [container]}}
    return {
        "metadata": {**meta, "creationTimestamp": T0},
        "spec": {"template": template, **spec},
        "status": {"conditions": list(conditions), **status},
    }


def pod(number, index, phase="Running", made=T0, **labels):
    """A pod of the Job `j`, by default with its index."""
    state = {"Succeeded": ended(0, "Completed"), "Failed": ended(3)}.get(phase, {})
    marks = {"job-name": "j", **labels} | ({INDEX: str(index)} if index is not None else {})
    owner = {"controller": True, "name": "j", "uid": "u"}
    return {
        "metadata": {"name": f"j-{number}", "namespace": "n", "uid": f"p{number}", "labels": marks,
                     "creationTimestamp": made, "ownerReferences": [owner]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "main", "state": state, "ready": True}]},
    }  # fmt: skip


LATER = "2026-01-31T12:05:00Z"


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        ({}, False),
        ({"gpus": 1}, True),
        ({"labels": {"kueue.x-k8s.io/queue-name": "q"}}, True),
        ({"labels": OURS, "notes": SPEC}, True),
        ({"labels": {**OURS, "app": "evaluatejob"}, "notes": SPEC}, False),
        ({"labels": {**OURS, "app": "theirs"}}, True),
        ({"gpus": 1, "owner": "MPIJob"}, False),
        ({"gpus": 1, "owner": "CronJob"}, False),
        ({"labels": OURS, "notes": SPEC, "owner": "CronJob"}, True),
        ({"labels": OURS, "notes": SPEC, "owner": "JobSet"}, False),
    ],
    ids="plain GPUs queue arena other adopted part cron arena-cron part-of-ours".split(),
)  # fmt: skip
def test_whose_job_it_is(found, ours):
    """Jobs that arena created or adopted, that wait in a queue or request GPUs are listed; parts are not."""
    assert JOB.owns(obj({}, **found)) is ours


def test_parts_of_train_jobs_are_no_jobsets():
    """A JobSet that a TrainJob made is not listed a second time."""
    assert JOBSET.owns(obj({}))
    assert not JOBSET.owns(obj({}, owner="TrainJob"))


@pytest.mark.parametrize(
    ("job", "pods", "said", "names"),
    [
        (obj({"suspend": True}), [], ("SUSPENDED", "it is suspended"), []),
        (obj({}, active=1), [], ("RUNNING", ""), []),
        (obj({}, active=1), [pod(0, None)], ("RUNNING", ""), ["j-0"]),
        (
            obj({"completionMode": "Indexed", "parallelism": 2, "completions": 2}, active=2),
            [pod(0, 0, "Failed"), pod(1, 1), pod(2, 0, made=LATER)],
            ("RUNNING", ""),
            ["j-2", "j-1"],
        ),
        (
            obj({"completionMode": "Indexed", "parallelism": 2, "completions": 2}, cond("Failed")),
            [pod(0, 0, "Failed"), pod(1, 1, "Succeeded"), pod(2, 0, "Failed", made=LATER)],
            ("FAILED", "exit code 3 on worker-0"),
            ["j-2", "j-1"],
        ),
        (
            obj({"parallelism": 2, "completions": 4}),
            [pod(0, None, "Succeeded"), pod(1, None), pod(2, None), pod(3, None, "Failed")],
            ("RUNNING", ""),
            ["j-0", "j-1", "j-2"],
        ),
        (obj({}, cond("Complete")), [pod(0, None, "Succeeded")], ("SUCCEEDED", ""), ["j-0"]),
        (obj({}, active=1), [pod(0, None, "Succeeded")], ("RUNNING", ""), ["j-0"]),
        (obj({"backoffLimit": 0}), [pod(0, None, "Failed")], ("RUNNING", "exit code 3 on worker-0"), ["j-0"]),
        (obj({}), [pod(0, None, "Failed")], ("RESTARTING", "exit code 3 on worker-0"), ["j-0"]),
        (
            obj({}, cond("FailureTarget", message="m")),
            [pod(0, None, "Failed")],
            ("FAILED", "exit code 3 on worker-0"),
            ["j-0"],
        ),
        (
            obj({}, cond("SuccessCriteriaMet")),
            [pod(0, None)],
            ("SUCCEEDED", "1 instance still runs"),
            ["j-0"],
        ),
    ],
    ids="suspended unreadable one retried failed queue complete ending failing again lost won".split(),
)
def test_job(job, pods, said, names):
    """A Job has a phase, and of each place the pod that counts, not a failed one that has a successor."""
    read = JOB.read(job, pods)
    assert (read.phase.value, read.reason) == said
    assert [one.name for one in read.instances] == names
    assert all(one.role == "worker" for one in read.instances)


def test_runs_of_schedules_are_jobsets():
    """A JobSet that a Cron started is a job of its own, as every run of a schedule is."""
    cron = {"controller": True, "kind": "Cron", "name": "nightly", "uid": "1"}
    assert JOBSET.owns({"metadata": {"name": "nightly-1", "ownerReferences": [cron]}})


def test_jobset():
    """A JobSet's roles are its replicated jobs; the coordinator is the chief."""
    roles = [
        {"name": "worker", "template": {"spec": {"parallelism": 2, **obj({}, gpus=4)["spec"]}}},
        {"name": "coordinator", "replicas": 1, "template": {"spec": obj({})["spec"]}},
    ]
    names = ("worker", "worker", "coordinator")
    pods = [
        pod(number, index, **{"jobset.sigs.k8s.io/replicatedjob-name": name})
        for number, (index, name) in enumerate(zip((0, 1, 0), names, strict=True))
    ]
    read = JOBSET.read(obj({"replicatedJobs": roles}), pods)
    assert (read.phase.value, read.wanted, read.gpus) == ("RUNNING", 3, 8)
    assert [(one.role, one.index, one.chief) for one in read.instances] == [
        ("coordinator", 0, True), ("worker", 0, False), ("worker", 1, False)
    ]  # fmt: skip
    assert JOBSET.read(obj({}, cond("Completed")), []).phase.value == "SUCCEEDED"
    assert JOBSET.read(obj({}, restarts=1), []).phase.value == "RESTARTING"


def test_a_jobset_that_says_it_restarts():
    """A JobSet whose operator says that it restarts does, until all its Jobs are ready."""
    worker = pod(0, 0, **{"jobset.sigs.k8s.io/replicatedjob-name": "worker"})
    again = cond("RestartingJobSet")
    held = {"replicatedJobsStatus": [{"name": "worker", "active": 2, "ready": 1}], "restarts": 1}
    assert JOBSET.read(obj({}, again, **held), [worker]).phase.value == "RESTARTING"
    assert JOBSET.read(obj({}, {**again, "status": "False"}, **held), [worker]).phase.value == "RUNNING"
    assert JOBSET.read(obj({}, again, cond("Failed"), **held), []).phase.value == "FAILED"


@pytest.mark.parametrize("kind", [JOBSET, TRAINJOB], ids=lambda kind: kind.name)
def test_the_start_of_what_waited(kind):
    """What has no time of its start began when its queue or its user let it go."""
    resumed = cond("Suspended", status="False", lastTransitionTime=LATER)
    assert kind.read(obj({}, resumed), []).started == when(LATER)
    assert kind.read(obj({}, cond("Suspended")), []).started is None
    assert kind.read(obj({}), []).started is None


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ({}, "PENDING"),
        ({"jobsStatus": [{"name": "node", "active": 1, "ready": 0}]}, "RUNNING"),
        ({"jobsStatus": [{"name": "node", "active": 0, "ready": 1}]}, "RUNNING"),
        ({"jobsStatus": [{"name": "node", "active": 0, "ready": 0, "succeeded": 0}]}, "PENDING"),
    ],
    ids=["new", "active", "ready", "neither"],
)
def test_trainjob_has_no_condition_running(status, phase):
    """A TrainJob runs where its Jobs do, for it has no condition that says so."""
    trainer = {"numNodes": 3, "resourcesPerNode": {"limits": {"nvidia.com/gpu": "2"}}}
    read = TRAINJOB.read(obj({"trainer": trainer}, **status), [])
    assert (read.phase.value, read.wanted, read.gpus) == (phase, 3, 6)


def test_trainjob_that_waits_for_nodes():
    """A TrainJob whose Jobs are active, but whose pods have no node yet, is not shown as running."""
    waits = pod(0, 0, "Pending", **{"jobset.sigs.k8s.io/replicatedjob-name": "node"})
    waits["status"] = {"phase": "Pending"}
    del waits["spec"]["nodeName"]
    read = TRAINJOB.read(obj({}, jobsStatus=[{"name": "node", "active": 1, "ready": 0}]), [waits])
    assert read.phase.value == "PENDING"


def test_workers_need_numbers(submit):
    """Several workers on a cluster that cannot number them are refused; one worker is not."""
    assert len(submit("job", "--name", "x", "--image", "i", "true", resource=PLAIN)) == 1
    with pytest.raises(MissingOperator, match="--workers 2: the cluster is too old to number"):
        submit("job", "--name", "x", "--image", "i", "--workers", "2", "true", resource=PLAIN)


def test_scale():
    """An indexed Job is scaled by both of its counts; one whose pods are alike is not."""
    change = JOB.scale(obj({"completionMode": "Indexed", "parallelism": 2}), 5)
    assert change.patch == {"spec": {"parallelism": 5, "completions": 5}}
    with pytest.raises(SpecError, match='job "j" was submitted with one worker') as caught:
        JOB.scale(obj({}), 5)
    assert caught.value.hint == "start it again: arena rerun j -n n --replace --set workers=5"


def test_spellings_of_patches(submit):
    """What is changed of a runtime is spelled as the cluster's release of Trainer wants it."""
    line = ("trainjob", "--name", "x", "--selector", "pool=gpu", "--data", "pvc-1:/data", "true")
    (new,), (middle,), (old,) = (
        [submit(*line, resource=one)[0]["spec"]][0][one.field]
        for one in (trainjob.PATCHES, trainjob.TEMPLATES, trainjob.PODS)
    )
    assert new["manager"] == "arena.kubeflow.org/submit"
    (job,) = new["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    template = job["template"]["spec"]["template"]
    target = [{"name": job["name"]}]
    assert middle == {"targetJobs": target, "metadata": template["metadata"], "spec": template["spec"]}
    assert old == {"targetJobs": target, **template["spec"]}
    assert template["spec"]["nodeSelector"] == {"pool": "gpu"}
    assert [one["name"] for one in template["spec"]["containers"][0]["volumeMounts"]] == ["pvc-1", "dshm"]


@pytest.mark.parametrize(
    ("words", "resource", "told"),
    [
        (("--running-timeout", "1h"), trainjob.TEMPLATES, "--running-timeout"),
        (("--rdma",), trainjob.PODS, "--rdma"),
        (("-l", "team=nlp"), trainjob.PODS, "--label or --annotation"),
        (("--queue-name", "q", "--queue-system", "volcano"), trainjob.TEMPLATES, "--queue-system volcano"),
        (("--nproc-per-node", "gpu"), trainjob.PATCHES, "--nproc-per-node gpu"),
    ],
)
def test_what_a_release_cannot(submit, words, resource, told):
    """An option that the cluster's release of Trainer does not support is refused, rather than lost."""
    with pytest.raises(SpecError, match=f"{told}: the cluster's release of Trainer"):
        submit("trainjob", "--name", "x", *words, "true", resource=resource)


def test_processes(submit):
    """A number of processes is sent as one; a word as such to those that know it, and auto is the default."""
    for word, resource, sent in (
        ("8", trainjob.PATCHES, 8), ("gpu", trainjob.PODS, "gpu"), ("auto", trainjob.PATCHES, None)
    ):  # fmt: skip
        made = submit("trainjob", "--name", "x", "--nproc-per-node", word, "true", resource=resource)
        assert made[0]["spec"]["trainer"].get("numProcPerNode") == sent


@pytest.mark.parametrize("word", ["job", "jobset"])
def test_a_lone_worker_starts_as_many_processes(submit, word):
    """A worker without others is told how many processes torchrun shall start, and of no others to meet."""
    made = submit(word, "--name", "x", "--image", "i", "--nproc-per-node", "4", "torchrun train.py")[0]
    jobs = made["spec"].get("replicatedJobs") or [{"template": made}]
    env = jobs[0]["template"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "PET_NPROC_PER_NODE", "value": "4"} in env
    assert not any(one["name"].startswith("MASTER_") for one in env)


def test_a_trainer_is_always_there(submit):
    """Every TrainJob has a trainer, without which the runtime tells the program nothing of the others."""
    assert submit("trainjob", "--name", "x", "true")[0]["spec"]["trainer"]["numNodes"] == 1


@pytest.mark.parametrize(("word", "longest"), [("jobset", 41), ("trainjob", 43)])
def test_names_leave_room(submit, word, longest):
    """A name that is too long for those of the instances is refused, with the maximum length."""
    submit(word, "--name", "a" * longest, "--image", "i", "true")
    with pytest.raises(SpecError) as caught:
        submit(word, "--name", "a" * (longest + 1), "--image", "i", "true")
    assert caught.value.hint.startswith(f"use at most {longest}: ")


def test_relative_events_need_a_directory(submit):
    """A relative --logdir is refused if the working directory of a TrainJob is unknown."""
    with pytest.raises(SpecError, match="--logdir logs is not an absolute path"):
        submit("trainjob", "--name", "x", "--tensorboard", "--logdir", "logs", "true")
