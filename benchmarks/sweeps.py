"""Sweeps on the local cluster: how long a slot waits for its next trial, at first and after 500 trials."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.home import Home, home, until
from benchmarks.measure import Figure, median

TRIALS, PARALLEL, SECONDS = 500, 8, 1.0
EXPERIMENTS = "/apis/kubeflow.org/v1beta1/namespaces/default/experiments"
EDGE = 50
"""Gaps at the beginning and at the end that are compared."""


def figures(runs: int) -> Iterator[Figure]:
    """The time from a trial's end to the first line of the next, and what the server takes for 500 trials."""
    del runs  # there is one long run
    with home() as at:
        marks = at.state.parent / "marks"
        marks.mkdir()
        at.arena("local", "start")
        search(at, marks)
        gaps, idle = waits(marks)
        for what, some in (("first", gaps[:EDGE]), ("last", gaps[-EDGE:])):
            yield Figure(
                what=f"a trial's end to the next one's first line, the {what} {EDGE}", budget=300,
                measured=median(some) * 1000, unit="ms", note=f"longest of all {max(gaps) * 1000:.0f} ms",
            )  # fmt: skip
        yield Figure(
            what=f"idle slots, {TRIALS} trials of {SECONDS:.0f} s, {PARALLEL} at once", budget=25,
            measured=idle * 100, unit="% of the time",
        )  # fmt: skip
        memory = psutil.Process(at.server()).memory_info().rss / 1e6
        yield Figure(what=f"server after {TRIALS} trials, memory", budget=80, measured=memory, unit="MB")


def search(at: Home, marks: Path) -> None:
    """Run a random search whose trials leave the times of their first and last line in `marks`."""
    program = (
        f"date +%s.%N > {marks}/$KATIB_TRIAL_NAME.begin; sleep {SECONDS}; "
        "echo loss=${trialParameters.x}; "
        f"date +%s.%N > {marks}/$KATIB_TRIAL_NAME.end"
    )
    container = {"name": "main", "image": "none", "command": ["sh", "-c", program]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    space = {"min": "0", "max": "1"}
    spec = {
        "objective": {"type": "minimize", "objectiveMetricName": "loss"},
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": PARALLEL,
        "maxTrialCount": TRIALS,
        "parameters": [{"name": "x", "parameterType": "double", "feasibleSpace": space}],
        "trialTemplate": {
            "primaryContainerName": "main",
            "trialParameters": [{"name": "x", "reference": "x"}],
            "trialSpec": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": pod}},
        },
    }
    at.ask(
        EXPERIMENTS,
        {
            "apiVersion": "kubeflow.org/v1beta1",
            "kind": "Experiment",
            "metadata": {"name": "many"},
            "spec": spec,
        },
    )
    until(lambda: "completionTime" in at.ask(f"{EXPERIMENTS}/many").get("status", {}), 900, every=1.0)


def waits(marks: Path) -> tuple[list[float], float]:
    """The seconds until each freed slot was used again, and the share of the time that slots were free."""
    events = sorted((float(one.read_text("utf-8")), one.suffix) for one in marks.iterdir())
    free: list[float] = []
    gaps: list[float] = []
    for moment, what in events:
        if what == ".end":
            free.append(moment)
        elif free:
            gaps.append(moment - free.pop(0))
    return gaps, sum(gaps) / (PARALLEL * (events[-1][0] - events[0][0]))
