"""Whether claims for volumes can be bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arena.errors import NotAllowed
from arena.model.checks import NOTE, OK, WARNING, Check
from arena.resources import CLAIMS, STORAGE_CLASSES
from arena.scheduling import volumes

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


def check(session: Session) -> Iterator[Check]:
    """Yield the claims of the namespace that are not bound, and whether there is a default storage class."""
    cluster, namespace = session.cluster(), session.namespace
    classes = _classes(cluster)
    late = {name for name, one in (classes or {}).items() if volumes.storage_class(one).waits}
    for claim in cluster.list(CLAIMS, namespace):
        name, status = claim["metadata"]["name"], (claim.get("status") or {}).get("phase")
        of_class = (claim.get("spec") or {}).get("storageClassName")
        if status == "Lost" or (status == "Pending" and of_class not in late):
            message = f'claim "{name}" in namespace "{namespace}" is {str(status).lower()}: its pods wait'
            yield Check(id=f"storage.{name}", state=WARNING, message=message,
                        remedy=f"kubectl -n {namespace} describe persistentvolumeclaim {name}")  # fmt: skip
    if session.is_local:
        yield Check(id="storage", state=OK, message="claims are folders of this machine")
    elif classes is not None:
        yield _default(classes)


def _classes(cluster: Cluster) -> dict[str, Object] | None:
    """The storage classes by name; None if they may not be listed, as by most users."""
    try:
        found = cluster.list(STORAGE_CLASSES) if cluster.serves(STORAGE_CLASSES) else ()
        return {one["metadata"]["name"]: one for one in found}
    except NotAllowed:
        return None


def _default(classes: Mapping[str, Object]) -> Check:
    marked = [name for name, one in classes.items() if volumes.is_default(one)]
    if marked:
        return Check(id="storage", state=OK, message=f"claims without a class get {', '.join(marked)}")
    message = "there is no storage class"
    if classes:
        message = f"none of the storage classes is the default: {', '.join(classes)}"
    return Check(id="storage", state=NOTE, message=f"{message}: claims must name a class or a volume",
                 remedy="arena data list")  # fmt: skip
