"""The user's identity on a cluster."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from arena.actions import readings
from arena.actions.reviews import ACCESS, answer, may_everything
from arena.actions.submit.defaults import administrator
from arena.errors import NotAllowed, NotFound
from arena.model.users import User
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

REVIEWS = Resource("authentication.k8s.io", "v1", "selfsubjectreviews", False, kind="SelfSubjectReview")
UNKNOWN = "whether you are an administrator is unknown"
ADMINS = "adminUsers"
"""The key in the administrator's settings that lists users, separated by commas."""


def whoami(session: Session) -> User:
    """Return the user as the cluster knows them, and whether they are allowed everything.

    If the cluster does not report the name (Kubernetes does since 1.27), it is that of the kubeconfig. On the
    local cluster, or if the kubeconfig has none, it is the login name on this machine.
    """
    session.miss("arena-namespace")
    cluster = session.cluster()
    found = {} if session.is_local else _reviewed(cluster, REVIEWS, {})
    info: dict[str, Any] = found.get("userInfo") or {}
    reported = str(info.get("username") or "")
    name = reported or login(session) or session.user
    said = administrator(session)
    listed = name in [one.strip() for one in said.get(ADMINS, "").split(",")]
    everything = readings.optional(ACCESS, UNKNOWN, lambda: [listed or may_everything(cluster)])
    return User(
        name=name,
        groups=tuple(info.get("groups") or ()),
        admin=any(everything),
        reported=bool(reported),
        unread=everything.unread,
    )


def login(session: Session) -> str:
    """The user's name in the kubeconfig, which may be that of somebody to act as; "" if it has none."""
    context = None if session.is_local else session.context
    return str(context.user.get("as") or context.login) if context else ""


def _reviewed(cluster: Cluster, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """The cluster's answer to a question about this user; empty if it has none."""
    try:
        return answer(cluster, resource, body)
    except (NotAllowed, NotFound):
        return {}


def user_id(name: str) -> str:
    """The Go arena's id of a user, which it labels jobs with."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
