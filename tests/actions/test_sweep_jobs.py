"""The jobs of trials: whose output is shown."""

import pytest

from arena.actions.sweeps import jobs
from arena.errors import NotFound
from arena.model.instances import Container, Instance
from arena.model.jobs import Job, Phase
from arena.model.sweeps import Goal, Sweep, Trial


def job(*containers: str) -> Job:
    """A job of one pod with these containers."""
    found = tuple(Container(name=one) for one in containers)
    instance = Instance(name="hp-1-worker-0", namespace="default", role="worker", containers=found)
    return Job(name="hp-1", namespace="default", kind="job", phase=Phase.RUNNING, instances=(instance,))


def test_katibs_sidecar_has_the_output():
    """Where Katib collects standard output, its sidecar prints it, and the main container nothing."""
    assert jobs.container(job("main", "metrics-logger-and-collector")) == "metrics-logger-and-collector"
    assert jobs.container(job("main", "metrics-collector")) == ""
    assert jobs.container(job("main")) == ""


def sweep(*phases: Phase) -> Sweep:
    """A sweep of trials in these phases."""
    trials = (
        Trial(name=f"hp-{number}", namespace="default", number=number, phase=phase)
        for number, phase in enumerate(phases, 1)
    )
    return Sweep(
        name="hp",
        namespace="default",
        engine="katib",
        kind="job",
        algorithm="random",
        objectives=(Goal(metric="loss"),),
        parameters=(),
        phase=Phase.RUNNING,
        trials=tuple(trials),
    )


def test_latest_trial():
    """Without a trial, logs are those of the running one that was started last, else of the last one."""
    assert jobs.latest(sweep(Phase.RUNNING, Phase.RUNNING, Phase.FAILED)).number == 2
    assert jobs.latest(sweep(Phase.SUCCEEDED, Phase.FAILED)).number == 2
    with pytest.raises(NotFound, match='sweep "hp" has no trials yet'):
        jobs.latest(sweep())
