"""The status of a Deployment: counts, Available and Progressing."""

from datetime import datetime

from arena.local.machinery import conditions
from arena.local.machinery.clock import left, stamp
from arena.local.machinery.conditions import Condition
from arena.local.objects import Object
from arena.local.operators.apps.replicaset import size
from arena.local.operators.apps.rolling_update import limits

COUNTS = ("updatedReplicas", "readyReplicas", "availableReplicas")


def status(deployment: Object, new: Object, old: list[Object], now: datetime) -> tuple[Object, float | None]:
    """The status, and the seconds until the progress deadline while a rollout is under way."""
    every = [new, *old]
    replicas, available = _sum(every, "replicas"), _sum(every, "availableReplicas")
    found: Object = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": replicas,
        "updatedReplicas": _sum([new], "replicas"),
        "readyReplicas": _sum(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(size(deployment), replicas) - available),
    }
    progressing, wait = _progressing(deployment, new, found, now)
    failure = conditions.find(new.get("status") or {}, "ReplicaFailure")
    every_one = (_available(deployment, available, now), progressing, failure)
    found["conditions"] = [one for one in every_one if one]
    return found, wait


def _sum(sets: list[Object], name: str) -> int:
    return sum(int((one.get("status") or {}).get(name) or 0) for one in sets)


def _before(deployment: Object, kind: str) -> Object:
    return conditions.find(deployment.get("status") or {}, kind)


def _available(deployment: Object, available: int, now: datetime) -> Object:
    enough = available >= size(deployment) - limits(deployment)[1]
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    word = "has" if enough else "does not have"
    message = f"Deployment {word} minimum availability."
    return _condition(deployment, "Available", (enough, reason, message), now)


def _progressing(
    deployment: Object, new: Object, found: Object, now: datetime
) -> tuple[Object, float | None]:
    wanted, name = size(deployment), new["metadata"]["name"]
    before = _before(deployment, "Progressing")
    done = f'ReplicaSet "{name}" has successfully progressed.'
    was_done = before.get("reason") == "NewReplicaSetAvailable" and before.get("message") == done
    now_done = found["updatedReplicas"] == found["replicas"] == found["availableReplicas"] == wanted
    if was_done or now_done:
        # A completed rollout stays completed: a pod that fails later does not undo it.
        words = True, "NewReplicaSetAvailable", done
        return _condition(deployment, "Progressing", words, now), None
    message = f'ReplicaSet "{name}" is progressing.'
    same = before.get("message") == message or before.get("reason") == "ProgressDeadlineExceeded"
    if not same or _moved(deployment, found):
        words = True, "ReplicaSetUpdated", message
        fresh = _condition(deployment, "Progressing", words, now) | {"lastUpdateTime": stamp(now)}
        return fresh, _deadline(deployment)
    wait = left(before.get("lastUpdateTime"), _deadline(deployment), now)
    if wait > 0:
        return before, wait
    message = f'ReplicaSet "{name}" has timed out progressing.'
    return _condition(deployment, "Progressing", (False, "ProgressDeadlineExceeded", message), now), None


def _deadline(deployment: Object) -> float:
    limit = deployment["spec"].get("progressDeadlineSeconds")
    return 600.0 if limit is None else float(limit)


def _moved(deployment: Object, found: Object) -> bool:
    """Whether pods were created, became ready, or were removed since the status was written."""
    before = deployment.get("status") or {}
    more = any(found[name] > int(before.get(name) or 0) for name in COUNTS)
    old_before = int(before.get("replicas") or 0) - int(before.get("updatedReplicas") or 0)
    return more or found["replicas"] - found["updatedReplicas"] < old_before


def _condition(deployment: Object, kind: str, words: tuple[bool, str, str], now: datetime) -> Object:
    """A condition that keeps the times of the previous one as far as it is unchanged."""
    holds, reason, message = words
    before = _before(deployment, kind)
    new = conditions.following(before, Condition(kind, reason, message, "True" if holds else "False"), now)
    unchanged = all(before.get(name) == new[name] for name in ("status", "reason"))
    return {**new, "lastUpdateTime": before["lastUpdateTime"] if unchanged else stamp(now)}
