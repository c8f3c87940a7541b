"""The pod of a TensorBoard among those that its Deployment has had."""

import pytest

from arena.actions.jobs import tensorboard
from arena.errors import ArenaError, TimedOut
from arena.model.jobs import Job, Phase
from arena.resources import PODS

JOB = Job(name="bert", namespace="default", kind="pytorchjob", phase=Phase.RUNNING)
MARKS = {"release": "bert", "role": "tensorboard"}
ENDED = [{"name": "tensorboard", "state": {"terminated": {"exitCode": 7}}}]
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def pod(uid: str, **status: object) -> dict[str, object]:
    return {"metadata": {"name": uid, "namespace": "default", "uid": uid, "labels": MARKS}, "status": status}


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_is_replaced(shelf, phase):
    """A pod that has ended says nothing of its replacement; one whose container ends does not start."""
    old = pod("old", phase=phase, containerStatuses=ENDED)
    shelf.put(PODS, "default", old)
    with pytest.raises(TimedOut):
        tensorboard.pod(shelf.cluster, JOB, timeout=0)
    shelf.put(PODS, "default", old, pod("new", **READY))
    assert tensorboard.pod(shelf.cluster, JOB, timeout=0)["metadata"]["name"] == "new"
    shelf.put(PODS, "default", old, pod("new", phase="Running", containerStatuses=ENDED))
    with pytest.raises(ArenaError, match='the TensorBoard of "bert" does not start: exit code 7'):
        tensorboard.pod(shelf.cluster, JOB, timeout=0)


def test_a_pod_that_is_deleted(shelf):
    """The TensorBoard is not the pod that is about to go, though that one is ready."""
    going = pod("old", **READY)
    going["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    shelf.put(PODS, "default", going)
    with pytest.raises(TimedOut):
        tensorboard.pod(shelf.cluster, JOB, timeout=0)


def test_a_deployment_that_is_changed(shelf):
    """While a changed Deployment starts a pod of its new template, failures of the old one mean nothing."""
    old, new = pod("old", phase="Running", containerStatuses=ENDED), pod("new", phase="Pending")
    for number, one in enumerate((old, new)):
        one["metadata"]["creationTimestamp"] = f"2030-01-01T00:00:0{number}Z"
        one["metadata"]["labels"] = {**MARKS, "pod-template-hash": str(number)}
    shelf.put(PODS, "default", old, new)
    with pytest.raises(TimedOut):
        tensorboard.pod(shelf.cluster, JOB, timeout=0)
    shelf.put(PODS, "default", old | {"status": READY}, new)
    assert tensorboard.pod(shelf.cluster, JOB, timeout=0)["metadata"]["name"] == "old"
