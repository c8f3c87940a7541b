"""Validation of pods and their templates."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from arena.local.api.quantities import is_quantity, quantity
from arena.local.field_errors import LABEL, FieldError, check_count, forbidden, invalid, missing, unsupported
from arena.local.objects import Object

_ENV = re.compile(r"[^\x00-\x1f=\x7f]+")
_POLICIES = ("Always", "OnFailure", "Never")
_PULLS = ("Always", "IfNotPresent", "Never")
_MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName")


def check_port(field: str, port: Any) -> Iterator[FieldError]:
    """Check that a port is a number from 1 to 65535."""
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        yield invalid(field, port, "must be between 1 and 65535, inclusive")


def check_template(
    template: Object, path: str, policies: Sequence[str] = _POLICIES, claims: Sequence[str] = ()
) -> Iterator[FieldError]:
    """Check a pod template, whose restartPolicy must be one of `policies`; `claims` are further volumes."""
    spec = template.get("spec")
    if not isinstance(spec, dict):
        yield missing(f"{path}.spec")
        return
    policy = spec.get("restartPolicy")
    if policy is not None and policy not in policies:
        yield unsupported(f"{path}.spec.restartPolicy", policy, policies)
    yield from check(spec, f"{path}.spec", claims)


def check(spec: Object, path: str, claims: Sequence[str] = ()) -> Iterator[FieldError]:
    """Check the spec of a pod; `claims` are the names of further volumes."""
    volumes = [str(one.get("name")) for one in spec.get("volumes") or []]
    yield from _duplicates(f"{path}.volumes", "name", volumes)
    known = {*volumes, *claims}
    groups = [(g, spec.get(g) or []) for g in ("initContainers", "containers")]
    for group, containers in groups:
        for index, container in enumerate(containers):
            yield from _container(container, f"{path}.{group}[{index}]", known)
            yield from _sidecar(
                container.get("restartPolicy"), group, f"{path}.{group}[{index}].restartPolicy"
            )
    names = [str(one.get("name")) for _, containers in groups for one in containers]
    yield from _duplicates(f"{path}.containers", "name", names)
    if spec.get("restartPolicy", "Always") not in _POLICIES:
        yield unsupported(f"{path}.restartPolicy", spec["restartPolicy"], _POLICIES)
    yield from check_count(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    for index, volume in enumerate(spec.get("volumes") or []):
        yield from _label(f"{path}.volumes[{index}].name", volume["name"])
        if len(volume) > 2:
            message = "Forbidden: may not specify more than 1 volume type"
            yield FieldError(f"{path}.volumes[{index}]", "FieldValueForbidden", message)


def _sidecar(policy: str | None, group: str, path: str) -> Iterator[FieldError]:
    """Check that only init containers have a restart policy, and only that of sidecars."""
    if policy is not None and group != "initContainers":
        yield forbidden(path, "may not be set for non-init containers")
    elif policy not in (None, "Always"):
        yield unsupported(path, policy, ("Always",))


def _label(field: str, name: str) -> Iterator[FieldError]:
    """Check the name of a container or volume, which becomes a folder of the node."""
    if not LABEL.fullmatch(str(name)) or len(str(name)) > 63:
        why = (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', at most 63"
        )
        yield invalid(field, name, why)


def _container(container: Object, path: str, volumes: Collection[str]) -> Iterator[FieldError]:
    yield from _label(f"{path}.name", container["name"])
    if not container.get("image"):
        yield missing(f"{path}.image")
    if container.get("imagePullPolicy", "Always") not in _PULLS:
        yield unsupported(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULLS)
    for index, port in enumerate(container.get("ports") or []):
        yield from check_port(f"{path}.ports[{index}].containerPort", port["containerPort"])
    for index, variable in enumerate(container.get("env") or []):
        if not _ENV.fullmatch(str(variable["name"])):
            yield invalid(f"{path}.env[{index}].name", variable["name"], "a valid environment variable name "
                           "must consist only of printable ASCII characters other than '='")  # fmt: skip
        if variable.get("value") and variable.get("valueFrom"):
            why = "may not be specified when `value` is not empty"
            yield invalid(f"{path}.env[{index}].valueFrom", "", why)
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount["name"] not in volumes:
            message = f'Not found: "{mount["name"]}"'
            yield FieldError(f"{path}.volumeMounts[{index}].name", "FieldValueNotFound", message)
    yield from _resources(container.get("resources") or {}, f"{path}.resources")


def _resources(resources: Object, path: str) -> Iterator[FieldError]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for group, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if not is_quantity(str(amount)):
                yield invalid(f"{path}.{group}[{name}]", amount, "must be a quantity such as 500m, 2 or 1Gi")
            elif quantity(amount) < 0:
                yield invalid(f"{path}.{group}[{name}]", amount, "must be greater than or equal to 0")
            elif "/" in name and quantity(amount) % 1:
                yield invalid(f"{path}.{group}[{name}]", amount, "must be an integer")
    for name, amount in requests.items():
        if name in limits and quantity(amount) > quantity(limits[name]):
            yield invalid(
                f"{path}.requests", amount, f"must be less than or equal to {name} limit of {limits[name]}"
            )
        elif "/" in name and name not in limits:
            yield missing(f"{path}.limits", "Limit must be set for non overcommitable resources")


def _duplicates(path: str, field: str, names: Sequence[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield FieldError(f"{path}[{index}].{field}", "FieldValueDuplicate", f'Duplicate value: "{name}"')
        seen.add(name)


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """Check that only images and a few other fields of a pod's spec change."""
    if _fixed(old) == _fixed(new) and (not old.get("nodeName") or old["nodeName"] == new.get("nodeName")):
        return
    message = (
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, "
        "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions "
        "to existing tolerations), `spec.terminationGracePeriodSeconds`"
    )
    yield FieldError("spec", "FieldValueForbidden", message)


def _fixed(spec: Object) -> Object:
    fixed = {key: value for key, value in spec.items() if key not in _MUTABLE}
    for group in ("containers", "initContainers"):
        if group in fixed:
            fixed[group] = [{k: v for k, v in one.items() if k != "image"} for one in fixed[group]]
    return fixed
