"""Locations of event files, which programs write and TensorBoard reads."""

import posixpath

from arena.kinds.workload.code import start_dir
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import TensorBoardSpec, WorkloadSpec


def location(spec: TensorBoardSpec, rendering: Rendering) -> str:
    """The URL or path of the event files; an absolute path unless pods share this machine's file system."""
    if rendering.on_host or "://" in spec.logdir:
        return spec.logdir
    return posixpath.normpath(posixpath.join(start_dir(spec, rendering), spec.logdir))


def volume_path(spec: WorkloadSpec, rendering: Rendering) -> str | None:
    """The mount path of the node's folder for event files; None if none is needed.

    It is needed for TensorBoard if no mounted volume holds the event files.
    """
    if not isinstance(spec, TensorBoardSpec) or not spec.tensorboard:
        return None
    if rendering.on_host or "://" in spec.logdir:
        return None
    path = location(spec, rendering)
    mounted = any(_contains(mount.path, path) for mount in (*spec.data, *spec.data_dir))
    return None if mounted else path


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
