"""The GPU requests of a job's pods, read from the job instead of the pods."""

from collections.abc import Iterable, Mapping
from typing import Any

from arena.kinds.kind import AbridgedPod, PodSummary
from arena.kinds.workload.instances import completed, gpus

Member = PodSummary | AbridgedPod
"""A pod as a member of a job."""


def filled(obj: Mapping[str, Any], members: Iterable[Member]) -> list[PodSummary] | None:
    """The summaries of a job's members; abridged ones request as many GPUs as the job says of their role.

    Args:
        obj: the job.

    Returns:
        None if the job does not show the number of one of them.
    """
    known: Mapping[str, int] | None = None
    found = []
    for member in members:
        if isinstance(member, AbridgedPod):
            known = of_roles(obj) if known is None else known
            count = _of_role(known, member.role)
            if count is None:
                return None
            found.append(completed(member, count))
        else:
            found.append(member)
    return found


def of_roles(obj: Mapping[str, Any]) -> dict[str, int]:
    """GPUs of one pod of each role, by the name of the role in lower case.

    The roles are the mappings in the spec with a pod template; their names are their own `name`, or their
    key.
    """
    found: dict[str, int] = {}
    _collect(obj.get("spec"), "", found)
    return found


def _of_role(known: Mapping[str, int], role: str) -> int | None:
    """The number of a role; for an unknown role, the number that all roles have in common."""
    if role in known:
        return known[role]
    numbers = set(known.values())
    return numbers.pop() if len(numbers) == 1 else None


def _collect(data: Any, name: str, found: dict[str, int]) -> None:
    """Add the roles in the data."""
    if isinstance(data, list):
        for one in data:
            _collect(one, name, found)
    elif isinstance(data, dict):
        name = str(data.get("name") or data.get("groupName") or name)
        template = data.get("template")
        spec = template.get("spec") if isinstance(template, dict) else None
        if isinstance(spec, dict) and "containers" in spec:
            found[name.lower()] = gpus(spec)
            return
        for key, value in data.items():
            if isinstance(value, _COLLECTIONS):
                _collect(value, name if key in ("template", "spec") else key, found)


_COLLECTIONS = (dict, list)
"""What may hold roles; a type that is put together at every check would take most of the time."""
