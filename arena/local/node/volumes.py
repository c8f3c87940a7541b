"""Volumes: folders and files on this machine that a pod's containers share.

All processes see the host's file system. So a volume is a folder `<pod>/volumes/<name>` (a hostPath is the
path itself, and a claim has a folder that outlives the pod), and mount paths that do not exist are replaced
in commands and variables (`mounts.relocate`).
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from arena.local.node import value_sources
from arena.local.node.environment import expand
from arena.local.node.mounts import Mount
from arena.local.node.value_sources import Missing
from arena.local.objects import PERSISTENT_VOLUME_CLAIMS, Object, Objects


@dataclass(frozen=True)
class Room:
    """Where the volumes of a pod are created."""

    objects: Objects
    pod: Object
    folder: Path
    claims: Path

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"].get("namespace", "default"))


def prepare(room: Room) -> dict[str, Path]:
    """Create all volumes of a pod; return their paths by name; raises Missing if one cannot be created."""
    return {volume["name"]: _one(room, volume) for volume in room.pod["spec"].get("volumes") or []}


def refresh(room: Room, kind: str, name: str) -> None:
    """Rewrite a running pod's files of a ConfigMap or Secret (`kind`) that changed."""
    for volume in room.pod["spec"].get("volumes") or []:
        if (kind, name) in _sources(volume) and os.path.isdir(room.folder / volume["name"]):
            with suppress(Missing):
                _one(room, volume)


def _sources(volume: Object) -> set[tuple[str, str]]:
    """The ConfigMaps and Secrets that a volume shows, as (kind, name)."""
    parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    found = {("configmap", one["configMap"].get("name")) for one in parts if "configMap" in one}
    secrets = [one["secret"] for one in parts if "secret" in one]
    return found | {("secret", one.get("secretName") or one.get("name")) for one in secrets}


def mounts(
    container: Object, volumes: dict[str, Path], env: Callable[[], dict[str, str]]
) -> tuple[Mount, ...]:
    """Return the mounts of a container, with subPath applied; raises Missing if a mount names no volume."""
    found = []
    for mount in container.get("volumeMounts") or []:
        if mount["name"] not in volumes:
            raise Missing(f'volumeMount "{mount["name"]}" names no volume of the pod')
        below = mount.get("subPath") or ""
        if mount.get("subPathExpr"):
            below = expand(mount["subPathExpr"], env())
        real = volumes[mount["name"]]
        if below:
            real = _part(mount["name"], real / _inside(below))
        found.append(Mount(mount["name"], mount["mountPath"], real))
    return tuple(found)


def _part(volume: str, path: Path) -> Path:
    """The path that a subPath names; a missing one is created as a folder."""
    try:
        if not os.path.exists(path):
            path.mkdir(parents=True)
    except OSError as error:
        raise Missing(
            f'cannot make the subPath of volumeMount "{volume}": {error.strerror}: {error.filename}'
        ) from None
    return path


