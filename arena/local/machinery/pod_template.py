"""Pod templates that users give, and changes to them: numbers of replicas, variables, volumes, labels."""

from collections.abc import Mapping
from typing import Any

from arena.local.objects import Object

_MERGED = {"containers": "name", "initContainers": "name", "volumes": "name", "imagePullSecrets": "name",
           "schedulingGates": "name", "env": "name", "volumeMounts": "mountPath"}  # fmt: skip
"""Lists in a pod to which a patch adds items, and the field that identifies an item."""


def selector(labels: Mapping[str, str]) -> str:
    """Write labels as a label selector."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def replica_count(spec: Object) -> int:
    """The number of replicas, which is 1 by default."""
    count = spec.get("replicas")
    return 1 if count is None else int(count)


def set_env(container: Object, variables: Mapping[str, str]) -> None:
    """Set variables of a container in place; the user's variables of the same names are replaced."""
    kept = [one for one in container.get("env") or [] if one["name"] not in variables]
    env = [*kept, *({"name": name, "value": value} for name, value in variables.items())]
    if env:
        container["env"] = env


def add_volume(spec: Object, name: str, path: str, source: Object) -> None:
    """Add a volume to a pod's spec, and mount it into the first container."""
    spec["volumes"] = [*(spec.get("volumes") or []), {"name": name, **source}]
    container = spec["containers"][0]
    container["volumeMounts"] = [*(container.get("volumeMounts") or []), {"name": name, "mountPath": path}]


def overlaid(below: Object, above: Mapping[str, Any]) -> Object:
    """Merge `above` into `below`: mappings and lists with names merge, other values are replaced."""
    found = dict(below)
    for name, value in above.items():
        before = found.get(name)
        if isinstance(value, Mapping) and isinstance(before, dict):
            found[name] = overlaid(before, value)
        elif name in _MERGED and isinstance(before, list):
            found[name] = merged_lists(before, value, _MERGED[name])
        else:
            found[name] = value
    return found


def merged_lists(below: list[Object], above: list[Object], field: str) -> list[Object]:
    """Merge two lists: an item of `above` changes the one of `below` with the same field, or is added."""
    changes = {one[field]: one for one in above}
    kept = [overlaid(one, changes.pop(one[field], {})) for one in below]
    return [*kept, *changes.values()]
