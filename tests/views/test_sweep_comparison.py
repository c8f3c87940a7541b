"""Trials side by side."""

from datetime import datetime, timedelta, timezone
from typing import Any

from arena.model.jobs import Phase
from arena.model.sweeps import Contender, Goal, Sweep, Trial
from arena.views import sweep_comparison

NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)
SWEEPS = """\
            digits 1     more 2     slow -
ALGORITHM   random       tpe        random
TRIALS      1/2          2/?        0/2
STATUS      SUCCEEDED    SUCCEEDED  -
DURATION    1m           1m         -
accuracy    0.991 *      0.99       -
size        3            -          -
lr          0.1          0.1        -
opt         adam         sgd        -
"""
TRIALS = """\
          more 1        more 2
STATUS    FAILED        SUCCEEDED
DURATION  1m            1m
accuracy  0.990000001   0.99
lr        0.1000000001  0.1
warm      true          1

The same in all: opt=sgd
"""


def trial(number: int, phase: Phase = Phase.SUCCEEDED, **more: Any) -> Trial:
    """A trial that has run for a minute."""
    started = NOW - timedelta(hours=1)
    return Trial(name=f"t-{number}", namespace="default", number=number, phase=phase, started=started,
                 ended=started + timedelta(minutes=1), **more)  # fmt: skip


def sweep(name: str, *trials: Trial, **more: Any) -> Sweep:
    """A sweep that maximizes the accuracy."""
    more = {"algorithm": "random", **more}
    return Sweep(name=name, namespace="default", engine="katib", kind="job", parameters=(),
                 objectives=(Goal(metric="accuracy"),), phase=Phase.RUNNING, trials=trials,
                 **more)  # fmt: skip


FIRST = trial(1, assignments={"lr": 0.1, "opt": "adam"}, metrics={"accuracy": 0.991, "size": 3.0})
FAILED = trial(1, Phase.FAILED, assignments={"lr": 0.1000000001, "opt": "sgd", "warm": True},
               metrics={"accuracy": 0.990000001})  # fmt: skip
SECOND = trial(2, assignments={"lr": 0.1, "opt": "sgd", "warm": 1}, metrics={"accuracy": 0.99})
MORE = sweep("more", FAILED, SECOND, algorithm="tpe")


def lines(text: str) -> list[str]:
    """The words of each line."""
    return [" ".join(one.split()) for one in text.splitlines()]


def test_sweeps() -> None:
    """Best trials have what tells their sweeps apart; a sweep without one has gaps."""
    other = Trial(name="t-2", namespace="default", number=2, phase=SECOND.phase, started=SECOND.started,
                  ended=SECOND.ended, assignments={"lr": 0.1, "opt": "sgd"}, metrics={"accuracy": 0.99},
                  )  # fmt: skip
    found = [
        Contender(sweep("digits", FIRST, max_trials=2), FIRST),
        Contender(sweep("more", FAILED, other, algorithm="tpe"), other),
        Contender(sweep("slow", max_trials=2), None),
    ]
    assert lines(sweep_comparison.table(found, NOW)) == lines(SWEEPS)
    assert [one["trial"] and one["trial"]["number"] for one in sweep_comparison.data(found, NOW)] == [
        1,
        2,
        None,
    ]


def test_trials() -> None:
    """Values that differ look different, equal ones are told once, and a failed trial is never the best."""
    found = [Contender(MORE, FAILED), Contender(MORE, SECOND)]
    assert lines(sweep_comparison.table(found, NOW)) == lines(TRIALS)
