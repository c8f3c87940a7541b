"""Who a request comes from: the owner of the cluster, or somebody whom the owner impersonates."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from arena.local.api.refusals import of_code
from arena.tuples import NamedTuple

MASTERS = "system:masters"
"""The group that may do everything, whatever bindings say."""
AUTHENTICATED, _STRANGERS, _ANONYMOUS = "system:authenticated", "system:unauthenticated", "system:anonymous"
_ACCOUNT = "system:serviceaccount:"
_USER, _UID = "impersonate-user", "impersonate-uid"
_GROUP, _EXTRA = "impersonate-group", "impersonate-extra-"


class User(NamedTuple):
    """A user and the groups that they belong to."""

    name: str
    groups: tuple[str, ...] = ()


OWNER = User("system:admin", (MASTERS, AUTHENTICATED))
"""Whoever can connect."""


def of(headers: Mapping[str, str]) -> User:
    """The impersonated user of a request, else the owner.

    Args:
        headers: a multidict.

    Raises:
        Refused: 500 for a group, uid or extra value without a user, as Kubernetes does.
    """
    pairs: list[tuple[str, str]] = [(key.lower(), value) for key, value in headers.items()]
    meant = [(key, value) for key, value in pairs if key in (_USER, _UID, _GROUP) or key.startswith(_EXTRA)]
    if not meant:
        return OWNER
    name = next((value for key, value in meant if key == _USER), "")
    if not name:
        asked = ", ".join(unquote(f"{key}: {value}") for key, value in meant)
        raise of_code(500, f"requested [{asked}] without impersonating a user")
    return known(name, [value for key, value in meant if key == _GROUP])


def known(name: str, groups: list[str]) -> User:
    """The user with the groups that follow from the name, as Kubernetes adds them when it impersonates."""
    if not groups and (parts := account(name)):
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{parts[0]}"]
    own = _STRANGERS if name == _ANONYMOUS else AUTHENTICATED
    if not {own, _STRANGERS} & set(groups):
        groups = [*groups, own]
    return User(name, tuple(groups))


def account(name: str) -> tuple[str, str] | None:
    """Namespace and name of a service account; None for other users."""
    namespace, colon, short = name.removeprefix(_ACCOUNT).partition(":")
    return (namespace, short) if colon and name.startswith(_ACCOUNT) else None


def matches(user: User, subject: Mapping[str, Any], namespace: str) -> bool:
    """Whether the subject of a binding is this user; `namespace` is that of the binding."""
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "ServiceAccount":
        return account(user.name) == (subject.get("namespace") or namespace, name)
    return name == user.name if kind == "User" else kind == "Group" and name in user.groups
