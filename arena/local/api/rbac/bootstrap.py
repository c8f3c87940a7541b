"""The roles and bindings that every cluster has from the start.

Those for users, reduced to the types of this server; `edit` and `view` say nothing of custom kinds, as on a
cluster whose operators add no rules to them.
"""

from collections.abc import Iterator, Sequence

from arena.local.api.rbac.users import AUTHENTICATED, MASTERS
from arena.local.api.resource_types import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from arena.local.objects import Object, Resource

_GROUP = CLUSTER_ROLES.group
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_CORE = ["configmaps", "endpoints", "persistentvolumeclaims", "pods", "serviceaccounts", "services"]
_SEEN = ["events", "limitranges", "namespaces", "resourcequotas", "pods/log", "pods/status"]
_APPS = ["deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets",
         "statefulsets/scale"]  # fmt: skip
_OTHERS = (
    ("apps", _APPS),
    ("autoscaling", ["horizontalpodautoscalers"]),
    ("batch", ["cronjobs", "jobs"]),
    ("policy", ["poddisruptionbudgets"]),
)
_MEASURED = (
    ("metrics.k8s.io", ["nodes", "pods"]),
    ("logs.arena.io", ["podlogs", "podlogs/log"]),
    ("metrics.arena.io", ["observationlogs"]),
)
"""What the metrics server, and this one, add to the role of readers."""
_ENTER = ["pods/attach", "pods/exec", "pods/portforward"]


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Object:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


_VIEW = [
    _rule("", [*_CORE, *_SEEN], _READ),
    *(_rule(group, plurals, _READ) for group, plurals in (*_OTHERS, *_MEASURED)),
    _rule("apps", ["controllerrevisions"], _READ),
]
_EDIT = [
    *_VIEW,
    _rule("", ["secrets", *_ENTER], _READ),
    _rule("", [*_CORE, "secrets", "events", *_ENTER], _WRITE),
    _rule("", ["pods/eviction"], ["create"]),
    *(_rule(group, plurals, _WRITE) for group, plurals in _OTHERS),
    _rule("coordination.k8s.io", ["leases"], [*_READ, *_WRITE]),
]
_ADMIN = [
    *_EDIT,
    _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
    _rule(_GROUP, ["roles", "rolebindings"], [*_READ, *_WRITE]),
]
_ALL = [_rule("*", ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
_HEALTH = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DISCOVERY = [{"nonResourceURLs": [*_HEALTH, "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"],
               "verbs": ["get"]}]  # fmt: skip
_BASIC = [
    _rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
]

ROLES: dict[str, list[Object]] = {
    "cluster-admin": _ALL,
    "admin": _ADMIN,
    "edit": _EDIT,
    "view": _VIEW,
    "system:basic-user": _BASIC,
    "system:discovery": _DISCOVERY,
}
BINDINGS = {
    "cluster-admin": MASTERS,
    "system:basic-user": AUTHENTICATED,
    "system:discovery": AUTHENTICATED,
}
"""Role -> the group that has it."""


def objects() -> Iterator[tuple[Resource, Object]]:
    """The roles and bindings."""
    for name, rules in ROLES.items():
        yield CLUSTER_ROLES, {"metadata": {"name": name, "labels": _LABELS}, "rules": rules}
    for name, group in BINDINGS.items():
        yield (
            CLUSTER_ROLE_BINDINGS,
            {
                "metadata": {"name": name, "labels": _LABELS},
                "roleRef": {"apiGroup": _GROUP, "kind": CLUSTER_ROLES.kind, "name": name},
                "subjects": [{"apiGroup": _GROUP, "kind": "Group", "name": group}],
            },
        )
