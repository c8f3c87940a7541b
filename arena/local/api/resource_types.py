"""The types of the server: a fixed table for routes, discovery and validation."""

from collections.abc import Mapping
from typing import Any

from arena.local import definitions, objects
from arena.local.api import published
from arena.local.api.refusals import of_code
from arena.local.definitions import Conversion, Definition
from arena.local.objects import Resource
from arena.tuples import NamedTuple

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Type(NamedTuple):
    """A resource type with its discovery data."""

    resource: Resource
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    generation: bool = False
    """Whether `metadata.generation` counts changes of its spec."""
    uncounted: tuple[str, ...] = ()
    """The fields of its spec whose changes are not counted."""
    verbs: tuple[str, ...] = ALL_VERBS
    definition: Definition | None = None
    """The definition of a kind with an operator."""
    facts: Mapping[str, Any] | None = None
    """What is published of a custom kind: its columns and subresources."""
    structure: Mapping[str, Any] | None = None
    """The structure of a kind that nobody publishes."""
    stored: Resource | None = None
    """The version in which its objects are stored; None for that of this type."""

    @property
    def conversion(self) -> Conversion | None:
        """How its objects are converted to those that are stored; None if they have the same fields."""
        return self.definition.conversions.get(self.resource.version) if self.definition else None

    @property
    def key(self) -> str:
        """`group/plural`: the key of the type in the store."""
        return f"{self.resource.group}/{self.resource.plural}"

    @property
    def singular(self) -> str:
        """`pod`, `cronjob`."""
        return self.resource.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether its status is written separately."""
        return "status" in self.subresources

    @property
    def custom(self) -> bool:
        """Whether a cluster would serve it from a CustomResourceDefinition."""
        return self.definition is not None and self.definition.custom


def _core(plural: str, kind: str, namespaced: bool = True) -> Resource:
    return Resource("", "v1", plural, kind, namespaced)


def _rbac(plural: str, kind: str, namespaced: bool = True) -> Resource:
    return Resource("rbac.authorization.k8s.io", "v1", plural, kind, namespaced)


ROLES, CLUSTER_ROLES = _rbac("roles", "Role"), _rbac("clusterroles", "ClusterRole", False)
ROLE_BINDINGS = _rbac("rolebindings", "RoleBinding")
CLUSTER_ROLE_BINDINGS = _rbac("clusterrolebindings", "ClusterRoleBinding", False)

DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False
)

_STREAMS = ("attach", "exec", "log", "portforward")
MEASURED = ("get", "list")
"""The verbs of what the node measures, for which it has routes of its own."""
READ_ONLY = ("get", "list", "watch")
"""The verbs of what the server itself makes."""
ASKED = ("create",)
"""The verbs of reviews, which are answered and not stored."""


def _review(kind: str, namespaced: bool = False, group: str = "authorization.k8s.io") -> Type:
    resource = Resource(group, "v1", f"{kind.lower()}s", kind, namespaced)
    return Type(resource, verbs=ASKED)


def _defined(one: Definition, resource: Resource) -> Type:
    """The type of a kind in one of its versions."""
    facts = published.facts(resource) if one.custom else None
    has = facts["subresources"] if facts else {"status": one.status, "scale": one.scale}
    subresources = tuple(name for name in ("status", "scale") if has.get(name) not in (None, False))
    short = tuple(facts["short"]) if facts else one.short
    # `kubectl get all` lists only namespaced types.
    categories = ("all",) if resource.namespaced else ()
    conversion = one.conversions.get(resource.version)
    structure = conversion.structure if conversion else one.structure or None
    return Type(
        resource, short, subresources, categories, True, definition=one, facts=facts,
        structure=structure, stored=None if resource is one.resource else one.resource,
    )  # fmt: skip


_MEASUREMENT = {"properties": {"time": "date-time", "value": "string"}}
_METRIC = {
    "properties": {
        "name": "string", "container": "string", "count": "integer", "min": "string", "max": "string",
        "latest": _MEASUREMENT, "values": {"items": _MEASUREMENT},
    },
    "required": ["name"],
}  # fmt: skip
_OUTPUT = {"properties": {"container": "string", "text": "string"}}
_OBSERVATION_LOG = {
    "properties": {
        "pod": {"properties": {"name": "string", "uid": "string"}},
        "status": {
            "properties": {"complete": "boolean", "gaps": "integer", "dropped": "integer",
                           "metrics": {"items": _METRIC}, "output": {"items": _OUTPUT}},
        },
    },
}  # fmt: skip


TYPES: tuple[Type, ...] = (
    Type(objects.CONFIGMAPS, ("cm",)),
    Type(objects.CONTROLLER_REVISIONS),
    Type(objects.ENDPOINTS, ("ep",)),
    Type(objects.EVENTS, ("ev",)),
    Type(_core("limitranges", "LimitRange"), ("limits",)),
    Type(objects.NAMESPACES, ("ns",), ("status",)),
    Type(objects.NODES, ("no",), ("status",)),
    Type(objects.PERSISTENT_VOLUME_CLAIMS, ("pvc",), ("status",)),
    Type(
        objects.PODS,
        ("po",),
        ("status", "binding", "eviction", *_STREAMS),
        ("all",),
        True,
        uncounted=("nodeName",),  # a pod is bound, and not changed
    ),
    Type(objects.RESOURCE_QUOTAS, ("quota",), ("status",)),
    Type(objects.SECRETS),
    Type(_core("serviceaccounts", "ServiceAccount"), ("sa",)),
    Type(objects.SERVICES, ("svc",), ("status",), ("all",)),
    Type(Resource("coordination.k8s.io", "v1", "leases", "Lease")),
    Type(
        objects.DISRUPTION_BUDGETS,
        ("pdb",),
        ("status",),
        (),
        True,
    ),
    Type(Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False), ("pc",)),
    Type(Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False), ("sc",)),
    *map(Type, (CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES)),
    Type(DEFINITIONS, ("crd", "crds"), categories=("api-extensions",), verbs=READ_ONLY),
    *map(_review, ("SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview")),
    _review("LocalSubjectAccessReview", True),
    _review("SelfSubjectReview", group="authentication.k8s.io"),
    _review("TokenReview", group="authentication.k8s.io"),
    Type(objects.OBSERVATION_LOGS, ("obs",), structure=_OBSERVATION_LOG),
    Type(objects.POD_LOGS, subresources=("log",), verbs=MEASURED),
    Type(Resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False), verbs=MEASURED),
    Type(objects.POD_METRICS, verbs=MEASURED),
    *(_defined(one, resource) for one in definitions.every() for resource in one.resources),
)

_BY_PATH = {(t.resource.group, t.resource.version, t.resource.plural): t for t in TYPES}
_BY_KEY = {t.key: t for t in TYPES if t.stored is None}


def find(group: str, version: str, plural: str) -> Type | None:
    """The type of that path; None if there is none."""
    return _BY_PATH.get((group, version, plural))


def of(resource: Resource) -> Type:
    """The type of a resource.

    Raises:
        Refused: 404 if the server does not have it.
    """
    known = find(resource.group, resource.version, resource.plural)
    if known is None:
        raise of_code(404, "the server could not find the requested resource")
    return known


def named(key: str) -> Type:
    """The type with that store key, in the version that is stored."""
    return _BY_KEY[key]


STORED = tuple(t for t in TYPES if t.verbs == ALL_VERBS and t.stored is None)
"""The types whose objects the store keeps, in the version in which it does."""
