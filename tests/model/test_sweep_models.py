"""What a sweep says about its trials."""

import math

import pytest

from arena.model.jobs import Phase
from arena.model.sweeps import Counts, Goal, Sweep, Trial

LOSS, ACCURACY = Goal(metric="loss", maximize=False), Goal(metric="accuracy")


def trial(number: int, phase: Phase = Phase.SUCCEEDED, stopped: bool = False, **metrics: float) -> Trial:
    """A trial with these results."""
    name = f"digits-{number:08x}"
    return Trial(name=name, namespace="default", number=number, phase=phase, stopped=stopped, metrics=metrics)


def sweep(*trials: Trial, goals: tuple[Goal, ...] = (LOSS,)) -> Sweep:
    """A sweep of these trials."""
    return Sweep(
        name="digits",
        namespace="default",
        engine="katib",
        kind="job",
        algorithm="random",
        objectives=goals,
        parameters=(),
        phase=Phase.RUNNING,
        trials=trials,
    )


@pytest.mark.parametrize(("goal", "number"), [(LOSS, 2), (Goal(metric="loss"), 3)], ids=["min", "max"])
def test_best_trial(goal, number):
    """The best trial has the least or the greatest value."""
    found = sweep(trial(1, loss=0.5), trial(2, loss=0.1), trial(3, loss=0.9), goals=(goal,)).best()
    assert found is not None
    assert found.number == number


def test_running_trials_and_trials_without_a_number_are_never_best():
    """What runs, what failed, NaN and infinity are no results; of equals, the first one wins."""
    running, nothing = trial(1, Phase.RUNNING, loss=0.0), trial(2, Phase.FAILED, loss=0.0)
    odd = trial(3, loss=math.nan), trial(4, loss=-math.inf), trial(5, accuracy=1.0)
    assert sweep(running, nothing, *odd).best() is None
    best = sweep(running, nothing, *odd, trial(6, loss=0.3), trial(7, loss=0.3)).best()
    assert best is not None
    assert best.number == 6


def test_trials_are_ranked():
    """The best come first; those without a result come last, in the order of their creation."""
    found = sweep(trial(1), trial(2, loss=0.9), trial(3, loss=math.nan), trial(4, loss=0.1))
    assert [one.number for one in found.ranked()] == [4, 2, 1, 3]
    failed, running = trial(1, Phase.FAILED, loss=0.1), trial(3, Phase.RUNNING, loss=0.2)
    assert [one.number for one in sweep(failed, trial(2, loss=0.9), running).ranked()] == [2, 3, 1]


def test_front():
    """A trial is in the front unless another is as good in all objectives and better in one."""
    a, b = trial(1, loss=0.1, accuracy=0.5), trial(2, loss=0.5, accuracy=0.9)
    worse, alike, lacking = (
        trial(3, loss=0.5, accuracy=0.8),
        trial(4, loss=0.1, accuracy=0.5),
        trial(5, loss=0),
    )
    found = sweep(a, b, worse, alike, lacking, goals=(LOSS, ACCURACY)).front()
    assert [one.number for one in found] == [1, 2, 4]


def test_trials_are_counted():
    """Each trial counts in one state; trials that were stopped early are no failures."""
    phases = [Phase.PENDING, Phase.QUEUING, Phase.RUNNING, Phase.RESTARTING, Phase.SUCCEEDED, Phase.FAILED]
    trials = [trial(number, phase) for number, phase in enumerate(phases, 1)]
    counts = sweep(
        *trials, trial(7, Phase.SUCCEEDED, stopped=True), trial(8, Phase.FAILED, stopped=True)
    ).counts()
    assert counts == Counts(waiting=2, running=2, succeeded=1, stopped=2, failed=1)
    assert counts.ended == 4


def test_trials_are_found():
    """A trial is named by its number, its name, or what its name has besides that of the sweep."""
    found = sweep(trial(1), trial(2))
    words = ("2", "digits-00000002", "00000002")
    assert [one and one.number for one in map(found.trial, words)] == [2, 2, 2]
    assert found.trial("3") is None
    assert (trial(1, stopped=True).status, trial(1).status) == ("STOPPED", "SUCCEEDED")
