"""Elastic and DeepSpeed jobs: what is sent, how they are read, and how they are scaled."""

import shutil
import subprocess
from pathlib import Path

import crds
import pytest
from cluster_words import T0, cond

from arena import kinds
from arena.errors import Conflict, SpecError
from arena.kinds.training import etjob
from arena.kinds.training.specs.base import ssh_key
from arena.kinds.training.specs.etjob import ScaleSpec
from arena.model.jobs import Phase
from arena.units import when

ET, DEEPSPEED = kinds.find("et"), kinds.find("dp")


def training_job(
    phase="Running", *, conditions=(), app="", command="python train.py", status=None, worker=None
):
    """A TrainingJob with two workers, one to four allowed."""
    limits = {"replicas": 2, "minReplicas": 1, "maxReplicas": 4, "template": template("sleep")}
    specs = {
        "launcher": {"replicas": 1, "template": template(command)},
        "worker": {**limits, **(worker or {})},
    }
    return {
        "apiVersion": "kai.alibabacloud.com/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": "e", "namespace": "default", "uid": "u", "labels": {"app": app} if app else {}},
        "spec": {"etReplicaSpecs": specs},
        "status": {"phase": phase, "conditions": list(conditions), **(status or {})} if phase else {},
    }


def template(command):
    return {"spec": {"containers": [{"name": "et", "image": "i", "command": ["sh", "-c", command]}]}}


def member(name, role, index=None, phase="Running"):
    own = {"group-name": "kai.alibabacloud.com", "training-job-name": "e", "training-job-role": role}
    own |= {} if index is None else {"replica-index": str(index)}
    meta = {"name": name, "namespace": "default", "uid": name, "labels": own}
    return {"metadata": meta, "spec": {"containers": []}, "status": {"phase": phase}}


PODS = [
    member("e-launcher", "launcher"),
    member("e-worker-0", "worker", 0),
    member("e-worker-3", "worker", 3),
]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--workers", "5", "--max-workers", "4"],
            "--workers 5 is not between --min-workers 1 and --max-workers 4",
        ),
        (["--min-workers", "2"], "--workers 1 is not between --min-workers 2 and --max-workers 1000"),
        (["--min-workers", "3", "--max-workers", "2"], "--min-workers 3 exceeds --max-workers 2"),
        (["--min-workers", "0"], '--min-workers: "0" is out of range: it must be 1 or more'),
        (["--retry", "2", "--job-backoff-limit", "3"], "--retry 2 contradicts --job-backoff-limit 3"),
        (
            ["--retry", "2", "--job-restart-policy", "never"],
            "--retry 2 contradicts --job-restart-policy Never",
        ),
        (["--worker-restart-policy", "Sometimes"], '--worker-restart-policy: "Sometimes" is not allowed'),
    ],
)
def test_what_cannot_be_is_said(submit, words, sentence):
    """Workers outside their limits, and options that contradict each other, are refused by name."""
    with pytest.raises(SpecError) as caught:
        submit("etjob", "--name", "e", "--image", "i", *words, "true")
    assert caught.value.message == sentence


def test_a_key_is_made_for_each_job(submit):
    """Without --ssh-secret the job brings a Secret of its own, whose key is nowhere else and never twice."""
    first, second = (submit("et", "--name", "e", "--image", "i", "true") for _ in range(2))
    assert [one["kind"] for one in first] == ["TrainingJob", "Secret"]
    assert first[1]["metadata"]["name"] == "e"
    assert set(first[1]["stringData"]) == {"config", "id_rsa", "id_rsa.pub"}
    assert first[1]["stringData"]["id_rsa"] != second[1]["stringData"]["id_rsa"]
    assert "PRIVATE KEY" not in str(first[0])


def test_a_given_key_is_used(submit):
    """With --ssh-secret no Secret is created, and its name is passed to the operator."""
    (job,) = submit("dp", "--name", "d", "--image", "i", "--ssh-secret", "keys", "true")
    assert job["metadata"]["annotations"]["arena.kubeflow.org/ssh-secret"] == "keys"


