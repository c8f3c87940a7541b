"""What the status of a serving's object says: its conditions, and how far a change of it is rolled out."""

from collections.abc import Mapping
from typing import Any

from arena import foreign_json, labels
from arena.digits import whole
from arena.model.servings import Condition, Rollout
from arena.units import when

Object = Mapping[str, Any]
REVISION = "deployment.kubernetes.io/revision"
"""The annotation with the number of the revision, on a Deployment and its ReplicaSets."""


def conditions(obj: Object) -> tuple[Condition, ...]:
    """The conditions of an object of any type."""
    return tuple(
        Condition(
            type=str(one.get("type") or ""),
            status=str(one.get("status") or ""),
            reason=one.get("reason") or "",
            message=one.get("message") or "",
            changed=when(one.get("lastTransitionTime")),
        )
        for one in (obj.get("status") or {}).get("conditions") or ()
    )


def revision(obj: Object) -> int:
    """The number of the revision of a Deployment or ReplicaSet; 0 if it has none."""
    return whole((obj["metadata"].get("annotations") or {}).get(REVISION)) or 0


def deployment_rollout(obj: Object) -> Rollout:
    """How far a Deployment is, by the rules of `kubectl rollout status`."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    total, updated = int(status.get("replicas") or 0), int(status.get("updatedReplicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    is_seen = bool(status.get("observedGeneration")) and _is_seen(obj)
    late = next((one for one in conditions(obj) if one.reason == "ProgressDeadlineExceeded"), None)
    return Rollout(
        revision=revision(obj),
        updated=updated,
        old=max(0, total - updated),
        is_done=is_seen and updated >= wanted and total <= updated and available >= updated,
        failure=late.message or late.reason if late and is_seen else "",
        is_paused=bool(spec.get("paused")),
    )


def groups_rollout(obj: Object) -> Rollout:
    """How far a LeaderWorkerSet is; its instances are groups."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    updating = any(one.type == "UpdateInProgress" and one.status == "True" for one in conditions(obj))
    return Rollout(updated=updated, old=max(0, total - updated), is_done=updated >= wanted and not updating)


def inference_rollout(obj: Object) -> Rollout:
    """How far an InferenceService is, and why KServe does not get further.

    KServe copies `observedGeneration` from the Deployment or Knative Service below, whose generations are
    others (kserve `inference_service_status.go`, PropagateRawStatus and PropagateStatus). So a number that
    is too small does not mean that a rollout goes on.
    """
    status = obj.get("status") or {}
    model = status.get("modelStatus") or {}
    told = model.get("lastFailureInfo") or {}
    transition = model.get("transitionStatus") or ""
    has_failed = transition in ("BlockedByFailedLoad", "InvalidSpec")
    ready = any(one.type == "Ready" and one.status == "True" for one in conditions(obj))
    return Rollout(
        is_done=ready and not _awaits_revision(status),
        is_observed=_is_seen(obj),
        failure=str(told.get("message") or told.get("reason") or transition) if has_failed else "",
    )


def _awaits_revision(status: Object) -> bool:
    """Whether the newest revision is not ready yet, as far as it is told: KServe's raw mode does not."""
    predictor = (status.get("components") or {}).get("predictor") or {}
    ready = predictor.get("latestReadyRevision")
    return bool(ready) and ready != predictor.get("latestCreatedRevision")


def seldon_rollout(obj: Object) -> Rollout:
    """How far a SeldonDeployment is, and why Seldon does not get further."""
    status = obj.get("status") or {}
    failed = status.get("state") == "Failed"
    return Rollout(
        is_done=status.get("state") == "Available",
        failure=str(status.get("description") or "its state is Failed") if failed else "",
    )


def _is_seen(obj: Object) -> bool:
    """Whether the status is about the present spec; a status that does not say so counts as such."""
    seen = (obj.get("status") or {}).get("observedGeneration")
    return seen is None or int(seen) >= int(obj["metadata"].get("generation") or 0)


def canary(obj: Object) -> str:
    """The canary beside a serving, by its annotation; "" if there is none."""
    text = (obj["metadata"].get("annotations") or {}).get(labels.CANARY)
    try:
        state = foreign_json.loads(text or "null")
        options = " ".join(f"--{key.replace('_', '-')}" for key in state["changes"])
        guard = f", guard {state['guard']}" if state.get("guard") else ""
        return f"{int(state['percent'])}%: {options}{guard}"
    except (ValueError, TypeError, KeyError, AttributeError):  # none, or edited by hand
        return ""
