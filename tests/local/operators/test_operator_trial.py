"""Trials with a kubelet that the test plays: from the job to what the trial has come to."""

import pytest
from katib_manifests import job, pod, trial

from arena.local.objects import JOBS, OBSERVATION_LOGS
from arena.local.operators.katib import gjson
from arena.local.operators.katib.kinds import TRIAL_LABEL, TRIALS

JOB = {
    "status": {
        "conditions": [{"type": "Suspended", "status": "False"}, {"type": "Complete", "status": "True"}],
        "phase": "Succeeded",
        "failed": 3,
    }
}


@pytest.fixture
def start(bench):
    """Create the Trial `hp-1`, whose pod runs."""
    bench.node()

    def make(run=None, **spec):
        run = run or job()
        run["spec"]["template"]["metadata"] = {"labels": {TRIAL_LABEL: "hp-1"}}
        bench.submit(TRIALS, trial(run, **spec))
        bench.run(*bench.pods())

    return make


def report(bench, metrics=(), complete=True, output="", labels=()):
    """The node: what the pod of the trial has reported, as (name, min, max, latest)."""
    (pod,) = bench.pods().values()
    meta = {"name": pod["metadata"]["uid"], "labels": {**pod["metadata"]["labels"], **dict(labels)}}
    found = [
        {"name": name, "container": "main", "count": 3, "min": low, "max": high,
         "latest": {"time": "2026-01-31T12:00:00Z", "value": last}, "values": []}
        for name, low, high, last in metrics
    ]  # fmt: skip
    status = {"complete": complete, "metrics": found, "output": [{"container": "main", "text": output}]}
    body = {"metadata": meta, "pod": {}, "status": status}
    if bench.objects.get(OBSERVATION_LOGS, meta["name"], "default"):
        bench.objects.patch(OBSERVATION_LOGS, meta["name"], {"status": status}, "default")
    else:
        bench.objects.create(OBSERVATION_LOGS, body, "default")
    bench.settled()


def last(bench):
    """The last condition of the trial."""
    return bench.status(TRIALS, "hp-1")["conditions"][-1]


LOSS = ("loss", "0.1", "0.9", "0.2")


def test_success(bench, start):
    """A trial has succeeded when its job has and its metrics are complete; then its job is deleted."""
    start()
    assert bench.holding(TRIALS, "hp-1") == {"Created", "Running"}
    (name,) = bench.pods()
    report(bench, [LOSS], complete=False)
    bench.end(name)
    assert bench.holding(TRIALS, "hp-1") == {"Created", "Running"}
    report(bench, [LOSS])
    assert bench.holding(TRIALS, "hp-1") == {"Created", "Succeeded"}
    metric = {"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}
    assert bench.status(TRIALS, "hp-1")["observation"] == {"metrics": [metric]}
    assert bench.read(JOBS, "hp-1") is None


def test_output_that_is_never_read(bench, start):
    """A collector that does not end holds a trial up for some seconds only."""
    start()
    report(bench, [LOSS], complete=False)
    bench.end(*bench.pods())
    assert last(bench)["type"] == "Running"
    bench.later(21)
    assert last(bench)["type"] == "Succeeded"


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ([("loss", "0.1", "0.9", "nan")], "loss is NaN, which is no number"),
        ([("loss", "-inf", "0.9", "0.5")], "loss is -inf, which is not finite"),
    ],
    ids=["nan", "infinity"],
)
def test_no_finite_number(bench, start, metrics, told):
    """A trial whose metric is NaN or infinite has failed for that reason."""
    start()
    report(bench, metrics)
    bench.end(*bench.pods())
    assert (last(bench)["type"], last(bench)["reason"]) == ("Failed", "MetricNotFinite")
    assert last(bench)["message"] == f"Trial has failed. {told}"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "epoch 1\nacc=0.5\n",
            "Metrics are not available: there is no loss in the output; the last output was: "
            "epoch 1 | acc=0.5",
        ),
        (
            "",
            "Metrics are not available: the program printed nothing, so that there is no loss; probably its "
            "output was buffered when it ended: run it with python -u, or set PYTHONUNBUFFERED=1",
        ),
    ],
    ids=["other", "nothing"],
)
def test_no_metric(bench, start, output, told):
    """A trial without its metric is no success; it says what its program printed instead."""
    start()
    report(bench, output=output)
    bench.end(*bench.pods())
    assert (last(bench)["type"], last(bench)["message"]) == ("MetricsUnavailable", told)
    assert bench.messages("hp-1", "MetricsUnavailable") == [told]


def test_no_metric_in_a_file(bench, start):
    """A trial that reports by a file says which file lacks the metric."""
    place = {"path": "/logs/metrics", "kind": "File", "format": "TEXT"}
    spec = {"collector": {"kind": "File"}, "source": {"fileSystemPath": place}}
    start(metricsCollector=spec)
    report(bench)
    bench.end(*bench.pods())
    assert last(bench)["message"] == (
        "Metrics are not available: there is no loss in /logs/metrics, and the program printed nothing"
    )