def test_a_known_key():
    """The first key pair of RFC 8032 comes out as published."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert ssh_key._public(seed).hex() == public


def test_openssh_reads_the_key(tmp_path: Path):
    """OpenSSH derives from the private file the very public key that stands beside it."""
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("NOT CHECKED: ssh-keygen is not installed")
    for number in range(8):
        private, public = ssh_key.pair(bytes([number]) * 32)
        path = tmp_path / f"key-{number}"
        path.write_text(private)
        path.chmod(0o600)
        derived = subprocess.run([program, "-y", "-f", str(path)], capture_output=True, text=True, check=True)
        assert derived.stdout.split()[:2] == public.split()


def test_restarts_are_the_operators(submit):
    """--retry lets the operator restart a failed job up to that number of times."""
    spec = submit("et", "--name", "e", "--image", "i", "--retry", "2", "true")[0]["spec"]
    assert (spec["restartPolicy"], spec["backoffLimit"]) == ("OnFailure", 2)


def test_gangs_are_of_workers(submit):
    """The launcher starts when the workers run, so a gang that included it would wait forever."""
    job = submit("et", "--name", "e", "--image", "i", "--workers", "3", "--gang", "true")[0]
    roles = job["spec"]["etReplicaSpecs"].values()
    marks = [one["template"]["metadata"]["labels"] for one in roles]
    assert [one["pod-group.scheduling.sigs.k8s.io/min-available"] for one in marks] == ["3", "3"]


@pytest.mark.parametrize(
    ("app", "command", "kind"),
    [
        ("etjob", "deepspeed train.py", ET),
        ("deepspeedjob", "python train.py", DEEPSPEED),
        ("", "horovodrun -np 2 python train.py", ET),
        ("", "deepspeed train.py", DEEPSPEED),
    ],
)
def test_two_kinds_share_a_type(app, command, kind):
    """A TrainingJob is of the kind that its maker said, else by what its launcher runs, and of no other."""
    obj = training_job(app=app, command=command)
    assert [one for one in (ET, DEEPSPEED) if one.owns(obj)] == [kind]


FAILED_SCALE = cond("ScaleFailed", message="too late")


@pytest.mark.parametrize(
    ("obj", "pods", "phase", "reason"),
    [
        (training_job(""), [], Phase.PENDING, "its operator has not seen it yet"),
        (training_job("Created"), PODS[1:], Phase.RUNNING, ""),
        (training_job("Running"), PODS, Phase.RUNNING, ""),
        (
            training_job("Running", conditions=[cond("Scaling"), FAILED_SCALE]),
            PODS,
            Phase.RUNNING,
            "too late",
        ),
        (training_job("Running", conditions=[FAILED_SCALE, cond("Scaling")]), PODS, Phase.RUNNING, ""),
        (
            training_job("Scaling", conditions=[cond("Scaling", message="adds two")]),
            PODS,
            Phase.SCALING,
            "adds two",
        ),
        (training_job("Restarting"), [], Phase.RESTARTING, ""),
        (training_job("Suspended"), [], Phase.SUSPENDED, "it is suspended"),
        (training_job("Succeeded"), PODS[:1], Phase.SUCCEEDED, ""),
        (training_job("Failed", conditions=[cond("Failed", message="no")]), [], Phase.FAILED, "no"),
    ],
)
def test_reading(obj, pods, phase, reason):
    """The operator's words become phases, with what its last condition says as the reason."""
    job = ET.read(obj, pods)
    assert (job.phase, job.reason) == (phase, reason)


def failed(restarts, **spec):
    obj = training_job("Failed", conditions=[cond("Failed", message="no")], status={"restartCount": restarts})
    return {**obj, "spec": {**obj["spec"], **spec}}


@pytest.mark.parametrize(
    ("obj", "phase"),
    [
        (failed(0), Phase.FAILED),
        (failed(0, restartPolicy="Never"), Phase.FAILED),
        (failed(0, restartPolicy="OnFailure"), Phase.RESTARTING),
        (failed(1, restartPolicy="OnFailure", backoffLimit=2), Phase.RESTARTING),
        (failed(2, restartPolicy="OnFailure", backoffLimit=2), Phase.FAILED),
        (failed(6, restartPolicy="OnFailure"), Phase.FAILED),
    ],
)
def test_a_job_that_starts_anew_has_not_failed(obj, phase):
    """The operator says of each try that it failed; only of the last one it is the end of the job."""
    assert ET.read(obj, []).phase is phase


