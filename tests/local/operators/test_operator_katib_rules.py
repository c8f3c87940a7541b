"""What is refused of Experiments, Trials and Suggestions, and which defaults they get."""

import copy

import pytest
from katib_manifests import COMPLETE, FAILED, PARAMETER, experiment, job, pod, template, trial

from arena.local import definitions
from arena.local.api.request_options import WriteOptions
from arena.local.objects import Refused
from arena.local.operators.katib.kinds import EXPERIMENTS, SUGGESTIONS, TRIALS

SPACE = PARAMETER["feasibleSpace"]
WORD = {"name": "lr", "parameterType": "categorical", "feasibleSpace": {"list": ["a"]}}


def parameter(**fields):
    """The parameters of an Experiment: one that is changed."""
    return {"parameters": [{**PARAMETER, **fields}]}


def objective(**fields):
    """An objective that is changed."""
    return {"objective": {"type": "minimize", "objectiveMetricName": "loss", **fields}}


def collector(name, **place):
    """A metricsCollectorSpec."""
    return {"metricsCollectorSpec": {"collector": {"kind": name}, "source": {"fileSystemPath": place}}}


def filters(*formats):
    """A metricsCollectorSpec with filters."""
    return {"metricsCollectorSpec": {"source": {"filter": {"metricsFormat": list(formats)}}}}


def trials(run=None, **fields):
    """A trialTemplate."""
    return {"trialTemplate": template(run, **fields)}


def stopping(name="medianstop", **settings):
    """Early stopping."""
    given = [{"name": one, "value": value} for one, value in settings.items()]
    return {"earlyStopping": {"algorithmName": name, "algorithmSettings": given}}


