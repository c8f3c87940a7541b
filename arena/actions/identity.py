"""Who one is to a cluster."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from arena.actions.defaults import administrator
from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound
from arena.inventory import User
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

REVIEWS = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", False, kind="SelfSubjectReview")
ACCESS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", False, kind="SelfSubjectAccessReview"
)
ADMINS = "adminUsers"
"""The key of the administrator's settings that lists users, separated by commas."""


def whoami(cluster: Cluster, known_as: str, settings: str) -> User:
    """The user as the cluster knows them, and whether they may do everything there.

    Args:
        known_as: their name where the cluster does not tell it (Kubernetes does from 1.27 on).
        settings: the namespace of the administrator's settings.
    """
    info: dict[str, Any] = _reviewed(cluster, REVIEWS, {}).get("userInfo") or {}
    name = str(info.get("username") or known_as)
    admins = [one.strip() for one in administrator(cluster, settings).get(ADMINS, "").split(",")]
    return User(
        name=name,
        groups=tuple(info.get("groups") or ()),
        admin=name in admins or _may_everything(cluster),
    )


def _may_everything(cluster: Cluster) -> bool:
    """Whether the cluster lets this user do all; one that asks nobody who they are lets everybody."""
    if preferred(cluster, ACCESS) is None:
        return True
    asked = {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}
    return bool(_reviewed(cluster, ACCESS, {"spec": asked}).get("allowed"))


def _reviewed(cluster: Cluster, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """What the cluster answers to a question about this user; nothing where it knows no answer."""
    kind = preferred(cluster, resource)
    if kind is None:
        return {}
    try:
        answer = cluster.create(kind, None, {"apiVersion": kind.api_version, "kind": kind.kind, **body})
    except (NotAllowed, NotFound):
        return {}
    found: dict[str, Any] = answer.get("status") or {}
    return found


def user_id(name: str) -> str:
    """The Go arena's id of a user, which it labels jobs with."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
