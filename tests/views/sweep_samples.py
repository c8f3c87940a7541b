"""Sweeps of any size to look at, the same ones every time."""

import math
import random
from datetime import datetime, timedelta, timezone

from arena.model.jobs import Phase
from arena.model.sweeps import Goal, Point, Sweep, Trial
from arena.search.space import Parameter

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
HOSTILE = "</script><img src=x onerror=document.title='owned'>\"'`\x1b[31m\u202e&amp;"
LONG = "a-category-with-a-name-that-is-far-too-long-for-any-axis"
ACCURACY, LOSS = Goal(metric="val_accuracy", maximize=True), Goal(metric="latency_ms", maximize=False)
PARAMETERS = (
    Parameter(name="lr", kind="double", low=1e-5, high=0.1, distribution="logUniform"),
    Parameter(name="batch", kind="categorical", choices=(16, 32, 64, 128)),
    Parameter(name="layers", kind="int", low=1, high=8),
    Parameter(name="optimizer", kind="categorical", choices=("adam", "sgd-with-nesterov-momentum", "lion")),
    Parameter(name="dropout", kind="double", low=0.0, high=0.5),
    Parameter(name="layers2", kind="int", low=1, high=8, condition="layers>1"),
    Parameter(name="seed", kind="categorical", choices=(1,)),
)
IMPORTANCE = {
    "val_accuracy": {
        "lr": 0.61,
        "layers": 0.18,
        "batch": 0.1,
        "optimizer": 0.07,
        "dropout": 0.035,
        "layers2": 0.005,
    },
    "latency_ms": {"layers": 0.7, "batch": 0.25, "lr": 0.03, "dropout": 0.02},
}


MANY = tuple(Parameter(name=f"parameter-{at}", kind="double", low=0.0, high=1.0) for at in range(16))
HOSTILE_PARAMETERS = (
    Parameter(name=HOSTILE, kind="categorical", choices=(HOSTILE, LONG, "ünïcödé 数値 🚀", "-->", "{}", "")),
    Parameter(name=LONG, kind="categorical", choices=tuple(f"{LONG}-{at}" for at in range(40))),
    Parameter(name="__proto__", kind="double", low=0.0, high=1.0),
)


def sweep(count, goals=(ACCURACY,), failures=0.08, parameters=PARAMETERS, name="digits", seed=0):
    """A sweep with so many trials, of which the last ones run, and some failed or were stopped."""
    draws = random.Random(seed)
    trials = tuple(
        _trial(draws, number, count, goals, failures, parameters, name) for number in range(1, count + 1)
    )
    return Sweep(
        name=name, namespace="default", engine="katib", kind="pytorchjob", algorithm="tpe", objectives=goals,
        parameters=parameters, phase=Phase.RUNNING, max_trials=count, trials=trials, created=NOW,
    )  # fmt: skip


def _trial(draws, number, count, goals, failures, parameters, name):
    given = {one.name: _value(draws, one, number / count) for one in parameters}
    if given.get("layers") == 1:
        given.pop("layers2", None)
    quality = _quality(given, draws)
    start = NOW - timedelta(minutes=count - number + 5)
    phase, stopped, reason = Phase.SUCCEEDED, False, ""
    if draws.random() < failures:
        phase, reason = Phase.FAILED, draws.choice(["out of memory", "val_accuracy is NaN", "exited with 1"])
    elif count > 4 and draws.random() < 0.15:
        stopped = True
    elif count > 4 and number > count - 3:
        phase = Phase.RUNNING
    made = {goals[0].metric: quality}
    if len(goals) > 1:
        made[goals[1].metric] = 5 + 3 * float(given.get("layers", 3)) + 8 * quality + draws.random() * 4
    made |= {goal.metric: draws.expovariate(1) for goal in goals[2:] if number % 9}
    metrics = (
        made if phase == Phase.SUCCEEDED else {goals[0].metric: math.nan} if reason.endswith("NaN") else {}
    )
    steps = range(1, draws.randint(3, 9) if stopped else 21)
    points = tuple(
        Point(goals[0].metric, step, quality * (1 - math.exp(-step / 4)) + draws.gauss(0, 0.008))
        for step in steps
    )
    return Trial(
        name=f"{name}-{number}", namespace="default", number=number, phase=phase, assignments=given,
        metrics=metrics, points=points if phase != Phase.FAILED else points[:2], job=f"{name}-{number}",
        kind="pytorchjob", reason=reason, started=start, ended=start + timedelta(minutes=3), stopped=stopped,
    )  # fmt: skip


def _value(draws, one, progress):
    if one.choices:
        return draws.choice(one.choices)
    if one.kind == "int":
        return draws.randint(int(one.low), int(one.high))
    low, high = (
        (math.log(one.low), math.log(one.high)) if one.distribution == "logUniform" else (one.low, one.high)
    )
    focus = low + (high - low) * 0.6
    drawn = draws.uniform(low, high)
    value = drawn + (focus - drawn) * progress * 0.8
    return math.exp(value) if one.distribution == "logUniform" else value


def _quality(given, draws):
    lr = abs(math.log10(float(given.get("lr", 1e-3))) + 2.6)
    layers = abs(float(given.get("layers", 4)) - 5) / 8
    other = 0.03 * (given.get("optimizer") == "lion") + 0.02 * (given.get("batch") == 32)
    return max(
        0.1,
        0.95
        - 0.14 * lr
        - 0.2 * layers
        - float(given.get("dropout", 0)) * 0.1
        + other
        + draws.gauss(0, 0.015),
    )
