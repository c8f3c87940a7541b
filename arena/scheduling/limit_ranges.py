"""LimitRanges: the defaults that a namespace gives to containers, and the bounds that it sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from arena.scheduling import amounts

Object = Mapping[str, Any]
CONTAINERS = ("initContainers", "containers")


def completed(spec: Object, ranges: Sequence[Object]) -> dict[str, Any]:
    """The spec of a pod with the defaults of the namespace, as the API server completes it."""
    found = dict(spec)
    for key in CONTAINERS:
        if spec.get(key):
            found[key] = [_container(one, ranges) for one in spec[key]]
    return found


def _container(container: Object, ranges: Sequence[Object]) -> dict[str, Any]:
    resources = container.get("resources") or {}
    limits = dict(resources.get("limits") or {})
    requests = {**limits, **(resources.get("requests") or {})}
    for limit in _limits(ranges, "Container"):
        limits = {**(limit.get("default") or {}), **limits}
        requests = {**(limit.get("defaultRequest") or {}), **requests}
    return {**container, "resources": {"limits": limits, "requests": requests}}


def _limits(ranges: Iterable[Object], kind: str) -> Iterator[Object]:
    for one in ranges:
        for limit in (one.get("spec") or {}).get("limits") or ():
            if limit.get("type") == kind:
                yield limit


def violations(spec: Object, ranges: Sequence[Object]) -> list[str]:
    """Why the API server refuses a pod, which is complete; one sentence each."""
    found = dict.fromkeys(_above_limits(spec))
    for one in ranges:
        name = one["metadata"]["name"]
        for limit in _limits([one], "Container"):
            for container in (each for key in CONTAINERS for each in spec.get(key) or ()):
                found |= dict.fromkeys(_broken(limit, container.get("resources") or {}, "a container", name))
        for limit in _limits([one], "Pod"):
            found |= dict.fromkeys(_broken(limit, _whole(spec), "a pod", name))
    return list(found)


def _above_limits(spec: Object) -> Iterator[str]:
    """Requests above limits, which a limit that is a default of the namespace can be."""
    for container in (each for key in CONTAINERS for each in spec.get(key) or ()):
        resources = container.get("resources") or {}
        requests, limits = _read(resources, "requests"), _read(resources, "limits")
        for name, limit in limits.items():
            if requests.get(name, 0) > limit:
                wanted, most = amounts.text(name, requests[name]), amounts.text(name, limit)
                yield f"a container requests {wanted} {name}, and its limit, maybe by default, is {most}"


def _whole(spec: Object) -> dict[str, dict[str, int]]:
    """The requests and limits of all containers of a pod; init containers run one by one."""
    made = {}
    for key in ("requests", "limits"):
        several = spec.get("containers") or ()
        found = amounts.total(amounts.amounts((one.get("resources") or {}).get(key)) for one in several)
        for one in spec.get("initContainers") or ():
            for name, amount in amounts.amounts((one.get("resources") or {}).get(key)).items():
                found[name] = max(found.get(name, 0), amount)
        made[key] = found
    return made


def _broken(limit: Object, resources: Object, what: str, name: str) -> Iterator[str]:
    requests, limits = _read(resources, "requests"), _read(resources, "limits")
    where = f'LimitRange "{name}"'
    for resource, least in amounts.amounts(limit.get("min")).items():
        if requests.get(resource, 0) < least:
            yield f"{where}: {what} must request at least {amounts.text(resource, least)} {resource}"
    for resource, most in amounts.amounts(limit.get("max")).items():
        shown = f"at most {amounts.text(resource, most)} {resource}"
        given = max(limits.get(resource, 0), requests.get(resource, 0))
        if resource not in limits:
            yield f"{where}: {what} must have a limit of {shown}"
        elif given > most:
            yield f"{where}: {what} may have {shown}, not {amounts.text(resource, given)}"
    for resource, text in (limit.get("maxLimitRequestRatio") or {}).items():
        request, ratio = requests.get(resource, 0), amounts.whole("", str(text))
        if not request or limits.get(resource, 0) > ratio * request:
            yield f"{where}: the limit of {resource} may be at most {text} times the request"


def _read(resources: Object, key: str) -> dict[str, int]:
    found = resources.get(key) or {}
    return {
        name: one if isinstance(one, int) else amounts.whole(name, str(one)) for name, one in found.items()
    }
