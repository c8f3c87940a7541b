"""The volumes of a serving's pods: those of every workload, temporary folders, and the model."""

import os.path
import sys
from typing import Any

from arena import _version
from arena.kinds.serving.specs.base import locations
from arena.kinds.serving.specs.base.locations import MODELS
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.workload import environment, fetch
from arena.kinds.workload import volumes as workload
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

MODEL = "model"
"""The volume with the model."""
DOWNLOADER = "kserve/storage-initializer:v0.20.0"
"""KServe's own, of August 2026; it reads the schemes of `locations` and takes `SOURCE FOLDER`."""
_PROGRAM = ("local", "programs", "model_download.py")
"""What downloads models on a local cluster, below the package."""


def values(spec: ServingSpec, rendering: Rendering) -> Values:
    """Values of the volumes of a pod, their mounts, and its init containers; raises SpecError."""
    spec.check_parts()
    return {
        "volumes": _volumes(spec, rendering) or None,
        "mounts": _mounts(spec, rendering) or None,
        "init_containers": init_containers(spec, rendering) or None,
    }


def _volumes(spec: ServingSpec, rendering: Rendering) -> list[Values]:
    found = workload.volumes(spec, rendering)
    found += [{"name": _temporary(one.source), "emptyDir": {}} for one in spec.temp_dir]
    place = spec.location
    if place and place.scheme == "pvc" and locations.is_mounted(place, spec.loads):
        found.append({"name": MODEL, "persistentVolumeClaim": {"claimName": place.place, "readOnly": True}})
    elif locations.is_downloaded(place, spec.loads):
        found.append({"name": MODEL, "emptyDir": {}})
    return found


def _temporary(name: str) -> str:
    """The volume of a temporary folder; no other volume has its name."""
    return f"temp-{name}"


def _mounts(spec: ServingSpec, rendering: Rendering) -> list[Values]:
    found = workload.mounts(spec, rendering)
    names = dict(zip(workload.claim_names(spec), (one.source for one in spec.data), strict=True))
    for mount in found:
        part = spec.data_subpath_expr.get(names.get(mount["name"], ""))
        if part:
            mount["subPathExpr"] = part
    for one in spec.temp_dir:
        part = spec.temp_dir_subpath_expr.get(one.source)
        where = {"name": _temporary(one.source), "mountPath": one.path}
        found.append(where | ({"subPathExpr": part} if part else {}))
    return found + _model_mounts(spec)


def _model_mounts(spec: ServingSpec) -> list[Values]:
    place = spec.location
    if not place or not locations.is_mounted(place, spec.loads):
        return []
    part = {"subPath": place.path} if place.scheme == "pvc" and place.path else {}
    return [{"name": MODEL, "mountPath": MODELS, "readOnly": True, **part}]


def init_containers(spec: ServingSpec, rendering: Rendering) -> list[Values]:
    """The containers that bring the code and the model before the server starts."""
    found = list(fetch.containers(spec, rendering) or ())
    if locations.is_downloaded(spec.location, spec.loads):
        found.append(_download(spec, rendering))
    return found


def _download(spec: ServingSpec, rendering: Rendering) -> Values:
    made: Values = {
        "name": "model-download",
        "image": DOWNLOADER,
        "args": [environment.literal(spec.model), MODELS],
        "env": environment.env(spec, hide_gpus=False) or None,
        "volumeMounts": [{"name": MODEL, "mountPath": MODELS}],
    }
    if rendering.on_host:
        program = os.path.join(os.path.dirname(os.path.abspath(_version.__file__)), *_PROGRAM)
        made["command"] = [sys.executable, "-I", "-S", program]
    return {key: value for key, value in made.items() if value is not None}
