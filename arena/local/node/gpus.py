"""The node's GPUs: those of NVIDIA's management library, or virtual ones that are only counted.

Which container holds which is written into the pod's folder, so that a fresh kubelet knows it again.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

from arena.local.objects import Object, sidecars

RESOURCE = "nvidia.com/gpu"
VIRTUAL = 8
FILE = "gpus.json"


class Short(Exception):
    """Fewer GPUs are free than a pod asks for."""


class Gpus:
    """Counts and hands out GPUs; used by the kubelet's thread alone.

    Attributes:
        count: how many there are.
        kind: `nvml` for real ones, `virtual`, or "" where there are none.
    """

    def __init__(self, count: int | None = None) -> None:
        real = 0 if count is not None else _real()
        asked = os.environ.get("ARENA_LOCAL_GPUS", "") if count is None else str(count)
        self.kind = "nvml" if real else "virtual"
        self.count = real or (int(asked) if asked.isdigit() else VIRTUAL)
        if real and asked.isdigit():
            self.count = min(real, int(asked))
        if not self.count:
            self.kind = ""
        self._held: dict[str, list[int]] = {}

    def take(self, uid: str, pod: Object, folder: Path) -> dict[str, list[int]]:
        """Container -> GPUs of a pod, the same until `release`; Short where too few are free."""
        record = folder / FILE
        if uid not in self._held:
            if record.exists():
                self.adopt(uid, folder)
            else:
                held = self._free(_needed(pod))
                draft = folder / f"{FILE}.new"  # so that a full disk leaves no half record
                draft.write_text(json.dumps(held))
                draft.rename(record)
                self._held[uid] = held
        return share(pod, self._held[uid])

    def adopt(self, uid: str, folder: Path) -> None:
        """Take what a pod's folder says that it holds."""
        try:
            self._held[uid] = [int(one) for one in json.loads((folder / FILE).read_text())]
        except (OSError, ValueError, TypeError):
            self._held[uid] = []

    def release(self, uid: str) -> None:
        """Give back what a pod held."""
        self._held.pop(uid, None)

    def _free(self, wanted: int) -> list[int]:
        taken = {one for held in self._held.values() for one in held}
        free = [one for one in range(self.count) if one not in taken]
        if len(free) < wanted:
            raise Short(f"requested {RESOURCE}: {wanted}, free: {len(free)} of {self.count}")
        return free[:wanted]

    def variables(self, held: list[int]) -> dict[str, str]:
        """What shows a container its GPUs and hides the others; CUDA never sees virtual ones."""
        names = ",".join(map(str, held))
        if self.kind == "nvml":
            return {"CUDA_VISIBLE_DEVICES": names}
        return {"CUDA_VISIBLE_DEVICES": "", "ARENA_VIRTUAL_GPUS": names} if held else {}


def asked(container: Object) -> int:
    """How many GPUs a container asks for."""
    resources = container.get("resources") or {}
    limits = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    text = str(limits.get(RESOURCE, 0))
    return int(text) if text.isdigit() else 0


def _needed(pod: Object) -> int:
    """Init containers run one by one before the others, so they use the same GPUs."""
    spec = pod["spec"]
    early = max((asked(one) for one in spec.get("initContainers") or []), default=0)
    return max(early, sum(asked(one) for one in _together(spec)))


def _together(spec: Object) -> list[Object]:
    """The containers that run at the same time, sidecars last."""
    return [*spec["containers"], *sidecars(spec)]


def share(pod: Object, held: list[int]) -> dict[str, list[int]]:
    """Which container of a pod gets which of the GPUs that the pod holds."""
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
