"""Trials of all kinds of jobs, their parameters, and all ways to report metrics, with real programs."""

import json
import struct
import sys

import pytest
from katib_manifests import COMPLETE, FAILED, job, pod, template
from product import quoted, until

from arena.local.objects import CONFIGMAPS, OBSERVATION_LOGS, PODS
from arena.local.operators.katib.kinds import EXPERIMENT_LABEL, TRIAL_LABEL

REPORT = 'echo "loss=${trialParameters.lr}"; sleep 0.1'
NOISE = "echo loss=-1000"
"""What pods print that do not count."""


def replicas(container, **commands):
    """Replica specs of a kubeflow.org job, by the names of roles and what they run."""
    return {
        role: {"replicas": 1, "restartPolicy": "Never", "template": pod(command, container)}
        for role, command in commands.items()
    }


def kubeflow(kind, field, container, **commands):
    """A job of the training operator."""
    return {"apiVersion": "kubeflow.org/v1", "kind": kind, "spec": {field: replicas(container, **commands)}}


MPI = {
    "apiVersion": "kubeflow.org/v2beta1",
    "kind": "MPIJob",
    "spec": {"mpiReplicaSpecs": replicas("mpi", Launcher=REPORT, Worker="sleep 100")},
}
TRAINJOB = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "TrainJob",
    "spec": {
        "runtimeRef": {"name": "torch-distributed"},
        "trainer": {
            "numNodes": 2,
            "command": ["sh", "-c", f"if [ $JOB_COMPLETION_INDEX = 0 ]; then {REPORT}; else {NOISE}; fi"],
        },
    },
}
JOBSET = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "spec": {"replicatedJobs": [{"name": "a", "template": {"spec": job(REPORT)["spec"]}}]},
}
KINDS = {
    "Job": (job(REPORT), "main", {}),
    "PyTorchJob": (
        kubeflow("PyTorchJob", "pytorchReplicaSpecs", "pytorch", Master=REPORT, Worker=NOISE),
        "pytorch", {},
    ),
    "PyTorchJob without a master": (
        kubeflow("PyTorchJob", "pytorchReplicaSpecs", "pytorch", Worker=REPORT), "pytorch", {},
    ),
    "TFJob": (
        kubeflow("TFJob", "tfReplicaSpecs", "tensorflow", Chief=REPORT, Worker=NOISE), "tensorflow", {},
    ),
    "TFJob of workers": (kubeflow("TFJob", "tfReplicaSpecs", "tensorflow", Worker=REPORT), "tensorflow", {}),
    "XGBoostJob": (
        kubeflow("XGBoostJob", "xgbReplicaSpecs", "xgboost", Master=REPORT, Worker=NOISE), "xgboost", {},
    ),
    "MPIJob": (MPI, "mpi", {}),
    "TrainJob": (TRAINJOB, "node", {}),
    "JobSet": (
        JOBSET, "main",
        {"successCondition": COMPLETE.replace("Complete", "Completed"), "failureCondition": FAILED},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(sweeps, kind):
    """Trials of every kind report by the pod that leads, and end with their job."""
    run, container, more = KINDS[kind]
    sweeps.start(
        trialTemplate=template(run, primaryContainerName=container, **more),
        maxTrialCount=2,
        parallelTrialCount=1,
    )
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    assert sweeps.status()["trialsSucceeded"] == 2, [one["status"]["conditions"] for one in sweeps.trials()]
    for one in sweeps.trials():
        value = one["spec"]["parameterAssignments"][0]["value"]
        metric = {"name": "loss", "min": value, "max": value, "latest": value}
        assert one["status"]["observation"]["metrics"] == [metric]


def test_parameters(sweeps):
    """Values are filled into texts, with what belongs to the job itself, and no value becomes structure."""
    names = {
        "name": "${trialSpec.Name}", "namespace": "${trialSpec.Namespace}", "kind": "${trialSpec.Kind}",
        "version": "${trialSpec.APIVersion}", "team": "${trialSpec.Labels[team]}",
        "note": "${trialSpec.Annotations[a/note]}", "word": "word",
    }  # fmt: skip
    odd = '"]; $(false) ${trialParameters.name} '
    space = {"name": "word", "parameterType": "categorical", "feasibleSpace": {"list": [odd]}}
    code = (
        "import json, os, sys; print(json.dumps([*sys.argv[1:], os.environ['KATIB_TRIAL_NAME']]), 'loss=1')"
    )
    run = job()
    words = [f"${{trialParameters.{name}}}" for name in names]
    run["metadata"] = {"labels": {"team": "nlp"}, "annotations": {"a/note": "x y"}}
    run["spec"]["template"]["spec"]["containers"][0]["command"] = [sys.executable, "-c", code, *words]
    parameters = [{"name": name, "reference": reference} for name, reference in names.items()]
    sweeps.start(
        parameters=[space], maxTrialCount=1, parallelTrialCount=1,
        trialTemplate=template(run, trialParameters=parameters, retain=True),
    )  # fmt: skip
    sweeps.ended()
    (found,) = sweeps.trials()
    name = found["metadata"]["name"]
    (log,) = sweeps.api.list(OBSERVATION_LOGS, "default", f"{TRIAL_LABEL}={name}")
    text = log["status"]["output"][0]["text"]
    assert json.loads(text.removesuffix(" loss=1")) == [
        name, "default", "Job", "batch/v1", "nlp", "x y", odd, name,
    ]  # fmt: skip


def test_a_template_of_a_configmap(sweeps):
    """A template that a ConfigMap holds is text as a whole, which can fill numbers, too."""
    text = json.dumps(job(REPORT)).replace('"backoffLimit": 0', '"backoffLimit": ${trialParameters.n}')
    sweeps.api.create(CONFIGMAPS, {"metadata": {"name": "t"}, "data": {"job": text}}, "default")
    source = {"configMapName": "t", "configMapNamespace": "default", "templatePath": "job"}
    whole = {"name": "n", "parameterType": "int", "feasibleSpace": {"min": "3", "max": "3"}}
    lr = {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.1", "max": "0.2"}}
    chosen = template(successCondition=COMPLETE, failureCondition=FAILED, configMap=source)
    del chosen["trialSpec"]
    chosen["trialParameters"].append({"name": "n", "reference": "n"})
    sweeps.start(trialTemplate=chosen, parameters=[whole, lr], maxTrialCount=2)
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    assert [one["spec"]["runSpec"]["spec"]["backoffLimit"] for one in sweeps.trials()] == [3, 3]


def test_no_configmap(sweeps):
    """An experiment without its template fails, and says what is missing."""
    source = {"configMapName": "t", "configMapNamespace": "default", "templatePath": "job"}
    chosen = template(successCondition=COMPLETE, failureCondition=FAILED, configMap=source)
    del chosen["trialSpec"]
    sweeps.start(trialTemplate=chosen)
    assert sweeps.end()["message"] == (
        'Experiment has failed because there is no ConfigMap "t" in namespace "default"'
    )


def reporting(sweeps, script, kind, path, **place):
    """Run one trial that writes to a file or folder at `path`; its observation."""
    run = job(f"{script} # ${{trialParameters.lr}}")
    spec = run["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "out", "emptyDir": {}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "out", "mountPath": "/no/such/out"}]
    source = {"fileSystemPath": {"path": path, **place}} if path else None
    sweeps.start(
        trialTemplate=template(run), maxTrialCount=1, parallelTrialCount=1,
        objective={"type": "maximize", "objectiveMetricName": "acc", "additionalMetricNames": ["loss"],
                   "metricStrategies": [{"name": "acc", "value": "latest"}]},
        metricsCollectorSpec={"collector": {"kind": kind}, **({"source": source} if source else {})},
    )  # fmt: skip
    sweeps.ended()
    (found,) = sweeps.trials()
    return {one["name"]: one for one in found["status"]["observation"]["metrics"]}


def test_a_text_file(sweeps):
    """Metrics come from a text file, and those of additional names, too."""
    script = "printf 'acc=0.5 loss=1\\nacc=0.9\\nacc=0.7 loss=0.5\\n' > /no/such/out/m; echo acc=1"
    found = reporting(sweeps, script, "File", "/no/such/out/m")
    assert found["acc"] == {"name": "acc", "min": "0.5", "max": "0.9", "latest": "0.7"}
    assert (found["loss"]["min"], found["loss"]["latest"]) == ("0.5", "0.5")


def test_a_json_file(sweeps):
    """Metrics come from a file of JSON lines."""
    script = """printf '{"acc": 0.5}\\n{"acc": "0.75", "loss": 2}\\n' > /no/such/out/m"""
    found = reporting(sweeps, script, "File", "/no/such/out/m", format="JSON")
    assert (found["acc"]["latest"], found["loss"]["latest"]) == ("0.75", "2")


def test_stdout_in_lower_case(sweeps):
    """The kind of a collector may be written in lower case, and a metric without values is unavailable."""
    found = reporting(sweeps, "echo acc=0.5", "stdout", "")
    assert found["acc"]["latest"] == "0.5"
    assert found["loss"] == {
        "name": "loss",
        "min": "unavailable",
        "max": "unavailable",
        "latest": "unavailable",
    }


def _field(number, kind, body):
    return bytes([number << 3 | kind]) + (bytes([len(body)]) if kind == 2 else b"") + body


def _event(tag, value):
    """A record of an event file that holds one scalar."""
    scalar = _field(1, 2, tag.encode()) + _field(2, 5, struct.pack("<f", value))
    event = _field(1, 1, struct.pack("<d", 1.0)) + _field(5, 2, _field(1, 2, scalar))
    return struct.pack("<Q", len(event)) + b"\0" * 4 + event + b"\0" * 4


def test_event_files(sweeps, tmp_path):
    """Metrics come from the event files of TensorFlow."""
    events = tmp_path / "events.out.tfevents.1"
    events.write_bytes(_event("acc", 0.5) + _event("acc", 0.25) + _event("loss", 3.0))
    found = reporting(sweeps, f"cp {quoted(events)} /no/such/out/", "TensorFlowEvent", "/no/such/out")
    assert (found["acc"]["max"], found["acc"]["latest"], found["loss"]["latest"]) == ("0.5", "0.25", "3")


def test_metrics_while_a_trial_runs(sweeps, tmp_path):
    """Metrics of a trial are there before it ends, under the names of trial and experiment."""
    go = tmp_path / "go"
    sweeps.start(
        f"echo loss=0.5 ${{trialParameters.lr}}; while [ ! -e {quoted(go)} ]; do sleep 0.02; done",
        maxTrialCount=1, parallelTrialCount=1,
    )  # fmt: skip
    (log,) = until(lambda: sweeps.api.list(OBSERVATION_LOGS, "default", f"{EXPERIMENT_LABEL}=hp"))
    assert log["status"]["metrics"][0]["latest"]["value"] == "0.5"
    (found,) = sweeps.trials()
    assert log["metadata"]["labels"][TRIAL_LABEL] == found["metadata"]["name"]
    assert len(sweeps.api.list(PODS, "default", f"{TRIAL_LABEL}={found['metadata']['name']}")) == 1
    go.touch()
    sweeps.ended()


def test_early_stopping(sweeps, tmp_path):
    """Trials that are worse than the median of the others end early, and the rest run to their end."""
    begun = tmp_path / "begun"
    begun.mkdir()
    script = (
        f"n=$(ls {begun} | wc -l); touch {begun}/$KATIB_TRIAL_NAME # ${{trialParameters.lr}}\n"
        "if [ $n -lt 3 ]; then for i in 1 2 3 4; do echo loss=$n.$i; done; exit; fi\n"
        "for i in 6 7 8 9; do echo loss=$i; done; sleep 1000"
    )
    steps = [{"name": "start_step", "value": "3"}]
    sweeps.start(
        script, maxTrialCount=5, parallelTrialCount=1,
        earlyStopping={"algorithmName": "medianstop", "algorithmSettings": steps},
    )  # fmt: skip
    sweeps.ended()
    status = sweeps.status()
    assert (status["trialsSucceeded"], status["trialsEarlyStopped"]) == (3, 2)
    stopped = [one for one in sweeps.trials() if one["metadata"]["name"] in status["earlyStoppedTrialList"]]
    for one in stopped:
        rule = {"name": "loss", "value": "1.2", "comparison": "greater", "startStep": 3}
        assert one["spec"]["earlyStoppingRules"] == [rule]
        assert one["status"]["observation"]["metrics"][0]["min"] == "6"
