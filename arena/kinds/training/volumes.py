"""The volumes of a job's pods and where their containers see them."""

import posixpath
import re
from typing import Any

from arena.kinds.training import code
from arena.kinds.training.base import TrainingSpec

Values = dict[str, Any]

_VOLUME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_TAKEN = re.compile(
    r"dshm|code-sync|arena-code|arena-code-parts|config-files|training-logs-volume|training-data-\d+|claim-\d+"
)


def files_name(spec: TrainingSpec) -> str:
    """The ConfigMap that holds the job's config files."""
    return f"{spec.name}-files"


def volumes(spec: TrainingSpec) -> list[Values]:
    """The volumes of a pod."""
    names = claim_names(spec)
    found = [
        {"name": name, "persistentVolumeClaim": {"claimName": one.source}}
        for name, one in zip(names, spec.data, strict=True)
    ]
    found += [
        {"name": f"training-data-{number}", "hostPath": {"path": one.source}}
        for number, one in enumerate(spec.data_dir)
    ]
    if spec.config_file:
        found.append({"name": "config-files", "configMap": {"name": files_name(spec)}})
    if spec.sync_mode:
        found.append({"name": "code-sync", "emptyDir": {}})
    found += code.volumes(spec)
    if spec.owns_events:
        found.append({"name": "training-logs-volume", "hostPath": events_folder(spec)})
    if spec.share_memory:
        shm = {"medium": "Memory", "sizeLimit": spec.share_memory}
        found.append({"name": "dshm", "emptyDir": shm})
    return found


def events_folder(spec: TrainingSpec) -> Values:
    """The folder of the node that holds the event files where no mounted volume does."""
    return {"path": f"/arena_logs/{spec.name}", "type": "DirectoryOrCreate"}


def mounts(spec: TrainingSpec, *, claims: bool = True) -> list[Values]:
    """Where a container sees the volumes.

    Args:
        spec: the Spec.
        claims: whether it sees the data of --data too.
    """
    found = claim_mounts(spec) if claims else []
    found += folder_mounts(spec)
    found += [
        # A file at a time, as a mount of their folder would hide what else the image has there.
        {
            "name": "config-files",
            "mountPath": one.path,
            "subPath": file_key(number, one.source),
            "readOnly": True,
        }
        for number, one in enumerate(spec.config_file)
    ]
    if spec.sync_mode:
        found.append({"name": "code-sync", "mountPath": posixpath.join(spec.working_dir, "code")})
    found += code.mounts(spec)
    if spec.owns_events:
        found.append({"name": "training-logs-volume", "mountPath": spec.events})
    if spec.share_memory:
        found.append({"name": "dshm", "mountPath": "/dev/shm"})
    return found


def claim_mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container sees the data of --data."""
    return [
        {"name": name, "mountPath": one.path} for name, one in zip(claim_names(spec), spec.data, strict=True)
    ]


def folder_mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container sees the folders of --data-dir."""
    return [
        {"name": f"training-data-{number}", "mountPath": one.path} for number, one in enumerate(spec.data_dir)
    ]


def claim_names(spec: TrainingSpec) -> list[str]:
    """A volume is named like its claim, where that can name a volume."""
    return [
        one.source if can_name(one.source, *spec.taken) else f"claim-{number}"
        for number, one in enumerate(spec.data)
    ]


def can_name(name: str, *taken: str) -> bool:
    """Whether a volume may have that name, besides those that arena and, as told, the operator make."""
    return bool(_VOLUME.fullmatch(name)) and not _TAKEN.fullmatch(name) and name not in taken


def file_key(number: int, source: str) -> str:
    """The key of a config file in the ConfigMap: unique, and still telling which file it is."""
    return f"{number}-" + re.sub(r"[^-._a-zA-Z0-9]", "_", posixpath.basename(source))[-200:]
