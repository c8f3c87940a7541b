"""What values an object may have: names, required fields, ports, and what may not change."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from arena.local.api import pods, schema
from arena.local.api.schema import Shape
from arena.local.api.types import Type
from arena.local.causes import DNS_1035, LABEL, Cause, check_count, invalid, missing, unsupported
from arena.local.objects import Object

_SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
_INDEXES = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_NOTES = 256 * 1024
"""Bytes that the annotations of one object may have."""


def check(kind: Type, obj: Object) -> Iterator[Cause]:
    """Everything that is wrong with a new object."""
    yield from _meta(kind, obj["metadata"])
    found = list(_required(schema.root(kind), obj, ""))
    yield from found
    if found:
        return
    if kind.definition:
        yield from _templates(schema.root(kind), obj, "")
        yield from kind.definition.check(obj)
    elif rule := _RULES.get(kind.key):
        yield from rule(obj)


def check_change(kind: Type, old: Object, new: Object) -> Iterator[Cause]:
    """Everything that is wrong with a changed object."""
    yield from check(kind, new)
    if kind.key == "/pods":
        yield from pods.check_change(old["spec"], new["spec"])
    fixed = kind.definition.immutable if kind.definition else _IMMUTABLE.get(kind.key, ())
    for name in fixed:
        before, after = old.get("spec", old).get(name), new.get("spec", new).get(name)
        if before != after:
            field = f"spec.{name}" if "spec" in old else name
            yield Cause(field, "FieldValueInvalid", "Invalid value: field is immutable")
    if kind.key in ("/configmaps", "/secrets") and old.get("immutable"):
        changed = any(old.get(name) != new.get(name) for name in ("data", "binaryData", "immutable"))
        if changed:
            yield Cause(
                "data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set"
            )


def _meta(kind: Type, meta: Object) -> Iterator[Cause]:
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
        yield Cause("metadata.annotations", "FieldValueTooLong", message)


def name(kind: Type, text: str) -> Iterator[Cause]:
    """What is wrong with a name of that type."""
    if kind.key == "/services":
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


def _key(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, rest = key.rpartition("/")
    if len(rest) > 63 or not _LABEL_NAME.fullmatch(rest):
        yield invalid(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.', "
                      "and must start and end with an alphanumeric character, at most 63")  # fmt: skip
    if slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix)):
        yield invalid(field, key, "prefix part must be a lowercase RFC 1123 subdomain")


def _required(shape: Shape, value: Any, path: str) -> Iterator[Cause]:
    """The required fields that are not there, and mappings or lists that are none."""
    if shape.is_struct and isinstance(value, dict):
        for name in schema.required(shape.text):
            if value.get(name) in (None, "", [], {}):
                yield missing(f"{path}.{name}" if path else name)
        for name, one in value.items():
            if name not in ("metadata", "status") or (path and name == "metadata"):
                yield from _required(shape.child(name), one, f"{path}.{name}" if path else name)
    elif shape.is_map and shape.item.is_struct and isinstance(value, dict):
        for name, one in value.items():
            yield from _required(shape.item, one, f"{path}.{name}")
    elif shape.is_list and shape.item.is_struct and isinstance(value, list):
        for index, one in enumerate(value):
            yield from _required(shape.item, one, f"{path}[{index}]")


def _templates(shape: Shape, value: Any, path: str) -> Iterator[Cause]:
    """What is wrong with the pod templates of an object."""
    if shape.text == "PodTemplateSpec" and isinstance(value, dict):
        yield from pods.check_template(value, path)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _templates(shape.child(name), one, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _templates(shape.item, one, f"{path}[{index}]")


def _service(obj: Object) -> Iterator[Cause]:
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
        yield from pods.check_port(f"{where}.port", port["port"])
        if isinstance(port.get("targetPort"), int):
            yield from pods.check_port(f"{where}.targetPort", port["targetPort"])
        if len(spec["ports"]) > 1 and not port.get("name"):
            yield missing(f"{where}.name")
        if port.get("name") in names:
            yield Cause(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{port["name"]}"')
        names.add(port.get("name", ""))


def _workload(obj: Object) -> Iterator[Cause]:
    """A Deployment, ReplicaSet or StatefulSet: its selector must match its template."""
    spec = obj["spec"]
    yield from check_count("spec.replicas", spec.get("replicas"))
    claims = []
    for index, one in enumerate(spec.get("volumeClaimTemplates") or []):
        claims.append(str((one.get("metadata") or {}).get("name") or ""))
        if not claims[-1]:
            yield missing(f"spec.volumeClaimTemplates[{index}].metadata.name")
    yield from pods.check_template(spec.get("template") or {}, "spec.template", ("Always",), claims)
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _job(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    for name in (
        "parallelism",
        "completions",
        "backoffLimit",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ):
        yield from check_count(f"spec.{name}", spec.get(name))
    yield from pods.check_template(spec["template"], "spec.template", ("OnFailure", "Never"))
    yield from _failure_policy(spec)
    yield from _success_policy(spec)
    for name in ("successPolicy", "backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(name) is not None and spec.get("completionMode") != "Indexed":
            yield invalid(f"spec.{name}", spec[name], "requires indexed completion mode")


def _failure_policy(spec: Object) -> Iterator[Cause]:
    """What decides on the failure of a pod."""
    actions, where = ("Count", "FailIndex", "FailJob", "Ignore"), "spec.podFailurePolicy"
    for number, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or []):
        if rule.get("action") not in actions:
            yield unsupported(f"{where}.rules[{number}].action", rule.get("action", ""), actions)
        codes = rule.get("onExitCodes")
        if codes and codes.get("operator") not in ("In", "NotIn"):
            yield unsupported(f"{where}.rules[{number}].onExitCodes.operator", codes.get("operator", ""),
                              ("In", "NotIn"))  # fmt: skip
    pod = spec["template"].get("spec") or {}
    if spec.get("podFailurePolicy") and pod.get("restartPolicy") != "Never":
        yield invalid(where, "", "may only be used with restartPolicy Never")


def _success_policy(spec: Object) -> Iterator[Cause]:
    """What decides on the success of a few."""
    for number, rule in enumerate((spec.get("successPolicy") or {}).get("rules") or []):
        indexes, one = rule.get("succeededIndexes"), f"spec.successPolicy.rules[{number}]"
        if indexes is None and rule.get("succeededCount") is None:
            yield missing(one)
        elif indexes is not None and not _INDEXES.fullmatch(indexes):
            yield invalid(f"{one}.succeededIndexes", indexes, "must be numbers and ranges, such as 0,2-4")


def _quota(obj: Object) -> Iterator[Cause]:
    for name, amount in ((obj.get("spec") or {}).get("hard") or {}).items():
        if not schema.is_quantity(str(amount)):
            yield invalid(f"spec.hard[{name}]", amount, "must be a quantity")


_RULES: dict[str, Callable[[Object], Iterator[Cause]]] = {
    "/pods": lambda obj: pods.check(obj["spec"], "spec"),
    "/services": _service,
    "/resourcequotas": _quota,
    "apps/deployments": _workload,
    "apps/replicasets": _workload,
    "apps/statefulsets": _workload,
    "batch/jobs": _job,
}
_IMMUTABLE = {
    "apps/deployments": ("selector",),
    "apps/replicasets": ("selector",),
    "apps/statefulsets": ("selector", "serviceName", "podManagementPolicy"),
    "batch/jobs": ("selector", "completionMode"),
    "/secrets": ("type",),
    "scheduling.k8s.io/priorityclasses": ("value",),
}
