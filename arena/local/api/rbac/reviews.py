"""Reviews: objects that ask what a user may do, and are answered instead of stored."""

from collections.abc import Iterator

from arena.local import field_errors
from arena.local.api import refusals
from arena.local.api.rbac import attributes, rules, users
from arena.local.api.rbac.users import User
from arena.local.api.resource_types import Type
from arena.local.field_errors import FieldError
from arena.local.objects import Object, Objects

SELF, OTHER = "SelfSubjectAccessReview", "SubjectAccessReview"
LOCAL, RULES, WHO = "LocalSubjectAccessReview", "SelfSubjectRulesReview", "SelfSubjectReview"
TOKEN = "TokenReview"
_ABOUT = ("resourceAttributes", "nonResourceAttributes")


def answer(objects: Objects, kind: Type, review: Object, user: User, namespace: str | None) -> Object:
    """The review, as it was read, with its status.

    Raises:
        Refused: 400 or 422 if the review is not one.
    """
    spec = review.get("spec") or {}
    if wrong := list(_check(kind.resource.kind, spec, namespace)):
        raise refusals.invalid(kind.resource, "", wrong)
    if kind.resource.kind == TOKEN:
        status: Object = _token(spec)
    elif kind.resource.kind == WHO:
        status = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
    elif kind.resource.kind == RULES:
        if not spec.get("namespace"):
            raise refusals.bad("no namespace on request")
        status = _rules(rules.grants(objects, user, spec["namespace"]))
    else:
        if kind.resource.kind != SELF:
            user = users.User(spec.get("user") or "", tuple(spec.get("groups") or ()))
        decision = rules.decide(objects, user, attributes.asked(spec))
        status = {"allowed": decision.allowed} | ({"reason": decision.reason} if decision.reason else {})
    return {**review, "status": status}


def _token(spec: Object) -> Object:
    """Nobody has a token: the connection says who somebody is."""
    if not spec.get("token"):
        raise refusals.bad("token is required for TokenReview in authentication")
    return {"user": {}, "error": "[invalid bearer token, the local cluster has no tokens]"}


def _check(kind: str, spec: Object, namespace: str | None) -> Iterator[FieldError]:
    """The errors of a review's spec."""
    if kind in (RULES, WHO, TOKEN):
        return
    if sum(bool(spec.get(field)) for field in _ABOUT) != 1:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield field_errors.invalid("spec.resourceAttributes", spec.get(_ABOUT[0]), why)
    if kind != SELF and not (spec.get("user") or spec.get("groups")):
        yield field_errors.missing("spec.user", "at least one of user or group must be specified")
    place = (spec.get(_ABOUT[0]) or {}).get("namespace")
    if kind == LOCAL and place != namespace:
        yield field_errors.invalid(
            "spec.resourceAttributes.namespace", place, "must match metadata.namespace"
        )


def _rules(found: rules.Grants) -> Object:
    resources: list[Object] = []
    paths: list[Object] = []
    for rule, _ in found.rules:
        if rule.get("resources"):
            fields = ("verbs", "apiGroups", "resources", "resourceNames")
            resources.append({field: rule[field] for field in fields if rule.get(field)})
        if rule.get("nonResourceURLs"):
            paths.append({field: rule[field] for field in ("verbs", "nonResourceURLs")})
    status: Object = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
    return status | ({"evaluationError": ", ".join(found.errors)} if found.errors else {})
