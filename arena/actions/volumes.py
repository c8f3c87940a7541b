"""Volume claims, which --data can mount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena import units
from arena.model.volumes import Volume
from arena.resources import CLAIMS

if TYPE_CHECKING:
    from arena.kube import Cluster


def volumes(cluster: Cluster, namespace: str | None, *, unbound: bool = False) -> list[Volume]:
    """The claims of a namespace (None for all), by namespace and name.

    Args:
        unbound: include claims without a volume.
    """
    claims = cluster.list(CLAIMS, namespace)
    found = [_read(one) for one in claims if not one["metadata"].get("deletionTimestamp")]
    kept = [one for one in found if unbound or one.status == "Bound"]
    return sorted(kept, key=lambda one: (one.namespace, one.name))


def _read(claim: dict[str, Any]) -> Volume:
    meta, spec, status = claim["metadata"], claim.get("spec") or {}, claim.get("status") or {}
    notes = meta.get("annotations") or {}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "")
    return Volume(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        status=status.get("phase") or "Pending",
        modes=tuple(spec.get("accessModes") or ()),
        size=(status.get("capacity") or {}).get("storage") or asked,
        storage_class=spec.get("storageClassName") or "",
        description=notes.get("description", ""),
        owner=notes.get("owner", ""),
        created=units.when(meta.get("creationTimestamp")),
    )
