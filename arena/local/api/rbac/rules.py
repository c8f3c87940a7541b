"""What bindings grant to a user, and whether a rule covers a request."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arena.local.api.rbac import users
from arena.local.api.rbac.attributes import Attributes
from arena.local.api.rbac.users import User
from arena.local.api.resource_types import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from arena.local.objects import Object, Objects
from arena.tuples import NamedTuple

Rule = Mapping[str, Any]
_OPERATORS = {"In": "{key} in ({values})", "NotIn": "{key} notin ({values})",
              "Exists": "{key}", "DoesNotExist": "!{key}"}  # fmt: skip


class Grants(NamedTuple):
    """The rules that apply to a user in a namespace."""

    rules: Sequence[tuple[Rule, str]]
    """Each rule with the binding that grants it, as Kubernetes describes it."""
    errors: Sequence[str]
    """Bindings that could not be followed."""


class Decision(NamedTuple):
    """The answer to a request."""

    allowed: bool
    reason: str = ""


def grants(objects: Objects, user: User, namespace: str) -> Grants:
    """What the user may do in a namespace, or cluster-wide if it is ""."""
    rules: list[tuple[Rule, str]] = []
    errors: list[str] = []
    for binding, subject in _bindings(objects, user, namespace):
        reference, meta = binding["roleRef"], binding["metadata"]
        role = _role(objects, reference, meta.get("namespace", ""))
        if role is None:
            kind = reference["kind"].lower()
            errors.append(f'{kind}.{ROLES.group} "{reference["name"]}" not found')
            continue
        where = f"{meta['name']}/{meta['namespace']}" if meta.get("namespace") else meta["name"]
        told = f'{binding["kind"]} "{where}" of {reference["kind"]} "{reference["name"]}" to {_told(subject)}'
        rules += [(rule, told) for rule in of(objects, role)]
    return Grants(rules, errors)


def decide(objects: Objects, user: User, wanted: Attributes) -> Decision:
    """Whether the user may do this; the reason names the binding that allows it."""
    if users.MASTERS in user.groups:
        return Decision(True)
    found = grants(objects, user, wanted.namespace)
    for rule, binding in found.rules:
        if covers(rule, wanted):
            return Decision(True, f"RBAC: allowed by {binding}")
    errors = found.errors[0] if len(found.errors) == 1 else f"[{', '.join(found.errors)}]"
    return Decision(False, f"RBAC: {errors}" if found.errors else "")


def covers(rule: Rule, wanted: Attributes) -> bool:
    """Whether a rule allows a request."""
    if not _has(rule, "verbs", wanted.verb):
        return False
    if not wanted.resource:
        return any(_is_below(wanted.path, one) for one in rule.get("nonResourceURLs") or ())
    resources = rule.get("resources") or ()
    part = f"*/{wanted.subresource}" if wanted.subresource else None
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "apiGroups", wanted.group)
        and (_has(rule, "resources", wanted.full_resource) or part in resources)
        and (not names or wanted.name in names)
    )


def _has(rule: Rule, field: str, value: str) -> bool:
    listed = rule.get(field) or ()
    return "*" in listed or value in listed


def _is_below(path: str, pattern: str) -> bool:
    return path == pattern or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _bindings(objects: Objects, user: User, namespace: str) -> Iterator[tuple[Object, Object]]:
    """The bindings whose subject the user is, each with the first such subject."""
    every = objects.list(CLUSTER_ROLE_BINDINGS)
    for one in [*every, *(objects.list(ROLE_BINDINGS, namespace) if namespace else ())]:
        subjects = one.get("subjects") or ()
        place = one["metadata"].get("namespace", "")
        mine = next((subject for subject in subjects if users.matches(user, subject, place)), None)
        if mine is not None:
            yield one, mine


def _role(objects: Objects, reference: Mapping[str, str], namespace: str) -> Object | None:
    if reference["kind"] == CLUSTER_ROLES.kind:
        return objects.get(CLUSTER_ROLES, reference["name"])
    return objects.get(ROLES, reference["name"], namespace)


def of(objects: Objects, role: Object) -> Iterator[Rule]:
    """The rules of a role and of those that it aggregates."""
    return _rules(objects, role, set())


def _rules(objects: Objects, role: Object, seen: set[str]) -> Iterator[Rule]:
    yield from role.get("rules") or ()
    seen.add(role["metadata"]["name"])
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        for one in objects.list(CLUSTER_ROLES, labels=_selector(selector)):
            if one["metadata"]["name"] not in seen:
                yield from _rules(objects, one, seen)


def _selector(selector: Mapping[str, Any]) -> str:
    """A label selector as text."""
    needs = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        form = _OPERATORS.get(one["operator"], "{key}")
        needs.append(form.format(key=one["key"], values=",".join(one.get("values") or ())))
    return ",".join(needs)


def _told(subject: Mapping[str, str]) -> str:
    place = f"/{subject.get('namespace', '')}" if subject["kind"] == "ServiceAccount" else ""
    return f'{subject["kind"]} "{subject["name"]}{place}"'
