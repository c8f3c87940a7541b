"""How containers mount volumes and devices."""

from collections.abc import Iterator, Mapping

from arena.local import formats
from arena.local.checks import enum, items, mapping, text
from arena.local.field_errors import FieldError, forbidden, invalid, missing, unknown
from arena.local.objects import Object

_below = text(formats.inside)
_propagation = enum("Bidirectional", "HostToContainer", "None")


def check(path: str, container: Object, volumes: Mapping[str, Object] | None) -> Iterator[FieldError]:
    """The errors of what a container mounts; `volumes` are those of its pod, None if they are not known."""
    mounts, devices = items(container.get("volumeMounts")), items(container.get("volumeDevices"))
    yield from _places(f"{path}.volumeMounts", mounts, "mountPath", (devices, "devicePath", "volumeDevices"))
    yield from _places(f"{path}.volumeDevices", devices, "devicePath", (mounts, "mountPath", "volumeMounts"))
    if volumes is not None:
        yield from _names(f"{path}.volumeMounts", mounts, volumes)
        yield from _names(f"{path}.volumeDevices", devices, volumes)
        yield from _claims(f"{path}.volumeDevices", devices, volumes)
    for mount in mounts:
        yield from _mount(f"{path}.volumeMounts", mount, container)
    for index, mount in enumerate(mounts):
        if mount.get("subPath") and mount.get("subPathExpr"):
            where = f"{path}.volumeMounts[{index}].subPathExpr"
            yield invalid(where, mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive")


def _places(
    path: str, mounts: list[Object], field: str, other: tuple[list[Object], str, str]
) -> Iterator[FieldError]:
    """The errors of paths that are missing or taken; a volume is mounted or a device, not both."""
    others, theirs, group = other
    names, places = ({one.get(key) for one in others} for key in ("name", theirs))
    seen: set[str] = set()
    devices: set[str] = set()
    for index, mount in enumerate(mounts):
        where, name, place = f"{path}[{index}]", mount.get("name") or "", mount.get(field) or ""
        if not place:
            yield missing(f"{where}.{field}")
        elif place in seen:
            yield invalid(f"{where}.{field}", place, "must be unique")
        seen.add(place)
        if field == "devicePath":
            if name in devices:
                yield invalid(f"{where}.name", name, "must be unique")
            devices.add(name)
            if list(formats.no_backsteps(place)):
                yield invalid(f"{where}.{field}", place, "can not contain backsteps ('..')")
        if name in names:
            yield invalid(f"{where}.name", name, f"must not already exist in {group}")
        if place in places:
            yield invalid(f"{where}.{field}", place, f"must not already exist as a path in {group}")


def _names(path: str, mounts: list[Object], volumes: Mapping[str, Object]) -> Iterator[FieldError]:
    for index, mount in enumerate(mounts):
        name = mount.get("name") or ""
        if not name:
            yield missing(f"{path}[{index}].name")
        if name not in volumes:
            yield unknown(f"{path}[{index}].name", name)


def _claims(path: str, devices: list[Object], volumes: Mapping[str, Object]) -> Iterator[FieldError]:
    for index, one in enumerate(devices):
        volume = volumes.get(one.get("name") or "")
        if volume is not None and not {"persistentVolumeClaim", "ephemeral"} & volume.keys():
            why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            yield invalid(f"{path}[{index}].name", one["name"], why)


def _mount(path: str, mount: Object, container: Object) -> Iterator[FieldError]:
    """The errors of one mount, of which a cluster does not name the number."""
    for field in ("subPath", "subPathExpr"):
        if mount.get(field):
            yield from _below(f"{path}.{field}", mount[field])
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        yield from _propagation(f"{path}.mountPropagation", propagation)
    if propagation == "Bidirectional" and not mapping(container.get("securityContext")).get("privileged"):
        why = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(f"{path}.mountPropagation", why)
