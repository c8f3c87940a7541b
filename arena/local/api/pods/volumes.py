"""The volumes of pods: each has one source, and each source fields that it needs."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.api.pods import environment
from arena.local.api.quantities import quantity
from arena.local.checks import Check, at_least, each, enum, fields, items, mapping, text, together
from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing
from arena.local.objects import Object

_HOST_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate",
               "Socket")  # fmt: skip
_FILES = "must be a number between 0 and 0777 (octal), both inclusive"
_TOKEN = "may not specify a duration less than 10 minutes"
_below = text(formats.inside)


def _mode(path: str, value: Any) -> Iterator[FieldError]:
    if isinstance(value, int) and not 0 <= value <= 0o777:
        yield invalid(path, value, _FILES)


def _place(path: str, value: Any) -> Iterator[FieldError]:
    """A file below the volume, whose name does not begin with two dots."""
    yield from _below(path, value)
    if str(value).startswith("..") and not str(value).startswith("../"):
        yield invalid(path, value, "must not start with '..'")


_items = each(fields({"path": _place, "mode": _mode}, required=("key", "path")))


def _size(path: str, value: Any) -> Iterator[FieldError]:
    if quantity(value) < 0:
        yield forbidden(path, "SizeLimit field must be a valid resource quantity")


def _downward(path: str, value: Any) -> Iterator[FieldError]:
    """Files with facts of the pod, whose number a cluster does not name."""
    yield from _mode(f"{path}.defaultMode", mapping(value).get("defaultMode"))
    for one in items(mapping(value).get("items")):
        if not one.get("path"):
            yield missing(f"{path}.path")
        yield from _place(f"{path}.path", one.get("path") or "")
        yield from _mode(f"{path}.mode", one.get("mode"))
        field, amount = one.get("fieldRef"), one.get("resourceFieldRef")
        if field is not None:
            yield from environment.FILE_FIELD(f"{path}.fieldRef", field)
            if amount is not None:
                why = "fieldRef and resourceFieldRef can not be specified simultaneously"
                yield invalid(path, "resource", why)
        elif amount is None:
            yield missing(path, "one of fieldRef and resourceFieldRef is required")
        elif not mapping(amount).get("containerName"):
            yield missing(f"{path}.resourceFieldRef.containerName")
        else:
            yield from environment.amount(f"{path}.resourceFieldRef", amount)


_object = fields({"items": _items, "defaultMode": _mode}, required=("name",))
_token = fields({"expirationSeconds": at_least(600, _TOKEN), "path": _below})
_SOURCES: dict[str, Check] = {
    "configMap": _object,
    "secret": _object,
    "downwardAPI": _downward,
    "serviceAccountToken": _token,
    "clusterTrustBundle": fields({"path": _below}),
    "podCertificate": fields({}, required=("signerName", "keyType")),
}


def _projected(path: str, value: Any) -> Iterator[FieldError]:
    """Several sources in one folder, which may not write the same file."""
    yield from _mode(f"{path}.defaultMode", mapping(value).get("defaultMode"))
    taken: set[str] = set()
    for index, source in enumerate(items(mapping(value).get("sources"))):
        where = f"{path}.sources[{index}]"
        given = [name for name in _SOURCES if source.get(name) is not None]
        yield from (forbidden(where, "may not specify more than 1 volume type") for _ in given[1:])
        for name in given[:1]:
            one = source[name]
            yield from _SOURCES[name](f"{where}.{name}", one)
            if name in ("serviceAccountToken", "clusterTrustBundle") and not mapping(one).get("path"):
                yield missing(f"{path}.path")
            for place in _places(one):
                if place in taken:
                    yield invalid(path, mapping(one).get("name", place), "conflicting duplicate paths")
                taken.add(place)


def _places(source: Any) -> list[str]:
    given = [mapping(source), *items(mapping(source).get("items"))]
    return [str(one["path"]) for one in given if one.get("path")]


def _driver(path: str, value: Any) -> Iterator[FieldError]:
    name = mapping(value).get("driver", "")
    if not name:
        yield missing(f"{path}.driver")
    yield from (invalid(f"{path}.driver", name, why) for why in formats.subdomain(str(name)))


def _fibre_channel(path: str, value: Any) -> Iterator[FieldError]:
    if not mapping(value).get("targetWWNs") and not mapping(value).get("wwids"):
        yield missing(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")


def _network_files(path: str, value: Any) -> Iterator[FieldError]:
    yield from fields({}, required=("server", "path"))(path, value)
    place = str(mapping(value).get("path", ""))
    yield from (invalid(f"{path}.path", place, why) for why in formats.absolute(place))


def _needs(*names: str) -> Check:
    return fields({}, required=names)


_no_backsteps = text(formats.no_backsteps)
_VOLUMES: dict[str, Check] = {
    "emptyDir": fields({"sizeLimit": _size}),
    "hostPath": fields({"path": _no_backsteps, "type": enum(*_HOST_TYPES)}, required=("path",)),
    "gitRepo": together(_needs("repository"), fields({"directory": _below})),
    "gcePersistentDisk": lambda path, value: _needs("pdName")(f"{path[:-17]}persistentDisk", value),
    "awsElasticBlockStore": _needs("volumeID"),
    "secret": fields({"items": _items, "defaultMode": _mode}, required=("secretName",)),
    "nfs": _network_files,
    "iscsi": _needs("targetPortal", "iqn"),
    "glusterfs": _needs("endpoints", "path"),
    "flocker": fields({}),
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "quobyte": _needs("registry", "volume"),
    "downwardAPI": _downward,
    "fc": _fibre_channel,
    "flexVolume": _needs("driver"),
    "configMap": _object,
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _needs("diskName", "diskURI"),
    "storageos": _needs("volumeName"),
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _driver,
    "ephemeral": _needs("volumeClaimTemplate"),
    "image": fields({"pullPolicy": enum("Always", "IfNotPresent", "Never")}),
}
"""Source -> its check, in the order in which a cluster looks at them."""
_SHOWN = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""The names under which a cluster reports some sources, if they are not the first."""
_name = fields({"name": text(formats.label)}, required=("name",))


def check(path: str, volumes: Any, known: dict[str, Object]) -> Iterator[FieldError]:
    """The errors of the volumes of a pod; those whose source is right are added to `known`, by name."""
    for index, volume in enumerate(items(volumes)):
        where, name = f"{path}[{index}]", str(volume.get("name") or "")
        yield from _name(where, volume)
        wrong = list(_source(where, volume))
        yield from wrong
        if name and name in known:
            yield duplicate(f"{where}.name", name)
        elif not wrong:
            known[name] = volume


def _source(path: str, volume: Object) -> Iterator[FieldError]:
    given = [name for name in _VOLUMES if volume.get(name) is not None]
    for name in given[:1]:
        yield from _VOLUMES[name](f"{path}.{name}", volume[name])
    for name in given[1:]:
        yield forbidden(f"{path}.{_SHOWN.get(name, name)}", "may not specify more than 1 volume type")
