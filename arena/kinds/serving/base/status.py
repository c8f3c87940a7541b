"""What the status of a serving's object says: its conditions, and how far a change of it is rolled out."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import foreign_json, labels
from arena.digits import whole
from arena.kinds.kind import Pod
from arena.model.servings import Condition, Rollout
from arena.units import when

Object = Mapping[str, Any]
REVISION = "deployment.kubernetes.io/revision"
"""The annotation with the number of the revision, on a Deployment and its ReplicaSets."""
TEMPLATE = "pod-template-hash"
"""The label by which a Deployment tells the pods of its ReplicaSets apart."""


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
    is_seen = _is_seen(obj)
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
    # The field is optional: without it, the rest of the status decides.
    is_current = _is_seen(obj) or "observedGeneration" not in status
    return Rollout(
        updated=updated,
        old=max(0, total - updated),
        is_done=is_current and updated >= wanted and not updating,
        is_observed=_is_seen(obj),
    )


def inference_rollout(obj: Object, pods: Sequence[Pod] = ()) -> Rollout:
    """How far an InferenceService is, and why KServe does not get further.

    KServe copies `observedGeneration` from the Deployment or Knative Service below, whose generations are
    others (kserve `inference_service_status.go`, PropagateRawStatus and PropagateStatus). So that number
    says nothing about a change. In raw mode, it is ready while its Deployment replaces pods.
    """
    status = obj.get("status") or {}
    model = status.get("modelStatus") or {}
    told = model.get("lastFailureInfo") or {}
    transition = model.get("transitionStatus") or ""
    has_failed = transition in ("BlockedByFailedLoad", "InvalidSpec")
    ready = any(one.type == "Ready" and one.status == "True" for one in conditions(obj))
    old = outdated(pods)
    return Rollout(
        old=old,
        is_done=ready and not old and not _awaits_revision(status),
        is_observed=False,
        failure=str(told.get("message") or told.get("reason") or transition) if has_failed else "",
    )


def _awaits_revision(status: Object) -> bool:
    """Whether the newest revision is not ready yet, as far as it is told: KServe's raw mode does not."""
    predictor = (status.get("components") or {}).get("predictor") or {}
    ready = predictor.get("latestReadyRevision")
    return bool(ready) and ready != predictor.get("latestCreatedRevision")


def seldon_rollout(obj: Object, pods: Sequence[Pod] = ()) -> Rollout:
    """How far a SeldonDeployment is, and why Seldon does not get further.

    Its state stays Available until Seldon has seen a change, and while old pods still answer.
    """
    status = obj.get("status") or {}
    failed, old = status.get("state") == "Failed", outdated(pods)
    return Rollout(
        old=old,
        is_done=status.get("state") == "Available" and not old,
        is_observed=False,
        failure=str(status.get("description") or "its state is Failed") if failed else "",
    )


def outdated(pods: Sequence[Pod]) -> int:
    """The number of pods that their Deployments have yet to replace: those of all but the newest template.

    Summaries of pods, of which lists are made, do not tell their template, and are left out.
    """
    templates: dict[str, list[tuple[str, str]]] = {}
    for pod in pods:
        if not isinstance(pod, Mapping):
            continue
        meta = pod["metadata"]
        template = (meta.get("labels") or {}).get(TEMPLATE)
        if not template or meta.get("deletionTimestamp") or _has_ended(pod):
            continue
        for owner in meta.get("ownerReferences") or ():
            if owner.get("kind") == "ReplicaSet":
                deployment = str(owner["name"]).removesuffix(f"-{template}")
                created = str(meta.get("creationTimestamp") or "")
                templates.setdefault(deployment, []).append((created, template))
    return sum(one != max(found)[1] for found in templates.values() for _, one in found)


def _has_ended(pod: Object) -> bool:
    """Whether it has been evicted, for example, and stays only to be looked at."""
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def _is_seen(obj: Object) -> bool:
    """Whether the status says that it is about the present spec."""
    seen = int((obj.get("status") or {}).get("observedGeneration") or 0)
    return seen > 0 and seen >= int(obj["metadata"].get("generation") or 0)


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
