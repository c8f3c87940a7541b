"""The volumes of pods and their mounts."""

import posixpath
import re
from typing import Any

from arena.kinds.workload import code, logdir
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import WorkloadSpec

Values = dict[str, Any]

_VOLUME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_TAKEN = (
    r"dshm|code-sync|arena-code|arena-code-parts|config-files"
    r"|training-logs-volume|training-data-\d+|claim-\d+"
)


def files_name(spec: WorkloadSpec) -> str:
    """The ConfigMap that holds the config files."""
    return f"{spec.release}-files"


def volumes(spec: WorkloadSpec, rendering: Rendering) -> list[Values]:
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
    if spec.fetches_code:
        found.append({"name": "code-sync", "emptyDir": {}})
    found += code.volumes(rendering)
    if logdir.volume_path(spec, rendering):
        found.append({"name": "training-logs-volume", "hostPath": events_folder(spec)})
    if spec.shared_memory:
        shm = {"medium": "Memory", "sizeLimit": spec.shared_memory}
        found.append({"name": "dshm", "emptyDir": shm})
    return found


def events_folder(spec: WorkloadSpec) -> Values:
    """The folder of the node for the event files, if no mounted volume holds them."""
    return {"path": f"/arena_logs/{spec.name}", "type": "DirectoryOrCreate"}


def mounts(spec: WorkloadSpec, rendering: Rendering, *, claims: bool = True) -> list[Values]:
    """The mounts of the volumes in a container.

    Args:
        claims: whether to include those of --data.
    """
    found = claim_mounts(spec) if claims else []
    found += folder_mounts(spec)
    found += [
        # Files are mounted one by one, because mounting their folder would hide the image's own files there.
        {
            "name": "config-files",
            "mountPath": one.path,
            "subPath": file_key(number, one.source),
            "readOnly": True,
        }
        for number, one in enumerate(spec.config_file)
    ]
    if spec.fetches_code:
        fetched = posixpath.join(spec.chosen_dir or spec.default_dir, "code")
        found.append({"name": "code-sync", "mountPath": fetched})
    found += code.mounts(spec, rendering)
    if path := logdir.volume_path(spec, rendering):
        found.append({"name": "training-logs-volume", "mountPath": path})
    if spec.shared_memory:
        found.append({"name": "dshm", "mountPath": "/dev/shm"})
    return found


def claim_mounts(spec: WorkloadSpec) -> list[Values]:
    """The mounts of --data in a container."""
    return [
        {"name": name, "mountPath": one.path} for name, one in zip(claim_names(spec), spec.data, strict=True)
    ]


def folder_mounts(spec: WorkloadSpec) -> list[Values]:
    """The mounts of --data-dir in a container."""
    return [
        {"name": f"training-data-{number}", "mountPath": one.path} for number, one in enumerate(spec.data_dir)
    ]


def claim_names(spec: WorkloadSpec) -> list[str]:
    """The names of the volumes of --data: those of their claims, if these can name volumes."""
    return [
        one.source if can_name(one.source, *spec.operator_volumes) else f"claim-{number}"
        for number, one in enumerate(spec.data)
    ]


def can_name(name: str, *taken: str) -> bool:
    """Whether a volume may have that name, which neither arena nor (`taken`) the operator uses."""
    return bool(re.fullmatch(_VOLUME, name)) and not re.fullmatch(_TAKEN, name) and name not in taken


def file_key(number: int, source: str) -> str:
    """The key of a config file in the ConfigMap: unique, but with the file's name."""
    return f"{number}-" + re.sub(r"[^-._a-zA-Z0-9]", "_", posixpath.basename(source))[-200:]
