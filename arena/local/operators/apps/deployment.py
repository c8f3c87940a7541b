"""Deployment: ReplicaSets, one for each version of the pod template, replaced step by step."""

from collections.abc import Iterator
from datetime import datetime

from arena.local.checks import count_or_percent, share
from arena.local.definitions import Definition, set_defaults
from arena.local.field_errors import FieldError, forbidden, invalid, unsupported
from arena.local.machinery import pod_status
from arena.local.machinery.operator import Key, Operator, of_kind
from arena.local.machinery.template_columns import CONTAINERS, IMAGES, SELECTOR
from arena.local.machinery.writes import event, owned, write_status
from arena.local.objects import DEPLOYMENTS, PODS, REPLICASETS, Object, Objects, key
from arena.local.operators.apps import deployment_status, revisions, validation
from arena.local.operators.apps.replicaset import size
from arena.local.operators.apps.rolling_update import limits
from arena.tuples import NamedTuple

STRATEGIES = ("Recreate", "RollingUpdate")
_LIMITS = {"maxSurge": count_or_percent, "maxUnavailable": share}


def operator() -> Operator:
    """The operator of Deployments."""
    return of_kind(DEPLOYMENTS, reconcile, owns=(REPLICASETS,), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    """The Deployment of a pod: Recreate waits for the last old pod to go, which changes no ReplicaSet."""
    namespace = key(pod)[0]
    for ref in pod["metadata"].get("ownerReferences") or []:
        if ref["kind"] == "ReplicaSet" and pod_status.is_going(pod):
            parent = objects.get(REPLICASETS, ref["name"], namespace)
            owners = (parent or {"metadata": {}})["metadata"].get("ownerReferences") or []
            return [(namespace, one["name"]) for one in owners if one["kind"] == "Deployment"]
    return []


class ReplicaSets(NamedTuple):
    """A Deployment's ReplicaSets."""

    new: Object
    old: list[Object]

    @property
    def every(self) -> list[Object]:
        """The new one and the old ones."""
        return [self.new, *self.old]


def reconcile(objects: Objects, deployment: Object, now: datetime) -> float | None:
    """Take one step towards pods of the current template only."""
    sets = owned(objects, REPLICASETS, deployment)
    paused = bool(deployment["spec"].get("paused"))
    new = revisions.current(deployment, sets)
    if new is None and paused:
        new = max(sets, key=revisions.number, default=None)
        if new is None:
            return None
    new = new or revisions.make(objects, deployment, sets)
    found = ReplicaSets(new, [one for one in sets if one is not new])
    if not paused:
        deployment = revisions.keep_newest(objects, deployment, new, found.old)
    found = _roll(objects, deployment, found, now)
    status, wait = deployment_status.status(deployment, found.new, found.old, now)
    deployment = write_status(objects, DEPLOYMENTS, deployment, status)
    revisions.prune(objects, deployment, found.old)
    return wait


def _roll(objects: Objects, deployment: Object, sets: ReplicaSets, now: datetime) -> ReplicaSets:
    """Change the sizes of the ReplicaSets as far as the strategy allows."""
    strategy = (deployment["spec"].get("strategy") or {}).get("type") or "RollingUpdate"
    if deployment["spec"].get("paused"):
        others = sum(size(one) for one in sets.old)
        sizes = {key(sets.new)[1]: max(0, size(deployment) - others)}
    elif strategy == "Recreate":
        sizes = _recreate(objects, deployment, sets)
    else:
        sizes = _rolling(deployment, sets)
    scaled = [_scale(objects, deployment, one, sizes.get(key(one)[1]), now) for one in sets.every]
    return ReplicaSets(scaled[0], scaled[1:])


def _recreate(objects: Objects, deployment: Object, sets: ReplicaSets) -> dict[str, int]:
    """The sizes by the strategy Recreate: old pods go before new ones are created."""
    left = [pod for one in sets.old for pod in owned(objects, PODS, one) if not pod_status.is_finished(pod)]
    sizes = {key(one)[1]: 0 for one in sets.old}
    if not left and not any(size(one) for one in sets.old):
        sizes[key(sets.new)[1]] = size(deployment)
    return sizes


def _rolling(deployment: Object, sets: ReplicaSets) -> dict[str, int]:
    """The sizes by the strategy RollingUpdate: within maxSurge and maxUnavailable."""
    wanted = size(deployment)
    surge, unavailable = limits(deployment)
    total = sum(size(one) for one in sets.every)
    mine = size(sets.new)
    grown = min(wanted, mine + max(0, wanted + surge - total)) if mine < wanted else wanted
    sizes = {key(sets.new)[1]: grown}
    # Unavailable pods may go at once; available ones only above the minimum.
    spare = total - (wanted - unavailable) - max(0, mine - _available(sets.new))
    for healthy in (False, True):
        for one in sorted(sets.old, key=revisions.number):
            name = key(one)[1]
            now = sizes.get(name, size(one))
            part = now - min(now, _available(one)) if not healthy else now
            drop = max(0, min(part, spare))
            sizes[name], spare = now - drop, spare - drop
    return sizes


def _available(replicaset: Object) -> int:
    return int((replicaset.get("status") or {}).get("availableReplicas") or 0)


def _scale(objects: Objects, deployment: Object, one: Object, wanted: int | None, now: datetime) -> Object:
    before = size(one)
    if wanted is None or wanted == before:
        return one
    namespace, name = key(one)
    word = "up" if wanted > before else "down"
    message = f"Scaled {word} replica set {name} from {before} to {wanted}"
    event(objects, (DEPLOYMENTS, deployment), now, "Normal", "ScalingReplicaSet", message)
    return objects.patch(REPLICASETS, name, {"spec": {"replicas": wanted}}, namespace)


def _fill(obj: Object) -> None:
    strategy = obj["spec"]["strategy"]
    if strategy["type"] == "RollingUpdate":
        set_defaults(strategy, rollingUpdate={})
        set_defaults(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")


def _check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a Deployment."""
    return validation.check(obj, also=_check_rollout)


def _check_rollout(path: str, spec: Object) -> Iterator[FieldError]:
    """What is wrong with the strategy and the deadline."""
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        yield invalid(f"{path}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    strategy, where = spec.get("strategy") or {}, f"{path}.strategy"
    if strategy.get("type") not in STRATEGIES:
        yield unsupported(where, strategy, STRATEGIES)
    elif strategy["type"] == "Recreate":
        if strategy.get("rollingUpdate") is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(f"{where}.rollingUpdate", why)
    else:
        rolling = strategy.get("rollingUpdate") or {}
        for name, check in _LIMITS.items():
            if rolling.get(name) is not None:
                yield from check(f"{where}.rollingUpdate.{name}", rolling[name])
        if all(rolling.get(name) in (0, "0%") for name in ("maxUnavailable", "maxSurge")):
            why = "may not be 0 when `maxSurge` is 0"
            yield invalid(f"{where}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], why)


DEFINITIONS = (
    Definition(
        resource=DEPLOYMENTS,
        short=("deploy",),
        scale=True,
        fill=_fill,
        check=_check,
        immutable=("selector",),
        columns=(
            ("Ready", validation.ready),
            ("Up-to-date", lambda obj: (obj.get("status") or {}).get("updatedReplicas") or 0),
            ("Available", lambda obj: (obj.get("status") or {}).get("availableReplicas") or 0),
        ),
        wide=(CONTAINERS, IMAGES, SELECTOR),
        custom=False,
    ),
)