def test_pods_that_do_not_count(bench, start):
    """Only the metrics of pods with the primary labels count, and a trial without such pods says so."""
    start(primaryPodLabels={"role": "chief"})
    report(bench, [LOSS])
    bench.end(*bench.pods())
    bench.later(21)
    assert last(bench)["message"] == (
        "Metrics are not available: no pod with the labels role=chief has run a container main"
    )


def test_a_failed_job(bench, start):
    """A trial fails with its job, by the reason of the job and the last error in the output."""
    start()
    report(bench, [LOSS], output="loss=0.1\nValueError: too large\nbye\n")
    bench.end(*bench.pods(), code=1)
    assert last(bench)["reason"] == "TrialFailed. Job reason: BackoffLimitExceeded"
    assert last(bench)["message"] == (
        "Trial has failed. Job message: Job has reached the specified backoff limit. "
        "Its last output was: ValueError: too large"
    )
    assert bench.status(TRIALS, "hp-1")["observation"]["metrics"][0]["latest"] == "0.2"


def test_a_refused_job(bench):
    """A trial whose job the API refuses has failed, by the reason of the API."""
    run = job()
    run["spec"]["completions"] = -1
    bench.submit(TRIALS, trial(run))
    assert last(bench)["type"] == "Failed"
    assert "spec.completions: Invalid value: -1" in last(bench)["message"]


def test_a_deleted_job(bench, start):
    """A trial whose job somebody deletes is killed once its pods have ended."""
    start()
    bench.objects.delete(JOBS, "hp-1", "default")
    bench.settled()
    assert last(bench)["type"] == "Running"
    bench.bury()
    assert (last(bench)["type"], last(bench)["message"]) == (
        "Killed",
        "Trial is killed: its job was deleted",
    )


RULE = {"name": "loss", "value": "0.5", "comparison": "greater", "startStep": 3}


def test_early_stopping(bench, start):
    """A trial that is worse than its rule is stopped while it runs, and keeps what it has reported."""
    start(earlyStoppingRules=[RULE])
    report(bench, [("loss", "0.6", "0.9", "0.7")], complete=False)
    assert last(bench)["reason"] == "TrialStopping"
    bench.bury()
    assert (last(bench)["type"], last(bench)["reason"]) == ("EarlyStopped", "TrialEarlyStopped")
    assert last(bench)["message"] == (
        "Trial is early stopped: after 3 values, its best loss of 0.6 is greater than 0.5, "
        "the median of the other trials"
    )
    assert bench.status(TRIALS, "hp-1")["observation"]["metrics"][0]["min"] == "0.6"


def test_no_early_stopping(bench, start):
    """A trial that is better than its rule goes on, and so does one that has reported less than it needs."""
    start(earlyStoppingRules=[RULE, {**RULE, "startStep": 4, "value": "0"}])
    report(bench, [("loss", "0.4", "0.9", "0.7")], complete=False)
    assert last(bench)["reason"] == "TrialRunning"


def test_a_rule_for_more(bench, start):
    """With maximize, less is worse."""
    start(earlyStoppingRules=[{**RULE, "comparison": "less"}])
    report(bench, [("loss", "0.1", "0.4", "0.2")], complete=False)
    assert "its best loss of 0.4 is less than 0.5" in last(bench)["message"]


def test_conditions_of_other_kinds(bench):
    """A job of another kind ends by the conditions that the trial gives."""
    bench.node()
    specs = {
        "Master": {
            "replicas": 1,
            "template": {**pod("true", "pytorch"), "metadata": {"labels": {TRIAL_LABEL: "hp-1"}}},
        }
    }
    run = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": specs}}
    succeeded = "status.replicaStatuses.Master.[@this].#(succeeded>=1)"
    failed = 'status.conditions.#(type=="Failed")#|#(status=="True")#'
    bench.submit(TRIALS, trial(run, successCondition=succeeded, failureCondition=failed))
    bench.run(*bench.pods()).end(*bench.pods())
    assert last(bench)["message"] == "Metrics are not available: no pod has run a container main"


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ('status.conditions.#(type=="Complete")#|#(status=="True")#', True),
        ('status.conditions.#(type=="Suspended")#|#(status=="True")#', False),
        ('status.conditions.#(type=="Failed")#|#(status=="True")#', False),
        ('status.conditions.#(type=="Complete")', True),
        ('status.conditions.#(type%"Comp*").status', True),
        ('status.conditions.#(type!%"[CS]*")#', False),
        ('status.[@this].#(phase=="Succeeded")#', True),
        ("status.[@this].#(failed>=4)#", False),
        ("status.[@this].#(failed<4)#", True),
        ("status.[@this].#(phase<4)#", False),
        ("status.conditions.1.type", True),
        ("status.conditions.7.type", False),
        ("status.conditions.#", True),
        ("status.nothing.#", False),
        ("status.phase.deeper", False),
    ],
)
def test_gjson(path, holds):
    """The conditions of trials find what GJSON finds."""
    assert gjson.holds(path, JOB) == holds


@pytest.mark.parametrize("path", ["", "a..b", "a.", "#(", "#(a)", "{a,b}", "status.@keys", "a" * 1001])
def test_no_gjson(path):
    """What the local cluster cannot read of GJSON is refused."""
    with pytest.raises(ValueError, match=r"cannot read|is empty|is longer"):
        gjson.parse(path)
