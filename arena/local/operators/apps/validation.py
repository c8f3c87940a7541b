"""What Deployments, ReplicaSets and StatefulSets have in common for the API."""

from collections.abc import Iterator

from arena.local.field_errors import FieldError, check_count, invalid, missing
from arena.local.objects import Object

RESTART = ("Always",)
"""The restart policies of their pods."""


def check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a Deployment, ReplicaSet or StatefulSet: its selector must match its template."""
    spec = obj["spec"]
    yield from check_count("spec.replicas", spec.get("replicas"))
    for index, one in enumerate(spec.get("volumeClaimTemplates") or []):
        if not (one.get("metadata") or {}).get("name"):
            yield missing(f"spec.volumeClaimTemplates[{index}].metadata.name")
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def ready(obj: Object) -> str:
    """The cell that shows how many of the requested pods are ready."""
    return f"{(obj.get('status') or {}).get('readyReplicas') or 0}/{obj['spec'].get('replicas', 1)}"
