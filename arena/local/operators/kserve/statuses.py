"""The status of an InferenceService: its conditions, its components, and how far its model is."""

from collections.abc import Sequence

from arena.local.machinery import pod_status
from arena.local.machinery.failures import Failure, failure
from arena.local.objects import Object, key
from arena.local.operators.kserve import components, rollout
from arena.local.operators.kserve.rollout import Rollout
from arena.local.operators.kserve.runtimes import Unusable
from arena.tuples import NamedTuple

LOADED, LOADING, PENDING, FAILED, STANDBY = "Loaded", "Loading", "Pending", "FailedToLoad", "Standby"
UP_TO_DATE, IN_PROGRESS, BLOCKED, INVALID = "UpToDate", "InProgress", "BlockedByFailedLoad", "InvalidSpec"


class Readiness(NamedTuple):
    """Whether something is ready, and why not."""

    holds: bool
    reason: str = ""
    message: str = ""


def revision(one: Rollout, deployment: Object) -> str:
    """The name of the revision that a Deployment runs."""
    return components.revision(one.component, rollout.revision_number(deployment))


def readiness(one: Rollout, pods: Sequence[Object]) -> Readiness:
    """Whether a component answers; one without pods is ready, as it starts some when it is asked."""
    deployment = one.stable
    if not deployment["spec"].get("replicas", 1) or rollout.is_available(deployment):
        return Readiness(True)
    failed = next((found for pod in pods if (found := failure(pod))), None)
    if failed:
        return Readiness(False, failed.reason or "ContainersNotReady", failed.message)
    return Readiness(False, "MinimumReplicasUnavailable", f"no pod of {key(deployment)[1]} is ready yet")


def component(one: Rollout, url: str, weights: Sequence[tuple[Object, int]], before: Object) -> Object:
    """The part of the status about a component.

    Args:
        weights: its Deployments, with their percentages of the requests.
        before: that part as it was.
    """
    latest, stable = revision(one, one.latest), revision(one, one.stable)
    found: Object = {"url": url, "restUrl": url, "address": {"url": url}, "latestCreatedRevision": latest}
    # While a Deployment replaces its pods, it is available, but by those of the revision before.
    ready = latest if rollout.is_complete(one.latest) else before.get("latestReadyRevision")
    former = before.get("latestRolledoutRevision")
    rolled = stable if rollout.is_complete(one.stable) else former
    previous = former if rolled != former else before.get("previousRolledoutRevision")
    named = {
        "latestReadyRevision": ready,
        "latestRolledoutRevision": rolled,
        "previousRolledoutRevision": previous,
    }
    found |= {name: text for name, text in named.items() if text}
    found["traffic"] = [
        {
            "revisionName": revision(one, deployment),
            "percent": percent,
            "latestRevision": deployment is one.latest,
        }
        for deployment, percent in weights
    ]
    return found


def model(one: Rollout, pods: Sequence[Object]) -> Object:
    """How far the model of a predictor is, and the failure that blocks it."""
    name = revision(one, one.latest)
    newest = [pod for pod in pods if _revision_of(pod) == name and not pod_status.is_going(pod)]
    failed = [(pod, why) for pod in newest if (why := failure(pod)) and why.code is not None]
    ready = sum(map(pod_status.is_ready, pods))
    target = _target(one.latest, newest, bool(failed))
    transition = {LOADED: UP_TO_DATE, STANDBY: UP_TO_DATE, FAILED: BLOCKED}.get(target, IN_PROGRESS)
    found: Object = {
        "transitionStatus": transition,
        "states": {"activeModelState": LOADED if ready else target, "targetModelState": target},
        "copies": {"failedCopies": len(failed), "totalCopies": ready},
    }
    if failed:
        found["lastFailureInfo"] = _failure_info(*failed[0], name)
    return found


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(components.REVISION_LABEL, ""))


def _target(deployment: Object, pods: Sequence[Object], failed: bool) -> str:
    if not deployment["spec"].get("replicas", 1):
        return STANDBY
    if failed:
        return FAILED
    if pods and all(map(pod_status.is_ready, pods)):
        return LOADED
    return LOADING if any(pod_status.phase(pod) == "Running" for pod in pods) else PENDING


def _failure_info(pod: Object, failed: Failure, name: str) -> Object:
    found = {
        "reason": "ModelLoadFailed",
        "location": key(pod)[1],
        "message": failed.message,
        "modelRevisionName": name,
        "exitCode": failed.code,
    }
    return {**found, "time": failed.time} if failed.time else found


def unusable(why: Unusable) -> Object:
    """The status of a model that nothing can serve."""
    return {
        "transitionStatus": INVALID,
        "states": {"activeModelState": PENDING, "targetModelState": ""},
        "copies": {"failedCopies": 0},
        "lastFailureInfo": {"reason": why.reason, "message": why.message},
    }
