"""Validation of objects: names, required fields, ports, and immutable fields."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from arena.local import pod_limit
from arena.local.api import custom_resources, pod_validation, schema
from arena.local.api.quantities import is_quantity
from arena.local.api.rbac import validation as rbac_validation
from arena.local.api.resource_types import CLUSTER_ROLES, Type
from arena.local.api.schema import Schema
from arena.local.field_errors import DNS_1035, LABEL, FieldError, invalid, missing, unsupported
from arena.local.objects import Object

_SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
_SEGMENT = re.compile(r"(?!\.\.?$)[^/%]+")
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_NOTES = 256 * 1024
"""Maximum bytes of the annotations of one object."""


def check(kind: Type, obj: Object, old: Object | None = None) -> Iterator[FieldError]:
    """The errors of an object that is new, or that replaces `old`."""
    found = list(_meta(kind, obj["metadata"]))
    if kind.custom:
        found = custom_resources.check(kind, obj, found, old)
    else:
        found += _required(schema.root(kind), obj, "")
    yield from found
    if not found:  # the rules of a kind rely on required fields
        yield from pod_limit.check(obj, old)
        yield from rules(kind, obj)


def rules(kind: Type, obj: Object) -> Iterator[FieldError]:
    """What only the operator of a kind, or the pods that it makes, would be refused for on a cluster."""
    if kind.definition and not isinstance(obj.get("spec"), dict):
        yield missing("spec")
    elif kind.definition:
        found = [] if kind.definition.restart else list(_templates(schema.root(kind), obj, ""))
        yield from found or kind.definition.check(obj)
        if not found:
            yield from _template(obj["spec"], kind.definition.restart)
    elif rule := _RULES.get(kind.key):
        yield from rule(obj)


def check_status(kind: Type, obj: Object, old: Object | None = None) -> Iterator[FieldError]:
    """The errors of a status: of a built-in kind, the required fields that it has not."""
    if kind.custom and old is not None:
        yield from custom_resources.check(kind, obj, [], old)
    elif not kind.custom:
        yield from _required(schema.root(kind).child("status"), obj.get("status"), "status")


def check_change(kind: Type, old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of a changed object."""
    yield from check(kind, new, old)
    if kind.key == "/pods":
        yield from pod_validation.check_change(old["spec"], new["spec"])
    fixed = kind.definition.immutable if kind.definition else _IMMUTABLE.get(kind.key, ())
    for name in fixed:
        before, after = old.get("spec", old).get(name), new.get("spec", new).get(name)
        if before != after:
            field = f"spec.{name}" if "spec" in old else name
            yield FieldError(field, "FieldValueInvalid", "Invalid value: field is immutable")
    if kind.key in ("/configmaps", "/secrets") and old.get("immutable"):
        changed = any(old.get(name) != new.get(name) for name in ("data", "binaryData", "immutable"))
        if changed:
            yield FieldError(
                "data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set"
            )


def _meta(kind: Type, meta: Object) -> Iterator[FieldError]:
    yield from name(kind, str(meta["name"]))
    for key, value in (meta.get("labels") or {}).items():
        yield from _key("metadata.labels", str(key))
        if not isinstance(value, str) or len(value) > 63 or (value and not _LABEL_NAME.fullmatch(value)):
            yield invalid("metadata.labels", value, "a valid label must be an empty string or consist of "
                          "alphanumeric characters, '-', '_' or '.', at most 63")  # fmt: skip
    for number, owner in enumerate(meta.get("ownerReferences") or []):
        for part in ("apiVersion", "kind", "name", "uid"):
            if not (isinstance(owner, dict) and owner.get(part)):
                yield missing(f"metadata.ownerReferences[{number}].{part}")
    notes = meta.get("annotations") or {}
    for key, value in notes.items():
        yield from _key("metadata.annotations", str(key).lower())
        if not isinstance(value, str):
            yield invalid(f"metadata.annotations[{key}]", value, "must be text")
    if sum(len(str(key)) + len(str(value)) for key, value in notes.items()) > _NOTES:
        message = f"Too long: may not be more than {_NOTES} bytes"
        yield FieldError("metadata.annotations", "FieldValueTooLong", message)


