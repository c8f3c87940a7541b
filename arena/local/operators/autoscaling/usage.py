"""What pods use of CPU and memory, from the metrics API: by container or in total, and what they request."""

import re
from collections.abc import Iterable
from datetime import timedelta

from arena.local.machinery import clock
from arena.local.machinery.quantities import parse_quantity
from arena.local.objects import POD_METRICS, Object, Objects, Refused, sidecars
from arena.local.operators.autoscaling.calculator import Sample, Unmeasured

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?")


def samples(
    objects: Objects, namespace: str, selector: str, resource: str, container: str
) -> dict[str, Sample]:
    """The usage of each pod of a selector, of one container or of all ("").

    Raises:
        Unmeasured: the metrics API has nothing of these pods, or of the container.
    """
    try:
        found = objects.list(POD_METRICS, namespace, selector)
    except Refused as refusal:
        why = f"unable to fetch metrics from resource metrics API: {refusal.message}"
        raise _unmeasured(resource, why) from refusal
    if not found:
        raise _unmeasured(resource, "no metrics returned from resource metrics API")
    taken = {one["metadata"]["name"]: _sample(one, resource, container) for one in found}
    return {name: sample for name, sample in taken.items() if sample}


def _unmeasured(resource: str, why: str) -> Unmeasured:
    return Unmeasured(f"unable to get metrics for resource {resource}: {why}")


def _sample(metrics: Object, resource: str, container: str) -> Sample | None:
    """The usage of one pod; None if the resource of a container was not measured."""
    found = [one for one in metrics["containers"] if container in ("", one["name"])]
    if container and not found:
        name = metrics["metadata"]["name"]
        raise _unmeasured(resource, f"container {container} not present in metrics for pod {name}")
    if not found or any(resource not in one["usage"] for one in found):
        return None
    total = sum(parse_quantity(one["usage"][resource]) for one in found)
    taken = clock.parse(metrics.get("timestamp"))
    return Sample(total, taken, _seconds(metrics.get("window"))) if taken else None


def _seconds(text: str | None) -> float:
    found = _DURATION.fullmatch(text or "")
    hours, minutes, seconds = found.groups("0") if found else ("0", "0", "0")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds)).total_seconds()


def requests(pods: Iterable[Object], resource: str, container: str) -> dict[str, int]:
    """What each pod requests of a resource, in one container or in all ("").

    Raises:
        Unmeasured: a container requests nothing of it.
    """
    return {pod["metadata"]["name"]: _request(pod, resource, container) for pod in pods}


def _request(pod: Object, resource: str, container: str) -> int:
    total = 0
    for one in [*pod["spec"]["containers"], *sidecars(pod["spec"])]:
        if container in ("", one["name"]):
            asked = ((one.get("resources") or {}).get("requests") or {}).get(resource)
            if asked is None:
                name = pod["metadata"]["name"]
                why = f"missing request for {resource} in container {one['name']} of Pod {name}"
                raise Unmeasured(why)
            total += parse_quantity(asked)
    return total
