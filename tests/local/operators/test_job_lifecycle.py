"""The life cycle of a job, by a kind of the test's own whose verbs record that they were called."""

from typing import ClassVar

import pytest

from arena.local.machinery import conditions
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.runner import Runner
from arena.local.objects import JOBS, Object


class Toy(JobLifecycle):
    """A job that ends as its annotation `end` says, and may restart once."""

    resource = JOBS
    calls: ClassVar[list[str]] = []

    def run(self) -> None:
        """End as the annotation says."""
        self.calls.append("run")
        end = (self.obj["metadata"].get("annotations") or {}).get("end")
        if end == "well":
            self.end(conditions.SUCCEEDED, Text("ToyDone", "It is done."))
        elif end == "badly":
            self.fail("ToyBroke", "it broke")

    def stop(self) -> None:
        """Record the call."""
        self.calls.append("stop")

    def clean_up(self) -> None:
        """Record the call."""
        self.calls.append("clean up")

    def can_restart(self, reason: str) -> bool:
        """Whether it has not restarted yet."""
        return not self.status.get("failed")

    def restart(self, reason: str, message: str) -> None:
        """Record the call, and count it."""
        self.calls.append(f"restart: {message}")
        self.status["failed"] = 1


@pytest.fixture
def toys(bench):
    """The bench with no operator but that of Toys."""
    Toy.calls = []
    bench.runner = Runner(bench.objects, clock=lambda: bench.now, operators=[Toy.operator(owns=())])
    return bench


def submit(toys, **spec) -> Object:
    """Submit the Toy `t`."""
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    return toys.submit(JOBS, {"metadata": {"name": "t"}, "spec": {"template": pod, **spec}})


def change(toys, **fields) -> None:
    """Change the Toy, and let its operator work."""
    toys.objects.patch(JOBS, "t", fields, "default")
    toys.settled()


def test_suspend_and_resume(toys):
    """A suspended job is stopped and does not run; conditions and Events say so, and that it was resumed."""
    submit(toys, suspend=True)
    assert toys.holding(JOBS, "t") == {"Created", "Suspended"}
    assert set(Toy.calls) == {"stop"}
    assert "startTime" not in toys.status(JOBS, "t")
    change(toys, spec={"suspend": False})
    assert toys.holding(JOBS, "t") == {"Created"}
    assert Toy.calls[-1] == "run"
    assert toys.status(JOBS, "t")["startTime"]
    assert set(toys.events("t")) == {"JobCreated", "JobSuspended", "JobResumed"}


def test_restart_and_failure(toys):
    """A job that fails restarts as long as its kind allows, and then fails for good."""
    submit(toys)
    change(toys, metadata={"annotations": {"end": "badly"}})
    assert [one for one in Toy.calls if one.startswith("restart")] == ["restart: it broke"]
    failed = conditions.find(toys.status(JOBS, "t"), "Failed")
    assert (failed["reason"], failed["message"]) == ("ToyBroke", "Job t has failed because it broke.")
    Toy.calls.clear()
    change(toys, metadata={"annotations": {"end": "well"}})
    assert set(Toy.calls) == {"clean up"}


def test_deadline(toys):
    """A job past its deadline fails without another run."""
    submit(toys, activeDeadlineSeconds=30)
    toys.objects.patch(JOBS, "t", {"status": {"failed": 1}}, "default", "status")
    toys.later(29)
    assert toys.holding(JOBS, "t") == {"Created"}
    Toy.calls.clear()
    toys.later(1)
    assert conditions.find(toys.status(JOBS, "t"), "Failed")["reason"] == "DeadlineExceeded"
    assert "run" not in Toy.calls


def test_expiry(toys):
    """A job that has ended is cleaned up, and deleted when its time to live is over."""
    submit(toys, ttlSecondsAfterFinished=60)
    change(toys, metadata={"annotations": {"end": "well"}})
    assert toys.holding(JOBS, "t") == {"Created", "Succeeded"}
    assert Toy.calls[-1] == "clean up"
    toys.later(59)
    assert toys.read(JOBS, "t")
    toys.later(1)
    assert toys.read(JOBS, "t") is None
