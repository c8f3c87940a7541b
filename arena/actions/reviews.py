"""What a cluster says of this user: who they are, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena.actions.served import preferred
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

ACCESS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", False, kind="SelfSubjectAccessReview"
)


def answer(cluster: Cluster, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """The status of a review; empty if the cluster does not know such reviews."""
    kind = preferred(cluster, resource)
    if kind is None:
        return {}
    reviewed = cluster.create(kind, None, {"apiVersion": kind.api_version, "kind": kind.kind, **body})
    found: dict[str, Any] = reviewed.get("status") or {}
    return found


def may(cluster: Cluster, **attributes: str) -> bool:
    """Whether this user is allowed something; a cluster without reviews allows everything.

    Args:
        attributes: `verb`, `group`, `resource`, `subresource` and `namespace` of the request.

    Raises:
        NotAllowed: the user may not ask.
    """
    said = answer(cluster, ACCESS, {"spec": {"resourceAttributes": attributes}})
    return bool(said.get("allowed", not said))


def may_everything(cluster: Cluster) -> bool:
    """Whether the cluster allows this user everything; a cluster without authentication does."""
    return may(cluster, verb="*", group="*", resource="*")
