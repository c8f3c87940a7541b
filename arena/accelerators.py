"""The resource names under which nodes offer GPUs and other accelerators.

Pure data that every room may read, including the local cluster. The names are those of the vendors' device
plugins and of the plugins that share GPUs among pods; `docs/clusters.md` lists them for users.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from decimal import Decimal

NVIDIA = "nvidia.com/gpu"
"""What `--gpus` requests."""
ALIYUN = "aliyun.com/gpu"
"""Whole GPUs that Alibaba Cloud's scheduler places by their topology."""

WHOLE, FRACTION, SHARE = "whole", "fraction", "share"
"""A device; a part of one that is allocated by number; an amount of a device's memory or cores."""


class Accelerator(NamedTuple):
    """What one unit of a resource is."""

    vendor: str
    names: str
    """A regular expression that matches a whole name."""
    unit: str
    """What is counted: devices, MIG instances, cores, GiB of memory, percent."""
    size: str = WHOLE
    """`whole`, `fraction` or `share`. Shares say how much of a device is used, not how many devices."""
    device: str = ""
    """The name of the whole devices, if a node offers the same hardware under that name, too."""


ACCELERATORS = (
    Accelerator("NVIDIA", r"nvidia\.com/gpu", "device"),
    Accelerator("NVIDIA", r"nvidia\.com/gpu\.shared", "time slice", FRACTION),
    Accelerator("NVIDIA", r"nvidia\.com/mig-.+", "MIG instance", FRACTION),
    # HAMi: a pod requests these besides nvidia.com/gpu.
    Accelerator("NVIDIA", r"nvidia\.com/gpumem", "MiB", SHARE),
    Accelerator("NVIDIA", r"nvidia\.com/(gpumem-percentage|gpucores)", "percent", SHARE),
    Accelerator("NVIDIA", r"volcano\.sh/vgpu-number", "vGPU", FRACTION),
    Accelerator("NVIDIA", r"volcano\.sh/vgpu-memory", "MiB", SHARE),
    Accelerator("NVIDIA", r"volcano\.sh/(vgpu-cores|vgpu-memory-percentage)", "percent", SHARE),
    Accelerator("NVIDIA", r"aliyun\.com/(gpu|gpu-count)", "device"),
    Accelerator("NVIDIA", r"aliyun\.com/gpu-mem", "GiB", SHARE, "aliyun.com/gpu-count"),
    Accelerator("NVIDIA", r"aliyun\.com/gpu-core\.percentage", "percent", SHARE),
    Accelerator("AMD", r"amd\.com/gpu", "device"),
    Accelerator("AMD", r"amd\.com/[sdqc]px_nps\d", "partition", FRACTION),
    Accelerator("Google", r"google\.com/tpu", "chip"),
    Accelerator("AWS", r"aws\.amazon\.com/neuron", "device"),
    Accelerator("AWS", r"aws\.amazon\.com/neurondevice", "device", WHOLE, "aws.amazon.com/neuron"),
    Accelerator("AWS", r"aws\.amazon\.com/neuroncore", "core", FRACTION, "aws.amazon.com/neuron"),
    Accelerator("Huawei", r"huawei\.com/Ascend\w+", "device"),
    Accelerator("Huawei", r"huawei\.com/Ascend\w+-\d+c(\.\w+)*", "virtual NPU", FRACTION),
    Accelerator("Huawei", r"huawei\.com/Ascend\w+-memory", "MiB", SHARE),
    Accelerator("Huawei", r"huawei\.com/npu-core", "core", SHARE),
    Accelerator("Intel", r"gpu\.intel\.com/(i915|xe)", "device"),
    Accelerator("Intel", r"gpu\.intel\.com/(millicores|memory\.max|tiles)", "part of a device", SHARE),
    Accelerator("Intel", r"habana\.ai/gaudi", "device"),
)


@lru_cache(maxsize=1024)
def find(name: str) -> Accelerator | None:
    """The accelerator with a resource name; None if arena does not know it."""
    if "/" not in name:
        return None
    return next((one for one in ACCELERATORS if re.fullmatch(one.names, name)), None)


def counts(name: str) -> bool:
    """Whether one unit of the resource is counted as an accelerator: a device or a fraction of one."""
    one = find(name)
    return one is not None and one.size != SHARE


def offered(node: Mapping[str, Decimal]) -> int:
    """The number of accelerators among the resources of a node, each piece of hardware counted once."""
    known = ((find(name), amount) for name, amount in node.items())
    return sum(int(amount) for one, amount in known if one and one.size != SHARE and not node.get(one.device))


def held(amounts: Mapping[str, Decimal], node: Mapping[str, Decimal]) -> Decimal:
    """The number of a node's accelerators that a pod requests.

    Args:
        node: the resources of the node. Fractions and shares are converted to devices if it offers both.
    """
    from decimal import Decimal

    total = Decimal(0)
    for name, amount in amounts.items():
        one = find(name)
        if one and node.get(one.device):
            # If a pod also requests devices, the rest describes what it uses of those.
            if not amounts.get(one.device):
                total += amount * node[one.device] / (node.get(name) or 1)
        elif one and one.size != SHARE:
            total += amount
    return total