REFUSED = {
    "no spec": (None, "spec: Required value"),
    "parallel": (
        {"parallelTrialCount": 7},
        "spec.parallelTrialCount: Invalid value: 7: should be less than or equal",
    ),
    "no parallel": (
        {"parallelTrialCount": 0},
        "spec.parallelTrialCount: Invalid value: 0: must be at least 1",
    ),
    "failures": (
        {"maxFailedTrialCount": 7},
        "spec.maxFailedTrialCount: Invalid value: 7: should be less than",
    ),
    "text as count": (
        {"maxTrialCount": "6"},
        "spec.maxTrialCount in body must be of type integer",
    ),
    "resume": ({"resumePolicy": "Always"}, 'spec.resumePolicy: Unsupported value: "Always"'),
    "no objective": ({"objective": None}, "spec.objective: Required value"),
    "goal": (objective(goal="1"), "spec.objective.goal in body must be of type number"),
    "type": (objective(type="less"), 'spec.objective.type: Unsupported value: "less"'),
    "no metric": (objective(objectiveMetricName=""), "spec.objective.objectiveMetricName: Required value"),
    "metric twice": (
        objective(additionalMetricNames=["loss"]),
        "should not contain spec.objective.objectiveMetricName",
    ),
    "metric as number": (
        objective(additionalMetricNames=[1]),
        "additionalMetricNames[0] in body must be of type string",
    ),
    "strategy": (
        objective(metricStrategies=[{"name": "loss", "value": "mean"}]),
        'spec.objective.metricStrategies[0].value: Unsupported value: "mean"',
    ),
    "no algorithm": ({"algorithm": {}}, "spec.algorithm.algorithmName: Required value"),
    "no such algorithm": ({"algorithm": {"algorithmName": "rnd"}}, "spec.algorithm"),
    "setting as number": (
        {
            "algorithm": {
                "algorithmName": "random",
                "algorithmSettings": [{"name": "random_state", "value": 1}],
            }
        },
        "spec.algorithm.algorithmSettings[0].value in body must be of type string",
    ),
    "networks": ({"nasConfig": {}}, "spec.nasConfig: Forbidden"),
    "no parameters": ({"parameters": []}, "spec.parameters: Required value"),
    "parameter twice": (
        {"parameters": [PARAMETER, PARAMETER]},
        'spec.parameters[1].name: Duplicate value: "lr"',
    ),
    "parameter type": (
        parameter(parameterType="float"),
        'spec.parameters[0].parameterType: Unsupported value: "float"',
    ),
    "number as bound": (
        parameter(feasibleSpace={"min": 0.01, "max": "1"}),
        "spec.parameters[0].feasibleSpace.min in body must be of type string",
    ),
    "no bound": (parameter(feasibleSpace={"min": "1"}), "feasibleSpace.max: Required value"),
    "word as bound": (parameter(feasibleSpace={"min": "a", "max": "1"}), "lr"),
    "bounds in the wrong order": (parameter(feasibleSpace={"min": "2", "max": "1"}), "lr"),
    "list of a range": (parameter(feasibleSpace={**SPACE, "list": ["1"]}), "feasibleSpace.list: Forbidden"),
    "distribution": (parameter(feasibleSpace={**SPACE, "distribution": "log"}), 'Unsupported value: "log"'),
    "range of words": (
        {"parameters": [{**WORD, "feasibleSpace": {"list": ["a"], "max": "1"}}]},
        "feasibleSpace: Forbidden: min, max and step are not supported",
    ),
    "empty list": (
        {"parameters": [{**WORD, "feasibleSpace": {"list": [], "x": 1}}]},
        "feasibleSpace.list: Required",
    ),
    "list of numbers": (
        {"parameters": [{**WORD, "feasibleSpace": {"list": [1]}}]},
        "feasibleSpace.list[0] in body must be of type string",
    ),
    "early stopping": (stopping("asha"), 'spec.earlyStopping.algorithmName: Unsupported value: "asha"'),
    "early stopping setting": (stopping(steps="1"), 'algorithmSettings[0].name: Unsupported value: "steps"'),
    "early stopping value": (stopping(start_step="0"), "must be a whole number of at least 1, as text"),
    "collector": (collector("PrometheusMetric"), 'collector.kind: Unsupported value: "PrometheusMetric"'),
    "relative file": (collector("File", path="m.log"), "fileSystemPath.path: Invalid value"),
    "format": (collector("File", path="/m", format="CSV"), 'format: Unsupported value: "CSV"'),
    "folder": (collector("TensorFlowEvent", path="/m", kind="File"), 'kind: Unsupported value: "File"'),
    "one group": (filters(r"(\w+)"), "two top subexpressions"),
    "no expression": (filters("("), "invalid filter"),
    "no template": ({"trialTemplate": None}, "spec.trialTemplate: Required value"),
    "no container": (trials(primaryContainerName=""), "primaryContainerName: Required value"),
    "two templates": (
        trials(configMap={"configMapName": "t"}),
        "spec.trialTemplate.trialSpec: Required value",
    ),
    "named": (
        trials({**job(), "metadata": {"name": "x"}}),
        "metadata.name and metadata.namespace must be omitted",
    ),
    "no kind": (trials({"spec": job()["spec"]}), "apiVersion and kind must be specified"),
    "no such kind": (
        trials({**job(), "kind": "Workflow"}, successCondition=COMPLETE, failureCondition=FAILED),
        'Invalid value: "batch/v1 Workflow": the local cluster has no such kind of job',
    ),
    "no condition": (
        trials({**job(), "kind": "JobSet"}),
        "successCondition: Required value: must be specified for other",
    ),
    "condition": (
        trials(successCondition="a..b"),
        'successCondition: Invalid value: "a..b": the local cluster cannot',
    ),
    "no trial parameters": (trials(trialParameters=[]), "trialParameters: Required value"),
    "unused": (trials(job("echo")), "${trialParameters.lr} does not occur in spec.trialTemplate.trialSpec"),
    "undeclared": (
        trials(job("echo ${trialParameters.lr} ${trialParameters.n}")),
        "n is not one of spec.trialTemplate.trialParameters: lr",
    ),
    "reference": (
        trials(trialParameters=[{"name": "lr", "reference": "rate"}]),
        'trialParameters[0].reference: Invalid value: "rate": does not exist in spec.parameters: lr',
    ),
    "name of a parameter": (
        trials(trialParameters=[{"name": "{lr}", "reference": "lr"}]),
        "must not contain '{' or '}'",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(api, what):
    """What Katib's webhook refuses is refused, with the field and the reason."""
    change, told = REFUSED[what]
    body = experiment()
    body["spec"] = {**body["spec"], **change} if change is not None else None
    with pytest.raises(Refused) as caught:
        api.create(EXPERIMENTS, body, "default")
    assert caught.value.code == 422
    assert told in caught.value.message


@pytest.mark.parametrize("name", ["1a", "a" * 41, "a-", "a.b"])
def test_names(api, name):
    """The name of an Experiment is a label of at most 40 characters."""
    with pytest.raises(Refused, match=r"metadata\.name"):
        api.create(EXPERIMENTS, experiment(name=name), "default")


def test_defaults(api):
    """What is left out is as with Katib; the kind of the collector may be in lower case."""
    body = experiment()
    for name in ("parallelTrialCount", "maxTrialCount"):
        del body["spec"][name]
    body["spec"]["objective"]["additionalMetricNames"] = ["acc"]
    body["spec"]["metricsCollectorSpec"] = {"collector": {"kind": "file"}}
    spec = api.create(EXPERIMENTS, body, "default")["spec"]
    assert (spec["parallelTrialCount"], spec["resumePolicy"]) == (3, "Never")
    assert spec["objective"]["metricStrategies"] == [
        {"name": "loss", "value": "min"},
        {"name": "acc", "value": "min"},
    ]
    place = {"path": "/var/log/katib/metrics.log", "kind": "File", "format": "TEXT"}
    assert spec["metricsCollectorSpec"] == {
        "collector": {"kind": "File"},
        "source": {"fileSystemPath": place},
    }
    chosen = spec["trialTemplate"]
    assert (chosen["successCondition"], chosen["failureCondition"]) == (COMPLETE, FAILED)


@pytest.mark.parametrize(
    ("kind", "field", "roles", "labels"),
    [
        ("PyTorchJob", "pytorchReplicaSpecs", ("Master", "Worker"), {"job-role": "master"}),
        ("PyTorchJob", "pytorchReplicaSpecs", ("Worker",), {"replica-type": "worker", "replica-index": "0"}),
        ("TFJob", "tfReplicaSpecs", ("Worker",), {"job-role": "master"}),
        ("MPIJob", "mpiReplicaSpecs", ("Launcher", "Worker"), {"job-role": "launcher"}),
    ],
    ids=["master", "workers", "tensorflow", "launcher"],
)
def test_pods_that_count(api, kind, field, roles, labels):
    """The pods whose metrics count follow from the kind of the job."""
    version = "kubeflow.org/v2beta1" if kind == "MPIJob" else "kubeflow.org/v1"
    replicas = {role: {"replicas": 1, "template": pod("echo ${trialParameters.lr}")} for role in roles}
    run = {"apiVersion": version, "kind": kind, "spec": {field: replicas}}
    chosen = api.create(EXPERIMENTS, experiment(trialTemplate=template(run)), "default")["spec"][
        "trialTemplate"
    ]
    found = {f"training.kubeflow.org/{name}": value for name, value in labels.items()}
    assert chosen["primaryPodLabels"] == found
    assert 'type=="Succeeded"' in chosen["successCondition"]


def edit(api, **spec):
    """Change the Experiment `hp` as a user does."""

    def changed(old):
        return {**old, "spec": {**old["spec"], **spec}}

    return api.change(EXPERIMENTS, "hp", "default", changed, "", WriteOptions(manager="test"))


def test_edits(api):
    """The three counts may be edited, and nothing else."""
    api.create(EXPERIMENTS, experiment(), "default")
    counts = {"parallelTrialCount": 3, "maxTrialCount": 9, "maxFailedTrialCount": 2}
    assert edit(api, **counts)["spec"]["maxTrialCount"] == 9
    with pytest.raises(Refused, match=r"only spec\.parallelTrialCount, spec\.maxTrialCount and"):
        edit(api, objective={"type": "maximize", "objectiveMetricName": "loss"})


@pytest.mark.parametrize(
    ("policy", "reason", "told"),
    [
        ("Never", "ExperimentMaxTrialsReached", "Experiment can be restarted if"),
        ("LongRunning", "ExperimentGoalReached", "Experiment can be restarted if"),
        ("LongRunning", "ExperimentMaxTrialsReached", ""),
        ("FromVolume", "ExperimentMaxTrialsReached", ""),
    ],
    ids=["never", "goal", "long", "volume"],
)
def test_edits_of_what_has_ended(api, policy, reason, told):
    """An Experiment that has ended may go on only by its policy, and if it ended by its number of trials."""
    api.create(EXPERIMENTS, experiment(resumePolicy=policy), "default")
    done = {"type": "Succeeded", "status": "True", "reason": reason}
    api.patch(EXPERIMENTS, "hp", {"status": {"conditions": [done], "trials": 6}}, "default", "status")
    if told:
        with pytest.raises(Refused, match=told):
            edit(api, maxTrialCount=9)
        return
    with pytest.raises(Refused, match=r"must be greater than status\.trials count"):
        edit(api, maxTrialCount=5)
    edit(api, maxTrialCount=9)


def test_a_search_keeps_the_server(api):
    """A server does not end while an Experiment runs, even if none of its trials does at the moment."""
    api.create(EXPERIMENTS, experiment(), "default")
    assert definitions.is_awaited(api)
    done = {"type": "Succeeded", "status": "True", "reason": "ExperimentGoalReached"}
    api.patch(EXPERIMENTS, "hp", {"status": {"conditions": [done]}}, "default", "status")
    assert not definitions.is_awaited(api)


@pytest.mark.parametrize(
    ("resource", "path", "value"),
    [
        (TRIALS, "objective", None),
        (TRIALS, "successCondition", "a..b"),
        (TRIALS, "runSpec", {}),
        (TRIALS, "primaryContainerName", None),
        (TRIALS, "parameterAssignments", [{"name": 1}]),
        (TRIALS, "earlyStoppingRules", [{"name": "loss", "value": "x", "comparison": "less"}]),
        (TRIALS, "earlyStoppingRules", [{"name": "loss", "value": "1", "comparison": "equal"}]),
        (SUGGESTIONS, "algorithm", None),
        (SUGGESTIONS, "requests", "1"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
def test_trials_and_suggestions(api, resource, path, value):
    """Trials and Suggestions that no operator can work with are refused."""
    good = {
        TRIALS: trial(job()),
        SUGGESTIONS: {"metadata": {"name": "hp"}, "spec": {"algorithm": {"algorithmName": "random"}}},
    }
    body = copy.deepcopy(good[resource])
    body["spec"][path] = value
    with pytest.raises(Refused) as caught:
        api.create(resource, body, "default")
    assert caught.value.code == 422
    api.create(resource, good[resource], "default")