def _inside(path: str) -> PurePosixPath:
    """A relative path that does not leave its folder; raises Missing otherwise."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or not found.parts:
        raise Missing(f'"{path}" must be a relative path without ".."')
    return found


def _one(room: Room, volume: Object) -> Path:
    name = volume["name"]
    kind = next((key for key in volume if key != "name"), "emptyDir")
    maker = _MAKERS.get(kind)
    if maker is None:
        known = ", ".join(_MAKERS)
        raise Missing(f'volume "{name}" is of type {kind}, which the local cluster cannot mount; use {known}')
    try:
        return maker(room, name, volume.get(kind) or {})
    except Missing as error:
        raise Missing(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None
    except OSError as error:
        raise Missing(
            f'MountVolume.SetUp failed for volume "{name}" : {error.strerror}: {error.filename}'
        ) from None


def _empty(room: Room, name: str, _: Object) -> Path:
    path = room.folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path


_TYPES: dict[str, Callable[[int], bool]] = {
    "Directory": stat.S_ISDIR,
    "DirectoryOrCreate": stat.S_ISDIR,
    "File": stat.S_ISREG,
    "FileOrCreate": stat.S_ISREG,
    "Socket": stat.S_ISSOCK,
    "CharDevice": stat.S_ISCHR,
    "BlockDevice": stat.S_ISBLK,
}


def _host(_: Room, __: str, source: Object) -> Path:
    path, wanted = Path(source["path"]), source.get("type") or ""
    if not wanted:
        return path
    if wanted not in _TYPES:
        raise Missing(f"hostPath type {wanted} is unknown; use {', '.join(_TYPES)}")
    if not os.path.exists(path) and wanted == "DirectoryOrCreate":
        path.mkdir(parents=True, mode=0o755)
    if not os.path.exists(path) and wanted == "FileOrCreate":
        path.touch(mode=0o644)
    if not os.path.exists(path) or not _TYPES[wanted](path.stat().st_mode):
        raise Missing(f"hostPath type check failed: {path} is not a {wanted}")
    return path


def _claim(room: Room, _: str, source: Object) -> Path:
    name = str(source["claimName"])
    if room.objects.get(PERSISTENT_VOLUME_CLAIMS, name, room.namespace) is None:
        raise Missing(f'persistentvolumeclaim "{name}" not found')
    path = room.claims / room.namespace / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def _configmap(room: Room, name: str, source: Object) -> Path:
    return _files(room, name, {"configMap": source}, source)


def _secret(room: Room, name: str, source: Object) -> Path:
    path = _private(room.folder / name)
    _project(
        room, path, {"secret": {**source, "name": source.get("secretName")}}, source.get("defaultMode", 0o600)
    )
    return path


def _downward(room: Room, name: str, source: Object) -> Path:
    return _files(room, name, {"downwardAPI": source}, source)


def _files(room: Room, name: str, what: Object, source: Object) -> Path:
    """Create a folder with the content of one source (`what`, by its kind)."""
    path = _empty(room, name, {})
    _project(room, path, what, source.get("defaultMode", 0o644))
    return path


def _projected(room: Room, name: str, source: Object) -> Path:
    path = _private(room.folder / name)
    for one in source.get("sources") or []:
        _project(room, path, one, source.get("defaultMode", 0o644))
    return path


def _private(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _project(room: Room, path: Path, source: Object, mode: int) -> None:
    """Write one source's files; those of a Secret are readable only by their owner, whatever the mode."""
    if "secret" in source:
        for target, value, wanted in _keys(room, "secret", source["secret"], mode):
            _write(path / target, value, wanted & 0o700)
    elif "configMap" in source:
        for target, value, wanted in _keys(room, "configmap", source["configMap"], mode):
            _write(path / target, value, wanted)
    elif "downwardAPI" in source:
        for item in source["downwardAPI"].get("items") or []:
            _write(
                path / _inside(item["path"]),
                _field(room.pod, item).encode(errors="replace"),
                item.get("mode", mode),
            )
    elif "serviceAccountToken" not in source:  # there are no accounts here, so no token either
        raise Missing(f"the local cluster cannot project {', '.join(source)}")


def _field(pod: Object, item: Object) -> str:
    if "fieldRef" in item:
        return value_sources.pod_field(pod, item["fieldRef"]["fieldPath"])
    return value_sources.resource_field(pod, {}, item["resourceFieldRef"])


def _keys(room: Room, kind: str, source: Object, mode: int) -> list[tuple[PurePosixPath, bytes, int]]:
    """Return (path below the volume, content, mode) of each selected key."""
    optional = bool(source.get("optional"))
    found = value_sources.data(room.objects, kind, source.get("name") or "", room.namespace, optional)
    if found is None:
        return []
    if not source.get("items"):
        return [(_inside(key), value, mode) for key, value in found.items()]
    chosen = []
    for item in source["items"]:
        if item["key"] not in found:
            if optional:
                continue
            raise Missing(f"references non-existent {kind} key: {item['key']}")
        chosen.append((_inside(item["path"]), found[item["key"]], item.get("mode", mode)))
    return chosen


def _write(path: Path, value: bytes, mode: int) -> None:
    """Replace a file if it differs; it is never more widely readable than its final mode."""
    if os.path.isfile(path) and path.read_bytes() == value:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(value)
    draft.chmod(mode)
    draft.rename(path)


_MAKERS: dict[str, Callable[[Room, str, Object], Path]] = {
    "emptyDir": _empty,
    "hostPath": _host,
    "configMap": _configmap,
    "secret": _secret,
    "projected": _projected,
    "downwardAPI": _downward,
    "persistentVolumeClaim": _claim,
}
