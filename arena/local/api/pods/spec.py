"""The specs of pods and the templates that hold them."""

from collections.abc import Iterator
from typing import Any

from arena.local import checks, formats
from arena.local.api.pods import containers, network, placement, resources, security, volumes
from arena.local.checks import Check, between, enum, fields, items, mapping, text
from arena.local.field_errors import FieldError, forbidden, invalid
from arena.local.objects import Object


def _gates(path: str, value: Any) -> Iterator[FieldError]:
    for index, one in enumerate(items(value)):
        kind, where = one.get("conditionType", ""), f"{path}[{index}].conditionType"
        yield from (invalid(where, kind, why) for why in formats.qualified(kind))


_FIELDS = {
    **network.FIELDS,
    **placement.FIELDS,
    "activeDeadlineSeconds": between(1, 2**31 - 1),
    "hostname": text(formats.label),
    "os": fields({"name": enum("linux", "windows")}, required=("name",)),
    "overhead": lambda path, value: resources.check(path, {"limits": value}),
    "preemptionPolicy": enum("PreemptLowerPriority", "Never"),
    "priorityClassName": text(formats.subdomain),
    "readinessGates": _gates,
    "restartPolicy": enum("Always", "OnFailure", "Never"),
    "runtimeClassName": text(formats.subdomain),
    "securityContext": security.pod,
    "serviceAccountName": text(formats.subdomain),
    "subdomain": text(formats.label),
}
_check: Check = fields(_FIELDS, required=("containers",))


def check(path: str, spec: Object, has_all: bool = True) -> Iterator[FieldError]:
    """The errors of the spec of a pod, which `has_all` volumes that it mounts, or will get more."""
    yield from _check(path, spec)
    known: dict[str, Object] = {}
    yield from volumes.check(f"{path}.volumes", spec.get("volumes"), known)
    yield from containers.check(path, spec, known if has_all else None)
    yield from network.check_host(path, spec)
    yield from security.check_host(path, spec)


def check_pod(pod: Object) -> Iterator[FieldError]:
    """The errors of a new or changed pod, which are more than those of its spec."""
    spec = pod["spec"]
    yield from check("spec", spec)
    for group in ("containers", "initContainers"):
        for index, one in enumerate(items(spec.get(group))):
            image = text(formats.trimmed)
            yield from image(f"spec.{group}[{index}].image", one.get("image"))


def check_new(pod: Object) -> Iterator[FieldError]:
    """The errors of what only a new pod may not have."""
    spec = pod["spec"]
    if spec.get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def check_custom(path: str, template: Any) -> Iterator[FieldError]:
    """The errors of a pod template of a custom kind, to which its operator may add volumes."""
    yield from check(f"{path}.spec", mapping(mapping(template).get("spec")), has_all=False)


def check_template(path: str, template: Any) -> Iterator[FieldError]:
    """The errors of a pod template."""
    meta, spec = (mapping(mapping(template).get(name)) for name in ("metadata", "spec"))
    yield from check_metadata(path, meta)
    yield from check(f"{path}.spec", spec)
    if spec.get("ephemeralContainers"):
        yield forbidden(
            f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"
        )


def check_metadata(path: str, meta: Object) -> Iterator[FieldError]:
    """The errors of a template's metadata, whose path a cluster leaves out."""
    yield from checks.labels(f"{path}.labels", meta.get("labels"))
    for key in mapping(meta.get("annotations")):
        yield from (invalid(f"{path}.annotations", key, why) for why in formats.qualified(key.lower()))
