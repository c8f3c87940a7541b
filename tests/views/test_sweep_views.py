"""Sweeps on the screen and as data for other programs."""

import csv
import io
import json
import math
from datetime import datetime, timedelta, timezone

from arena.actions.sweeps.export import export
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase
from arena.model.sweeps import Budget, Goal, Sweep, Trial, Why
from arena.search.parameters import Parameter
from arena.values import replace
from arena.views.noun import Layout, text_of_all, text_of_one
from arena.views.sweep_reasons import reasons
from arena.views.sweeps import SWEEPS, summary, trial_page

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def trial(number: int, phase: Phase, accuracy: float | None, lr: float, opt: str, reason: str = "") -> Trial:
    """A trial of a minute."""
    started = NOON - timedelta(minutes=10 - number)
    return Trial(
        name=f"digits-{number}",
        namespace="default",
        number=number,
        phase=phase,
        assignments={"lr": lr, "opt": opt},
        metrics={} if accuracy is None else {"accuracy": accuracy},
        job=f"digits-{number}",
        kind="job",
        reason=reason,
        started=started,
        ended=started + timedelta(minutes=1) if phase.is_final else None,
    )


SWEEP = Sweep(
    name="digits",
    namespace="default",
    engine="katib",
    kind="job",
    type="Job",
    algorithm="tpe",
    settings={"random_state": "7"},
    objectives=(Goal(metric="accuracy", goal=0.99),),
    parameters=(
        Parameter(name="lr", kind="double", low=1e-05, high=0.1, distribution="logUniform"),
        Parameter(name="opt", kind="categorical", choices=("adam", "sgd")),
    ),
    phase=Phase.RUNNING,
    max_trials=12,
    parallel=2,
    trials=(
        trial(1, Phase.SUCCEEDED, 0.912345678, 0.0123456789, "adam"),
        trial(2, Phase.FAILED, None, 0.1, "sgd", "exit code 1"),
        trial(3, Phase.SUCCEEDED, 0.95, 1e-05, "sgd"),
        trial(4, Phase.RUNNING, None, 0.02, "adam"),
    ),
    created=NOON - timedelta(minutes=10),
    ours=True,
    submitter="bob",
)


def test_page():
    """The page of a sweep shows its trials, the best first and marked; numbers are short."""
    assert (
        text_of_one(SWEEPS, replace(SWEEP, created=None), Layout(now=NOON))
        == """\
Name:        digits
Status:      RUNNING
Namespace:   default
Trainer:     JOB
Engine:      katib
Algorithm:   tpe (random_state=7)
Metric:      max accuracy (goal 0.99)
Trials:      3/12 (1 running, 2 succeeded, 1 failed)
Parallel:    2
Best:        accuracy 0.95 by trial 3 (lr=1e-05, opt=sgd)
Duration:    0s
CreateTime:  N/A
EndTime:     N/A

Parameters:
  lr:   log:1e-05..0.1
  opt:  adam,sgd

Trials:
     TRIAL  STATUS     accuracy  lr         opt   DURATION  REASON
     -----  ------     --------  --         ---   --------  ------
  *  3      SUCCEEDED  0.95      1e-05      sgd   1m        -
     1      SUCCEEDED  0.912346  0.0123457  adam  1m        -
     4      RUNNING    -         0.02       adam  6m        -
     2      FAILED     -         0.1        sgd   1m        exit code 1"""
    )


def four(minutes: int, ended: int = 0) -> Job:
    """The job of a trial with four GPUs that started some minutes ago, and ended if that is given."""
    finished = NOON - timedelta(minutes=ended) if ended else None
    started = NOON - timedelta(minutes=minutes)
    known = {"name": "digits-5", "namespace": "default", "kind": "job", "phase": Phase.RUNNING}
    return Job(**known, started=started, finished=finished, gpus=4)


