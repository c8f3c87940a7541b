"""The node's GPUs: those that NVIDIA's management library reports, or virtual ones that are only counted.

The allocation is recorded in the pod's folder, so that the next kubelet knows it.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

from arena.accelerators import NVIDIA
from arena.digits import whole
from arena.local.objects import Object, sidecars

RESOURCE = NVIDIA
VIRTUAL = 8
FILE = "gpus.json"


def devices() -> dict[str, str]:
    """Return the virtual devices of ARENA_LOCAL_DEVICES with their numbers."""
    pairs = (one.strip().partition("=") for one in os.environ.get("ARENA_LOCAL_DEVICES", "").split(","))
    return {name: number for name, _, number in pairs if whole(number) is not None and name != RESOURCE}


class Short(Exception):
    """Fewer GPUs are free than a pod requests."""


class Gpus:
    """Counts and allocates GPUs; used only by the kubelet's thread.

    Attributes:
        count: the number of GPUs.
        kind: `nvml` for real ones, `virtual`, or "" if there are none.
    """

    def __init__(self, count: int | None = None) -> None:
        real = 0 if count is not None else _real()
        asked = whole(os.environ.get("ARENA_LOCAL_GPUS")) if count is None else count
        self.kind = "nvml" if real else "virtual"
        self.count = real or (VIRTUAL if asked is None else asked)
        if real and asked is not None:
            self.count = min(real, asked)
        if not self.count:
            self.kind = ""
        self._held: dict[str, list[int]] = {}

    def take(self, uid: str, pod: Object, folder: Path) -> dict[str, list[int]]:
        """Allocate a pod's GPUs by container, the same until `release`; raises Short if too few are free."""
        record = folder / FILE
        if uid not in self._held:
            if os.path.exists(record):
                self.adopt(uid, folder)
            else:
                held = self._free(_needed(pod))
                draft = folder / f"{FILE}.new"  # so that a full disk leaves no half record
                draft.write_text(json.dumps(held))
                draft.rename(record)
                self._held[uid] = held
        return share(pod, self._held[uid])

    def adopt(self, uid: str, folder: Path) -> None:
        """Take over the allocation recorded in a pod's folder."""
        try:
            self._held[uid] = [int(one) for one in json.loads((folder / FILE).read_text())]
        except (OSError, ValueError, TypeError):
            self._held[uid] = []

    def release(self, uid: str) -> None:
        """Release the GPUs of a pod."""
        self._held.pop(uid, None)

    def _free(self, wanted: int) -> list[int]:
        taken = {one for held in self._held.values() for one in held}
        free = [one for one in range(self.count) if one not in taken]
        if len(free) < wanted:
            raise Short(f"requested {RESOURCE}: {wanted}, free: {len(free)} of {self.count}")
        return free[:wanted]

    def variables(self, held: list[int]) -> dict[str, str]:
        """Return the variables that show a container its GPUs; CUDA never sees virtual ones."""
        names = ",".join(map(str, held))
        if self.kind == "nvml":
            return {"CUDA_VISIBLE_DEVICES": names}
        return {"CUDA_VISIBLE_DEVICES": "", "ARENA_VIRTUAL_GPUS": names} if held else {}


def asked(container: Object) -> int:
    """Return the number of GPUs that a container requests."""
    resources = container.get("resources") or {}
    limits = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    return whole(str(limits.get(RESOURCE, 0))) or 0


def _needed(pod: Object) -> int:
    """The GPUs that a pod needs; init containers run before the others, so they use the same ones."""
    spec = pod["spec"]
    early = max((asked(one) for one in spec.get("initContainers") or []), default=0)
    return max(early, sum(asked(one) for one in _together(spec)))


def _together(spec: Object) -> list[Object]:
    """The containers that run at the same time, sidecars last."""
    return [*spec["containers"], *sidecars(spec)]


def share(pod: Object, held: list[int]) -> dict[str, list[int]]:
    """Distribute the GPUs of a pod among its containers."""
    shares = {one["name"]: held[: asked(one)] for one in pod["spec"].get("initContainers") or []}
    start = 0
    for container in _together(pod["spec"]):
        shares[container["name"]] = held[start : start + asked(container)]
        start += asked(container)
    return shares


def _real() -> int:
    """GPUs that NVIDIA's library reports; 0 without the library or a driver."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return 0
    try:
        nvml.nvmlInit()
        return int(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError:
        return 0
