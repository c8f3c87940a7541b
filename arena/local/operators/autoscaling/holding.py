"""Requests wait at a Service whose pods an autoscaler may scale to zero, until a pod is ready again.

The Service gets the annotation that asks the proxy for it, and one that names the autoscaler, so that both
go with it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from arena.local.machinery.operator import Key, Operator
from arena.local.objects import AUTOSCALERS, HOLD, SERVICES, Object, Objects, WatchEvent, key

SOURCE = "local.arena.io/hold-by"
"""Annotation of a Service: the autoscaler for which its requests wait."""
PATIENCE = "300"
"""Seconds for which a request waits for a pod."""


def operator() -> Operator:
    """The operator that lets requests wait."""
    return Operator("hold", (AUTOSCALERS, SERVICES), _keys, reconcile)


def services(scaler: Object) -> Iterator[str]:
    """The Services whose requests an autoscaler counts, if it may scale to zero."""
    spec = scaler["spec"]
    for one in spec.get("metrics") or [] if spec.get("minReplicas") == 0 else []:
        about = (one.get("object") or {}).get("describedObject") or {}
        if about.get("kind") == "Service":
            yield str(about["name"])
        chosen = ((one.get("external") or {}).get("metric") or {}).get("selector") or {}
        if service := (chosen.get("matchLabels") or {}).get("service"):
            yield str(service)


def is_for(scaler: Object, service: str) -> bool:
    """Whether an autoscaler may scale the pods behind a Service to zero."""
    return service in services(scaler)


def _keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
    namespace, name = key(change.object)
    if change.resource == SERVICES:
        return [(namespace, name)]
    held = [key(one) for one in objects.list(SERVICES, namespace) if SOURCE in _notes(one)]
    return [*held, *((namespace, one) for one in services(change.object))]


def _notes(service: Object) -> dict[str, str]:
    return service["metadata"].get("annotations") or {}


def reconcile(objects: Objects, item: Key, now: datetime) -> float | None:
    """Let the requests of one Service wait, or no longer; what others asked for stays."""
    namespace, name = item
    service = objects.get(SERVICES, name, namespace)
    if service is None:
        return None
    scalers = sorted(key(one)[1] for one in objects.list(AUTOSCALERS, namespace) if is_for(one, name))
    notes = _notes(service)
    wanted: dict[str, str | None] = {}
    if scalers and (SOURCE in notes or HOLD not in notes):
        wanted = {HOLD: PATIENCE, SOURCE: scalers[0]}
    elif not scalers and SOURCE in notes:
        wanted = {HOLD: None, SOURCE: None}
    if any(notes.get(one) != value for one, value in wanted.items()):
        objects.patch(SERVICES, name, {"metadata": {"annotations": wanted}}, namespace)
    return None
