"""The claims of pods with stable names: one for each template and pod, which outlives both."""

import copy
from collections.abc import Mapping, Sequence

from arena.local.objects import PERSISTENT_VOLUME_CLAIMS, Object, Objects


def create(
    objects: Objects, templates: Sequence[Object], pod: tuple[str, str], labels: Mapping[str, str]
) -> None:
    """Create the missing claims of a pod, given as (namespace, name), without an owner: the data stay."""
    namespace, name = pod
    for template in templates:
        body = copy.deepcopy(template)
        body["metadata"]["name"] = f"{template['metadata']['name']}-{name}"
        body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **labels}
        body.pop("status", None)
        if objects.get(PERSISTENT_VOLUME_CLAIMS, body["metadata"]["name"], namespace) is None:
            kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
            objects.create(PERSISTENT_VOLUME_CLAIMS, {**body, **kind}, namespace)


def mount(spec: Object, templates: Sequence[Object], pod: str) -> None:
    """Add the claims of a pod to its spec as volumes, in place; they replace volumes of the same names."""
    claims = [one["metadata"]["name"] for one in templates]
    others = [one for one in spec.get("volumes") or [] if one["name"] not in claims]
    mine = [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{pod}"}} for one in claims]
    if others or mine:
        spec["volumes"] = [*others, *mine]
