"""Roles and bindings that are refused, and the defaults of bindings."""

from collections.abc import Iterator

from arena.local.api.resource_types import CLUSTER_ROLES, ROLES
from arena.local.definitions import set_defaults
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.local.objects import Object

_SUBJECTS = ("ServiceAccount", "User", "Group")


def fill(binding: Object) -> None:
    """Set the groups of role and subjects, in place."""
    if isinstance(binding.get("roleRef"), dict):
        set_defaults(binding["roleRef"], apiGroup=ROLES.group)
    for subject in binding.get("subjects") or ():
        set_defaults(subject, apiGroup="" if subject.get("kind") == _SUBJECTS[0] else ROLES.group)


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
    reference = binding["roleRef"]
    roles = (ROLES.kind, CLUSTER_ROLES.kind) if is_namespaced else (CLUSTER_ROLES.kind,)
    if reference["apiGroup"] != ROLES.group:
        yield unsupported("roleRef.apiGroup", reference["apiGroup"], (ROLES.group,))
    if reference["kind"] not in roles:
        yield unsupported("roleRef.kind", reference["kind"], roles)
    for index, subject in enumerate(binding.get("subjects") or ()):
        where = f"subjects[{index}]"
        if subject["kind"] not in _SUBJECTS:
            yield unsupported(f"{where}.kind", subject["kind"], _SUBJECTS)
        if subject["kind"] == _SUBJECTS[0] and not (is_namespaced or subject.get("namespace")):
            yield missing(f"{where}.namespace")
