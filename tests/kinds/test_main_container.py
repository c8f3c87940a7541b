"""The container of a pod that runs the program: everything about an instance refers to it."""

import pytest
from cluster_words import T0, ended, pod, tfjob

from arena import kinds
from arena.kinds.evaluation.evaluatejob import evaluation
from arena.kinds.workload import instances
from arena.model.jobs import Phase

DEFAULT = "kubectl.kubernetes.io/default-container"
RUNNING = {"running": {"startedAt": T0}}
TF = kinds.find("tfjob")


def several(phase="Running", policy="Never", notes=(), index=0, **states):
    """A pod of these containers, the first first; nodes tell of them in the order of their names."""
    made = pod(index, phase)
    made["metadata"]["annotations"] = dict(notes)
    made["spec"] |= {"containers": [{"name": name} for name in states], "restartPolicy": policy}
    made["status"]["containerStatuses"] = [
        {"name": name, "ready": "running" in states[name], "restartCount": 0, "state": states[name]}
        for name in sorted(states)
    ]
    return made


@pytest.mark.parametrize(
    ("names", "notes", "main"),
    [
        (("proxy", "tensorflow"), {}, "tensorflow"),
        (("proxy", "tensorflow"), {DEFAULT: "proxy"}, "proxy"),
        (("proxy", "tensorflow"), {DEFAULT: "gone"}, "tensorflow"),
        (("zeta", "alpha"), {}, "zeta"),
        (("zeta", "alpha", "beta"), {DEFAULT: "beta"}, "beta"),
    ],
    ids="by-the-operator annotated annotated-wrongly first several".split(),
)
def test_which_it_is(names, notes, main):
    """The annotation says it, then the name that the operator knows; else it is the first of the spec."""
    found = instances.instance(several(notes=notes, **dict.fromkeys(names, RUNNING)), TF.conventions)
    assert found.main.name == main
    assert {one.name for one in found.containers} == set(names)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tfjob", "tensorflow"), ("pytorchjob", "pytorch"), ("xgboostjob", "xgboost"), ("jaxjob", "jax"),
        ("paddlejob", "paddle"), ("mpijob", "mpi"), ("horovodjob", "mpi"), ("job", "main"),
        ("jobset", "main"),
        ("sparkjob", "spark-kubernetes-driver"),
    ],
)  # fmt: skip
def test_each_kind_knows_its_own(kind, name):
    """A sidecar in the first place is not mistaken for the program, for any kind."""
    made = {"metadata": {}, "spec": {"containers": [{"name": "proxy"}, {"name": name}]}}
    assert instances.main(made, kinds.find(kind).conventions.main_containers) == name


def test_what_it_came_to():
    """Exit code, reason and readiness are its own, not those of what runs beside it."""
    proxy, program = ended(143), ended(3)
    job = TF.read(
        tfjob(),
        [
            several("Failed", aproxy=proxy, tensorflow=program),
            several("Running", index=1, aproxy=ended(0), tensorflow=RUNNING),
        ],
    )
    first, second = job.instances
    assert (first.exit_code, second.exit_code) == (3, None)
    assert job.reason == "exit code 3 on worker-0"
    assert second.is_ready


def test_a_failure_is_not_taken_for_an_end_that_was_asked_for():
    """The first failure is the cause, even if its sidecar was terminated afterwards."""
    told = several("Failed", index=1, tensorflow=ended(143))
    job = TF.read(tfjob(), [told, several("Failed", aproxy=ended(143), tensorflow=ended(3))])
    assert job.reason == "exit code 3 on worker-0"


@pytest.mark.parametrize(
    ("code", "policy", "reason"),
    [
        (0, "Never", "sidecar aproxy still runs on worker-0"),
        (0, "OnFailure", "sidecar aproxy still runs on worker-0"),
        (3, "Never", "exit code 3 on worker-0, where sidecar aproxy still runs"),
        (3, "OnFailure", ""),
        (0, "Always", ""),
    ],
)
def test_a_sidecar_that_runs_on(code, policy, reason):
    """Where the program has ended for good and a sidecar runs on, the reason is that sidecar."""
    made = several(
        policy=policy, aproxy=RUNNING, tensorflow=ended(code, "Completed" if not code else "Error")
    )
    job = TF.read(tfjob(), [made])
    assert job.phase is Phase.RUNNING
    assert job.reason == reason or not (reason or "sidecar" in job.reason)


def test_a_sidecar_after_the_end():
    """Of a job that has ended the sidecar is what still runs, and is not waited for as a program is."""
    from cluster_words import cond

    from arena.actions.jobs import lingering

    made = several(aproxy=RUNNING, tensorflow=ended(0, "Completed"))
    job = TF.read(tfjob(cond("Succeeded")), [made])
    assert (job.phase, job.reason) == (Phase.SUCCEEDED, "sidecar aproxy still runs on worker-0")
    assert [one.name for one in job.survivors] == ["j-worker-0"]
    assert lingering.late(job) == []


def test_what_an_evaluation_evaluates():
    """It is read from its program's variables."""
    env = [{"name": "MODEL_NAME", "value": "bert"}]
    parts = [{"name": "proxy"}, {"name": "main", "env": env}]
    obj = {"metadata": {"name": "e"}, "spec": {"template": {"spec": {"containers": parts}}}}
    job = TF.read(tfjob(), [])
    assert evaluation(obj, job).model == "bert"


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("tfjob", {"tfReplicaSpecs": {"Chief": {}, "Worker": {}}}),
        ("pytorchjob", {"pytorchReplicaSpecs": {"Master": {}, "Worker": {}}}),
        ("mpijob", {"mpiReplicaSpecs": {"Launcher": {}, "Worker": {}}}),
        ("volcanojob", {"tasks": [{"name": "master"}, {"name": "worker"}]}),
        ("jobset", {"replicatedJobs": [{"name": "coordinator"}, {"name": "worker"}]}),
        ("etjob", {}),
        ("sparkjob", {}),
    ],
)
def test_no_worker_is_chief_beside_one(kind, spec):
    """While the chief of a job is missing, no worker is mistaken for it."""
    found = kinds.find(kind)
    made = pod(0)
    made["metadata"]["labels"] = dict.fromkeys(found.conventions.role_labels, "worker")
    job = found.read({"metadata": {"name": "j", "uid": "u"}, "spec": spec}, [made])
    assert [one.role for one in job.instances] == ["worker"]
    assert job.chief is None
    assert not job.instances[0].chief
