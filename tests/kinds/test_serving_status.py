"""What the status of servings of each type says of their rollout."""

from typing import Any

import pytest

from arena.kinds.serving.base import status
from arena.model.servings import Rollout


def condition(type: str, value: str, **more: str) -> dict[str, str]:
    """A condition."""
    return {"type": type, "status": value, **more}


def obj(spec: dict[str, Any], found: dict[str, Any], generation: int = 2, **notes: str) -> dict[str, Any]:
    """An object with that spec and status."""
    meta = {"name": "x", "generation": generation, "annotations": notes}
    return {"metadata": meta, "spec": spec, "status": found}


DONE = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("changes", "is_done"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"updatedReplicas": 1}, False),
        ({"replicas": 3}, False),
        ({"availableReplicas": 1}, False),
    ],
)
def test_deployments(changes: dict[str, int], is_done: bool) -> None:
    """A Deployment is done when its controller has seen the change, and all instances are new and answer."""
    assert status.deployment_rollout(obj({"replicas": 2}, {**DONE, **changes})).is_done is is_done


def test_a_deployment_without_a_status() -> None:
    """A Deployment that its controller has not seen yet is not done."""
    assert not status.deployment_rollout(obj({"replicas": 0}, {})).is_done


def test_a_deployment_past_its_deadline() -> None:
    """The failure of a rollout is what its controller says of it."""
    late = condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="too late")
    assert status.deployment_rollout(obj({}, {**DONE, "conditions": [late]})).failure == "too late"


def test_groups() -> None:
    """A LeaderWorkerSet is done when all groups are new and none is being updated."""
    busy = condition("UpdateInProgress", "True")
    done = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}
    assert status.groups_rollout(obj({"replicas": 1}, done)) == Rollout(updated=1)
    assert not status.groups_rollout(obj({}, {**done, "conditions": [busy]})).is_done
    assert status.groups_rollout(obj({}, {**done, "replicas": 2})).old == 1


def test_groups_whose_status_is_from_before_a_change() -> None:
    """It is not done until the controller has seen the change, if the status tells what it has seen."""
    found = {"replicas": 1, "updatedReplicas": 1}
    assert not status.groups_rollout(obj({}, {**found, "observedGeneration": 1})).is_done
    untold = status.groups_rollout(obj({}, found))
    assert (untold.is_done, untold.is_observed) == (True, False)


def pod(deployment: str, template: str, created: int, phase: str = "Running", **more: str) -> dict[str, Any]:
    """A pod of a Deployment, created in that second."""
    owner = {"kind": "ReplicaSet", "name": f"{deployment}-{template}"}
    meta = {
        "name": f"{deployment}-{template}-{created}",
        "labels": {"pod-template-hash": template},
        "ownerReferences": [owner],
        "creationTimestamp": f"2026-01-31T11:00:{created:02}Z",
        **more,
    }
    return {"metadata": meta, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("pods", "old"),
    [
        ([pod("a", "one", 1), pod("a", "one", 2)], 0),
        ([pod("a", "one", 1), pod("a", "one", 2), pod("a", "two", 3)], 2),
        ([pod("a", "one", 1, deletionTimestamp="2026-01-31T11:01:00Z"), pod("a", "two", 3)], 0),
        ([pod("a", "one", 1, "Failed"), pod("a", "two", 3)], 0),
        ([pod("a", "one", 1), pod("b", "two", 3)], 0),
        ([{"metadata": {"name": "alone"}}], 0),
    ],
)
def test_a_rollout_goes_on_while_old_pods_answer(pods: list[dict[str, Any]], old: int) -> None:
    """KServe and Seldon are ready meanwhile, so only the pods show it; versions beside it are not old."""
    ready = {"conditions": [condition("Ready", "True")], "observedGeneration": 2}
    for rollout in (
        status.inference_rollout(obj({}, ready), pods),
        status.seldon_rollout(obj({}, {"state": "Available"}), pods),
    ):
        assert (rollout.old, rollout.is_done, rollout.is_observed) == (old, not old, False)


def test_inference_services() -> None:
    """An InferenceService is done when it is ready; a model that does not load is its failure."""
    ready = condition("Ready", "True")
    assert status.inference_rollout(obj({}, {"conditions": [ready]})).is_done
    newer = {"latestCreatedRevision": "m-2", "latestReadyRevision": "m-1"}
    waits = {"conditions": [ready], "components": {"predictor": newer}}
    assert not status.inference_rollout(obj({}, waits)).is_done
    assert not status.inference_rollout(obj({}, {})).is_done
    failed = {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": {"message": "no such file"}}
    assert status.inference_rollout(obj({}, {"modelStatus": failed})).failure == "no such file"


def test_seldon_deployments() -> None:
    """A SeldonDeployment is done when it is available; its description says why it failed."""
    assert status.seldon_rollout(obj({}, {"state": "Available"})).is_done
    assert not status.seldon_rollout(obj({}, {"state": "Creating"})).is_done
    assert (
        status.seldon_rollout(obj({}, {"state": "Failed", "description": "no model"})).failure == "no model"
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"percent": "x", "changes": {}}', '{"percent": 1}', "null"])
def test_a_canary_that_somebody_has_edited(text: str) -> None:
    """An annotation that is no canary's is none."""
    assert status.canary(obj({}, {}, **{"arena.kubeflow.org/canary": text})) == ""
