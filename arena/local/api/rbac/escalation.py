"""Nobody grants rights that they do not have: the check of roles and bindings that are written."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from arena.local.api import refusals
from arena.local.api.rbac import rules, users
from arena.local.api.rbac.attributes import Attributes
from arena.local.api.rbac.rules import Rule
from arena.local.api.rbac.users import User
from arena.local.api.resource_types import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, Type
from arena.local.objects import Object, Objects, Resource

_BINDINGS = (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS)
_ROLES = (ROLES, CLUSTER_ROLES)


class Guard:
    """Checks what a user writes against the rights that the user had before."""

    def __init__(self, objects: Objects, user: User, kind: Type, namespace: str) -> None:
        self._objects, self._user, self._kind, self._namespace = objects, user, kind, namespace
        self._held: Sequence[Rule] | None = None
        if kind.resource in (*_ROLES, *_BINDINGS) and users.MASTERS not in user.groups:
            self._held = [rule for rule, _ in rules.grants(objects, user, namespace).rules]

    def check(self, obj: Object) -> None:
        """Refuse a valid role or binding that would grant more than the user may do.

        The verbs `escalate` on the role, and `bind` on the role of a binding, allow it nevertheless.

        Raises:
            Refused: 403; 404 if there is no such role to bind.
        """
        if self._held is None:
            return
        kind, name = self._kind.resource, obj["metadata"]["name"]
        if kind in _ROLES:
            verb, of_kind, role = "escalate", kind, obj
        else:
            verb, of_kind, role = "bind", *self._bound(obj["roleRef"])
        wanted = Attributes(verb, ROLES.group, of_kind.plural, "", role["metadata"]["name"], self._namespace)
        if any(rules.covers(one, wanted) for one in self._held):
            return
        if lacking := [one for one in rules.of(self._objects, role) if not _is_held(one, self._held)]:
            why = f'user "{self._user.name}" is attempting to grant RBAC permissions not currently held:'
            raise refusals.denied(kind, name, "\n".join([why, *map(_told, lacking)]))

    def _bound(self, reference: Mapping[str, str]) -> tuple[Resource, Object]:
        of_kind = CLUSTER_ROLES if reference["kind"] == CLUSTER_ROLES.kind else ROLES
        role = self._objects.get(of_kind, reference["name"], self._namespace or None)
        if role is None:
            raise refusals.missing(of_kind, reference["name"])
        return of_kind, role


def _is_held(rule: Rule, held: Sequence[Rule]) -> bool:
    return all(any(rules.covers(one, part) for one in held) for part in _parts(rule))


def _parts(rule: Rule) -> Iterator[Attributes]:
    """The single rights of a rule."""
    verbs: Sequence[str] = rule.get("verbs") or ()
    for verb, path in product(verbs, rule.get("nonResourceURLs") or ()):
        yield Attributes(verb, path=path)
    names = rule.get("resourceNames") or ("",)
    for verb, group, resource, name in product(
        verbs, rule.get("apiGroups") or (), rule.get("resources") or (), names
    ):
        plural, _, subresource = resource.partition("/")
        yield Attributes(verb, group, plural, subresource, name)


def _told(rule: Mapping[str, Any]) -> str:
    shown = {"apiGroups": "APIGroups", "resources": "Resources", "resourceNames": "ResourceNames",
             "nonResourceURLs": "NonResourceURLs", "verbs": "Verbs"}  # fmt: skip
    parts = (
        f"{word}:[{', '.join(f'{chr(34)}{one}{chr(34)}' for one in rule[field])}]"
        for field, word in shown.items()
        if rule.get(field)
    )
    return f"{{{', '.join(parts)}}}"