def test_limits_importance_and_front():
    """Limits are shown with what all trials use of them, and parameters with their importance."""
    several = replace(
        SWEEP,
        objectives=(*SWEEP.objectives, Goal(metric="size", maximize=False)),
        trials=tuple(
            replace(one, metrics={**one.metrics, "size": size})
            for one, size in zip(SWEEP.trials, (1.0, 0.0, 2.0, 0.0), strict=True)
        ),
        early_stopping="median",
        early_stop_settings={"start_step": "10"},
        max_failed=3,
        created=NOON - timedelta(minutes=25),
        budget=Budget(7200, 10, 2.5, (four(minutes=30), four(minutes=30, ended=15))),
        importance={"accuracy": {"lr": 0.914, "opt": 0.086}, "size": {"lr": 0.5, "opt": 0.5}},
    )
    page = text_of_one(SWEEPS, several, Layout(now=NOON)).splitlines()
    assert "EarlyStopping:  median (start_step=10)" in page
    assert "MaxFailed:      3" in page
    assert "Timeout:        25m of 2h used" in page
    assert "GPUHours:       5.5 of 10 used" in page
    assert "Front:          2 trials, marked with *" in page
    assert "  lr:   log:1e-05..0.1  (importance 91% for accuracy, 50% for size)" in page
    assert [line.split()[1] for line in page if line.startswith("  *")] == ["3", "1"]
    one = {"accuracy": several.importance["accuracy"]}
    alone = text_of_one(SWEEPS, replace(SWEEP, importance=one), Layout(now=NOON))
    assert "  opt:  adam,sgd  (importance 9%)" in alone.splitlines()
    found = json.loads(text_of_one(SWEEPS, several, Layout(now=NOON, form="json")))
    assert found["front"] == ["digits-1", "digits-3"]
    assert found["importance"]["accuracy"] == {"lr": 0.914, "opt": 0.086}
    assert (found["timeoutSeconds"], found["maxGpuHours"], found["gpuHoursUsed"]) == (7200, 10, 5.5)


def test_list():
    """The list shows the progress and the best value of each sweep."""
    assert (
        text_of_all(SWEEPS, [SWEEP, replace(SWEEP, name="new", trials=())], Layout(now=NOON))
        == """\
NAME    STATUS   TRAINER  ALGORITHM  TRIALS  METRIC    BEST  DURATION
digits  RUNNING  JOB      tpe        3/12    accuracy  0.95  10m
new     RUNNING  JOB      tpe        0/12    accuracy  -     10m"""
    )


def test_json_is_exact():
    """JSON has every digit, and NaN as a text, because JSON has no such number."""
    odd = replace(SWEEP.trials[0], metrics={"accuracy": math.nan})
    found = json.loads(
        text_of_one(SWEEPS, replace(SWEEP, trials=(odd, *SWEEP.trials[1:])), Layout(now=NOON, form="json"))
    )
    assert [one["metrics"] for one in found["trials"]] == [{"accuracy": "nan"}, {}, {"accuracy": 0.95}, {}]
    assert found["trials"][0]["assignments"] == {"lr": 0.0123456789, "opt": "adam"}
    assert (found["best"], found["counts"]["failed"]) == ("digits-3", 1)


def test_progress_line():
    """One line tells how far a sweep is."""
    line = "digits: RUNNING  3/12 trials  1 running  1 failed  best accuracy 0.95  65s"
    assert summary(SWEEP, 65.4) == line


def test_page_of_a_trial():
    """The page of a trial shows its results and its values."""
    assert (
        trial_page(SWEEP.trials[2], NOON)
        == """\
Trial:     3 (digits-3)
Status:    SUCCEEDED
accuracy:  0.95
lr:        1e-05
opt:       sgd
Duration:  1m"""
    )


def test_reasons():
    """A reason comes with what shows it, and with what to do; foreign text takes one line each."""
    log = Evidence("log", "pod/digits-2", "ValueError: \x1b[31mbad\nlr")
    found = Why("trial 2 (digits-2)", "FAILED", (Finding("exit", "exit code 1", (log,), "lower lr"),))
    assert (
        reasons([Why("sweep digits", "RUNNING", ()), found])
        == """\
sweep digits is RUNNING
trial 2 (digits-2) is FAILED: exit code 1
  log of pod/digits-2: ValueError: \\x1b[31mbad\\nlr
  lower lr"""
    )


def test_csv():
    """CSV has a row for each trial with exact numbers; a text cannot become a formula of a spreadsheet."""
    bad = replace(SWEEP.trials[3], assignments={"lr": 0.02, "opt": "=cmd()"})
    rows = list(csv.DictReader(io.StringIO(export(replace(SWEEP, trials=(SWEEP.trials[0], bad)), "csv"))))
    assert [row["param.lr"] for row in rows] == ["0.0123456789", "0.02"]
    assert [row["metric.accuracy"] for row in rows] == ["0.912345678", ""]
    assert [row["param.opt"] for row in rows] == ["adam", "'=cmd()"]
    assert (rows[0]["seconds"], rows[1]["ended"]) == ("60.0", "")
    assert export(replace(SWEEP, trials=()), "csv").startswith("number,name,status")
    assert json.loads(export(SWEEP, "json"))[1]["reason"] == "exit code 1"
