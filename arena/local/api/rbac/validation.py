"""Roles and bindings that are refused, and the defaults of bindings."""

from collections.abc import Iterator

from arena.local import formats
from arena.local.api.resource_types import CLUSTER_ROLES, ROLES
from arena.local.definitions import set_defaults
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.local.objects import Object

_SUBJECTS = ("ServiceAccount", "User", "Group")


def fill(binding: Object) -> None:
    """Set the groups of role and subjects, in place."""
    if binding.get("roleRef") is not None:
        binding["roleRef"]["apiGroup"] = binding["roleRef"].get("apiGroup") or ROLES.group
    for subject in binding.get("subjects") or ():
        if subject.get("kind") != _SUBJECTS[0]:
            set_defaults(subject, apiGroup=ROLES.group)


def check_role(role: Object) -> Iterator[FieldError]:
    """The errors of the rules of a Role or ClusterRole."""
    is_namespaced = "namespace" in role["metadata"]
    for index, rule in enumerate(role.get("rules") or ()):
        where = f"rules[{index}]"
        if not rule.get("verbs"):
            yield missing(f"{where}.verbs", "verbs must contain at least one value")
        paths = rule.get("nonResourceURLs")
        if paths and is_namespaced:
            why = "namespaced rules cannot apply to non-resource URLs"
            yield invalid(f"{where}.nonResourceURLs", paths, why)
        if paths and any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(f"{where}.nonResourceURLs", paths, why)
        if not paths and not rule.get("apiGroups"):
            yield missing(f"{where}.apiGroups", "resource rules must supply at least one api group")
        if not paths and not rule.get("resources"):
            yield missing(f"{where}.resources", "resource rules must supply at least one resource")


def check_binding(binding: Object) -> Iterator[FieldError]:
    """The errors of a RoleBinding or ClusterRoleBinding."""
    is_namespaced = "namespace" in binding["metadata"]
    roles = (ROLES.kind, CLUSTER_ROLES.kind) if is_namespaced else (CLUSTER_ROLES.kind,)
    kind, group, name = (_text(binding.get("roleRef"), field) for field in ("kind", "apiGroup", "name"))
    if group != ROLES.group:
        yield unsupported("roleRef.apiGroup", group, (ROLES.group,))
    if kind not in roles:
        yield unsupported("roleRef.kind", kind, roles)
    if not name:
        yield missing("roleRef.name")
    yield from (invalid("roleRef.name", name, why) for why in formats.path_segment(name))
    for index, subject in enumerate(binding.get("subjects") or ()):
        yield from _subject(f"subjects[{index}]", subject, is_namespaced)


def _subject(path: str, subject: Object, is_namespaced: bool) -> Iterator[FieldError]:
    kind, group, name = (_text(subject, field) for field in ("kind", "apiGroup", "name"))
    if not name:
        yield missing(f"{path}.name")
    if kind not in _SUBJECTS:
        yield unsupported(f"{path}.kind", kind, _SUBJECTS)
        return
    is_account = kind == _SUBJECTS[0]
    known = "" if is_account else ROLES.group
    if group != known:
        yield unsupported(f"{path}.apiGroup", group, (known,))
    if is_account and not (is_namespaced or subject.get("namespace")):
        yield missing(f"{path}.namespace")
    if is_account and name:
        yield from (invalid(f"{path}.name", name, why) for why in formats.subdomain(name))


def _text(value: Object | None, field: str) -> str:
    return str((value or {}).get(field) or "")


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of a changed binding, whose role stays."""
    if old["roleRef"] != new["roleRef"]:
        yield invalid("roleRef", new["roleRef"], "cannot change roleRef")