def name(kind: Type, text: str) -> Iterator[FieldError]:
    """The errors of a name of that type."""
    if kind.resource.group == CLUSTER_ROLES.group:
        pattern, longest, rule = _SEGMENT, 253, "may not be '.' or '..' or contain '/' or '%'"
    elif kind.key == "/services":
        pattern, longest = DNS_1035, 63
        rule = "a DNS-1035 label must start with a letter and consist of lower case letters, digits or '-'"
    elif kind.key == "/namespaces":
        pattern, longest = LABEL, 63
        rule = "a lowercase RFC 1123 label must consist of lower case letters, digits or '-'"
    else:
        pattern, longest = _SUBDOMAIN, 253
        rule = "a lowercase RFC 1123 subdomain must consist of lower case letters, digits, '-' or '.'"
    if len(text) > longest:
        yield invalid("metadata.name", text, f"must be no more than {longest} characters")
    elif not pattern.fullmatch(text):
        yield invalid("metadata.name", text, f"{rule}, and end with a letter or digit")


def _key(field: str, key: str) -> Iterator[FieldError]:
    prefix, slash, rest = key.rpartition("/")
    if len(rest) > 63 or not _LABEL_NAME.fullmatch(rest):
        yield invalid(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.', "
                      "and must start and end with an alphanumeric character, at most 63")  # fmt: skip
    if slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix)):
        yield invalid(field, key, "prefix part must be a lowercase RFC 1123 subdomain")


def _required(shape: Schema, value: Any, path: str) -> Iterator[FieldError]:
    """Missing required fields."""
    if isinstance(value, dict):
        for name in shape.needed:
            if value.get(name) in (None, "", [], {}):
                yield missing(f"{path}.{name}" if path else name)
        for name, one in value.items():
            if name not in ("metadata", "status") or (path and name == "metadata"):
                yield from _required(shape.child(name), one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _required(shape.item, one, f"{path}[{index}]")


def _templates(shape: Schema, value: Any, path: str) -> Iterator[FieldError]:
    """The errors of the pod templates of an object."""
    if shape.is_pod_template and isinstance(value, dict):
        yield from pod_validation.check_template(value, path)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _templates(shape.child(name), one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _templates(shape.item, one, f"{path}[{index}]")


def _template(spec: Object, policies: tuple[str, ...]) -> Iterator[FieldError]:
    """The errors of the pod template of a kind that allows these restart policies."""
    claims = [str((one.get("metadata") or {}).get("name")) for one in spec.get("volumeClaimTemplates") or []]
    if policies:
        template = spec.get("template") or {}
        yield from pod_validation.check_template(template, "spec.template", policies, claims)


def _service(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    kinds = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    if spec["type"] not in kinds:
        yield unsupported("spec.type", spec["type"], kinds)
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and spec["type"] != "ExternalName" and not headless:
        yield missing("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(spec.get("ports") or []):
        where = f"spec.ports[{index}]"
        yield from pod_validation.check_port(f"{where}.port", port["port"])
        if isinstance(port.get("targetPort"), int):
            yield from pod_validation.check_port(f"{where}.targetPort", port["targetPort"])
        if len(spec["ports"]) > 1 and not port.get("name"):
            yield missing(f"{where}.name")
        if port.get("name") in names:
            yield FieldError(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{port["name"]}"')
        names.add(port.get("name", ""))


def _quota(obj: Object) -> Iterator[FieldError]:
    for name, amount in ((obj.get("spec") or {}).get("hard") or {}).items():
        if not is_quantity(str(amount)):
            yield invalid(f"spec.hard[{name}]", amount, "must be a quantity")


_RULES: dict[str, Callable[[Object], Iterator[FieldError]]] = {
    "/pods": lambda obj: pod_validation.check(obj["spec"], "spec"),
    "/services": _service,
    "/resourcequotas": _quota,
    "rbac.authorization.k8s.io/clusterrolebindings": rbac_validation.check_binding,
    "rbac.authorization.k8s.io/clusterroles": rbac_validation.check_role,
    "rbac.authorization.k8s.io/rolebindings": rbac_validation.check_binding,
    "rbac.authorization.k8s.io/roles": rbac_validation.check_role,
}
_IMMUTABLE = {
    "/secrets": ("type",),
    "rbac.authorization.k8s.io/clusterrolebindings": ("roleRef",),
    "rbac.authorization.k8s.io/rolebindings": ("roleRef",),
    "scheduling.k8s.io/priorityclasses": ("value",),
}
