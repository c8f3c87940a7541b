"""How pods stand, by what the cluster tells of their containers."""

from typing import Any

import pytest

from arena.diagnosis import standing
from arena.diagnosis.records import Record

FAILED = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2030-01-01T11:00:00Z"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2030-01-01T11:00:00Z"}}
RUNS = {"running": {"startedAt": "2030-01-01T11:00:05Z"}}


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ({"state": RUNS, "ready": True}, "running"),
        ({"state": RUNS, "ready": False}, "running"),
        # It was started again and works, as with --retry.
        ({"state": RUNS, "ready": True, "lastState": FAILED, "restartCount": 1}, "running"),
        # Between two crashes of a serving that has never become ready.
        ({"state": RUNS, "ready": False, "lastState": FAILED, "restartCount": 3}, "failed"),
        ({"state": RUNS, "ready": False, "lastState": DONE, "restartCount": 1}, "running"),
        ({"state": FAILED, "ready": False}, "failed"),
    ],
)
def test_phase_of_a_running_pod(status: dict[str, Any], phase: str) -> None:
    """A container that runs, is not ready and has crashed before has failed, and will again."""
    pod = {
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "main", **status}]},
    }
    assert standing.phase(Record(name="a", namespace="default", pods=(pod,))) == phase