def test_the_end_of_the_last_try():
    """A job ends with its last try, not with the first, whose end the operator leaves in the status."""
    early = {"restartCount": 1, "completionTime": "2026-01-31T11:00:00Z", "startTime": "2026-01-31T10:00:00Z"}
    job = ET.read(training_job("Succeeded", conditions=[cond("Succeeded")], status=early), [])
    assert job.finished == when(T0)
    alone = {**early, "restartCount": 0}
    job = ET.read(training_job("Succeeded", conditions=[cond("Succeeded")], status=alone), [])
    assert job.finished == when("2026-01-31T11:00:00Z")


def test_cannot_be_resumed():
    """A job that its operator cannot resume is not resumed, and the hint names an alternative."""
    with_way = training_job("Suspended", conditions=[cond("Suspended", reason="TrainingJobSuspended")])
    without = training_job("Suspended", conditions=[cond("Suspended", reason="WaitingResourceTimeout")])
    assert ET.suspend(with_way, False).patch
    assert ET.suspend(without, True).patch
    with pytest.raises(Conflict, match='job "e" cannot be resumed') as caught:
        DEEPSPEED.suspend(without, False)
    assert caught.value.hint == "start it again: arena rerun e --replace"


def test_instances():
    """The launcher is the chief; workers keep their numbers, and as many are wanted as scaling left."""
    job = ET.read(training_job(status={"targetWorkers": ["e-worker-0", "e-worker-3"]}), PODS)
    assert [(one.role, one.index, one.chief) for one in job.instances] == [
        ("launcher", 0, True),
        ("worker", 0, False),
        ("worker", 3, False),
    ]
    assert job.wanted == 3
    assert ET.job_of(PODS[0]) == "e"
    assert ET.job_of({"metadata": {"labels": {"training-job-name": "e"}}}) == ""


@pytest.mark.parametrize(
    ("workers", "resource", "part"), [(4, etjob.SCALEOUTS, "toAdd"), (1, etjob.SCALEINS, "toDelete")]
)
def test_scale_asks(workers, resource, part):
    """Another number of workers is a request that the published definitions accept."""
    change = ET.scale(training_job(), workers)
    assert change.resource == resource
    assert change.request["spec"][part] == {"count": abs(workers - 2)}
    assert change.request["spec"]["selector"] == {"name": "e"}
    assert crds.faults(change.request) == []


def test_scale_with_a_script():
    """Script, variables, time limit and retries reach the request."""
    spec = ScaleSpec(name="e", count=1, script="/grow.sh", env={"A": "$$1"}, timeout=90, retry=2)
    request = etjob.scale_by(training_job(), spec, out=True).request
    assert request["spec"] == {
        "selector": {"name": "e"},
        "toAdd": {"count": 1},
        "timeout": 90,
        "script": "/grow.sh",
        "env": [{"name": "A", "value": "$$$$1"}],
        "backoffLimit": 2,
    }
    assert crds.faults(request) == []


def test_scale_to_the_same():
    """The present number of workers needs no request."""
    assert ET.scale(training_job(), 2).patch == {}


@pytest.mark.parametrize(
    ("obj", "workers", "error", "sentence"),
    [
        (
            training_job(),
            5,
            SpecError,
            '--workers 5: etjob "e" has 2 workers and takes at most 4 (its --max-workers)',
        ),
        (
            training_job(worker={"minReplicas": 2}),
            1,
            SpecError,
            '--workers 1: etjob "e" has 2 workers and needs at least 2 (its --min-workers)',
        ),
        (training_job("Scaling"), 3, Conflict, 'etjob "e" is being scaled'),
        (training_job("Succeeded"), 3, Conflict, 'etjob "e" does not run'),
    ],
)
def test_scale_refused(obj, workers, error, sentence):
    """Too many or too few workers, or a job that cannot be scaled now, are refused with the reason."""
    with pytest.raises(error) as caught:
        ET.scale(obj, workers)
    assert caught.value.message == sentence
