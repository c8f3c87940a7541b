"""The model of a serving on this machine, where the local cluster can see its files."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from arena.errors import SpecError
from arena.kinds.serving.base import formats
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.workload.spec import WorkloadSpec

if TYPE_CHECKING:
    from arena.session import Session

FILES = 1000
"""Maximum number of files from whose names the format of a model is found."""


def settled(session: Session, spec: WorkloadSpec) -> WorkloadSpec:
    """The Spec with the absolute path of its model; on the local cluster also with the format of its files.

    Raises:
        SpecError: there is no such path, or the files do not tell the format.
    """
    location = spec.location if isinstance(spec, ServingSpec) else None
    if not isinstance(spec, ServingSpec) or location is None or location.scheme:
        return spec
    volumes = [one.path.rstrip("/") for one in (*spec.data, *spec.data_dir, *spec.temp_dir)]
    inside = any(f"{location.path}/".startswith(f"{one}/") for one in volumes)
    if inside or not session.is_local:
        if not location.path.startswith("/"):
            raise SpecError(
                f'--model "{location.path}" is relative, and names nothing in a container',
                "write the path in the container, or pvc://CLAIM/PATH",
            )
        return spec
    path = os.path.normpath(os.path.join(session.folder, os.path.expanduser(location.path)))
    if not os.path.exists(path):
        raise SpecError(f"--model: there is no {path}", "name the file or the folder of the model")
    return _with_format(replace(spec, model=path), path)


def _with_format(spec: ServingSpec, path: str) -> ServingSpec:
    if not spec.lacks_format:
        return spec
    found = formats.of(_names(path))
    if not found:
        raise SpecError(
            f"--model: the files of {path} do not tell the format of the model", "add --model-format FORMAT"
        )
    return spec.with_format(found)


def _names(path: str) -> list[str]:
    """The paths of the files of a model, relative to its folder."""
    if not os.path.isdir(path):
        return [os.path.basename(path)]
    found: list[str] = []
    for folder, below, names in os.walk(path):
        below.sort()
        found += [os.path.relpath(os.path.join(folder, one), path) for one in names]
        if len(found) > FILES:
            break
    return found
