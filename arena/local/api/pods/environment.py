"""The environment variables of containers, and the fields that they and volumes may read."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from arena.local import formats
from arena.local.api.quantities import quantity
from arena.local.checks import Check, each, fields, items, mapping, text
from arena.local.field_errors import FieldError, invalid, missing, unsupported

_ENV = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")  # fmt: skip
_FILES = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_CONVERTED = {*_ENV, *_FILES, "spec.restartPolicy", "spec.schedulerName", "spec.hostNetwork", "status.phase",
              "status.nominatedNodeName"}  # fmt: skip
_SUBSCRIPT = re.compile(r"(.+)\['(.*)'\]", re.DOTALL)
_AMOUNTS = {f"{group}.{name}" for group in ("limits", "requests") for name in
            ("cpu", "ephemeral-storage", "memory")}  # fmt: skip
_BYTES = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"


def field(known: Collection[str]) -> Check:
    """The reference to a field of the pod, one of `known`."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        name, where = str(mapping(value).get("fieldPath") or ""), f"{path}.fieldPath"
        version = mapping(value).get("apiVersion") or "v1"
        subscripted = _SUBSCRIPT.fullmatch(name)
        if not name:
            yield missing(where)
        elif version != "v1":
            yield invalid(where, name, f"error converting fieldPath: unsupported pod version: {version}")
        elif subscripted:
            yield from _key(path, name, *subscripted.groups())
        elif name not in _CONVERTED:
            yield invalid(where, name, f"error converting fieldPath: field label not supported: {name}")
        elif name not in known:
            yield unsupported(where, name, sorted(known))

    return check


def _key(path: str, name: str, owner: str, key: str) -> Iterator[FieldError]:
    """The errors of the key of a label or annotation."""
    if owner not in ("metadata.annotations", "metadata.labels"):
        why = f"error converting fieldPath: field label does not support subscript: {name}"
        yield invalid(f"{path}.fieldPath", name, why)
    else:
        wanted = key.lower() if owner == "metadata.annotations" else key
        yield from (invalid(path, key, why) for why in formats.qualified(wanted))


def amount(path: str, value: Any) -> Iterator[FieldError]:
    """The reference to a resource of a container."""
    name = str(mapping(value).get("resource") or "")
    if not name:
        yield missing(f"{path}.resource")
    elif name not in _AMOUNTS and "hugepages-" not in name:
        yield unsupported(f"{path}.resource", name, sorted(_AMOUNTS))
    else:
        kind, divisor = name.partition(".")[2], str(mapping(value).get("divisor") or "0")
        known = "1m and 1" if kind == "cpu" else _BYTES
        allowed = {quantity(one) for one in known.replace(" and ", ", ").split(", ")}
        if quantity(divisor) and quantity(divisor) not in allowed:
            why = f"only divisor's values {known} are supported with the {kind} resource"
            yield invalid(f"{path}.divisor", name, why)


def _file_key(path: str, value: Any) -> Iterator[FieldError]:
    """The reference to a variable in a file of a volume."""
    for name in ("key", "volumeName", "path"):
        if not mapping(value).get(name):
            yield missing(f"{path}.{name}")


def _named(path: str, value: Any) -> Iterator[FieldError]:
    """The name of a ConfigMap or Secret, which may not be empty."""
    name = mapping(value).get("name", "")
    yield from (invalid(f"{path}.name", name, why) for why in formats.subdomain(name))


_key_of = fields({"key": text(formats.config_key)}, required=("key",))


def _reference(path: str, value: Any) -> Iterator[FieldError]:
    """The reference to a key of a ConfigMap or Secret."""
    yield from _named(path, value)
    yield from _key_of(path, value)


_SOURCES: dict[str, Callable[..., Iterator[FieldError]]] = {
    "fieldRef": field(_ENV),  # type: ignore[dict-item]
    "resourceFieldRef": amount,
    "configMapKeyRef": _reference,
    "secretKeyRef": _reference,
    "fileKeyRef": _file_key,
}
_variable = fields({"name": text(formats.env_name)}, required=("name",))


def variable(path: str, value: Any) -> Iterator[FieldError]:
    """A variable with a value or one source of it."""
    yield from _variable(path, value)
    source = mapping(value).get("valueFrom")
    if not isinstance(source, dict):
        return
    where = f"{path}.valueFrom"
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        yield from _SOURCES[name](f"{where}.{name}", source[name])
    if not given:
        words = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        yield invalid(where, "", f"must specify one of: {words}")
    elif value.get("value"):
        yield invalid(where, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid(where, "", "may not have more than one field specified at a time")


_object = fields({"name": text(formats.subdomain)}, required=("name",))
_source = fields({"prefix": text(formats.env_name), "configMapRef": _object, "secretRef": _object})


def check_sources(path: str, value: Any) -> Iterator[FieldError]:
    """The ConfigMaps and Secrets whose keys all become variables."""
    yield from each(_source)(path, value)
    for one in items(value):
        given = [name for name in ("configMapRef", "secretRef") if one.get(name) is not None]
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")


FILE_FIELD = field(_FILES)
"""The reference to a field whose value becomes a file."""
