"""Which resource names are accelerators, and what a unit of each is."""

from decimal import Decimal

import pytest

from arena.accelerators import FRACTION, SHARE, WHOLE, counts, find, held, offered

KNOWN = {
    "nvidia.com/gpu": ("NVIDIA", WHOLE),
    "nvidia.com/gpu.shared": ("NVIDIA", FRACTION),
    "nvidia.com/mig-1g.5gb": ("NVIDIA", FRACTION),
    "nvidia.com/mig-1g.10gb.me": ("NVIDIA", FRACTION),
    "nvidia.com/gpumem": ("NVIDIA", SHARE),
    "nvidia.com/gpumem-percentage": ("NVIDIA", SHARE),
    "nvidia.com/gpucores": ("NVIDIA", SHARE),
    "volcano.sh/vgpu-number": ("NVIDIA", FRACTION),
    "volcano.sh/vgpu-memory": ("NVIDIA", SHARE),
    "aliyun.com/gpu": ("NVIDIA", WHOLE),
    "aliyun.com/gpu-count": ("NVIDIA", WHOLE),
    "aliyun.com/gpu-mem": ("NVIDIA", SHARE),
    "aliyun.com/gpu-core.percentage": ("NVIDIA", SHARE),
    "amd.com/gpu": ("AMD", WHOLE),
    "amd.com/cpx_nps4": ("AMD", FRACTION),
    "google.com/tpu": ("Google", WHOLE),
    "aws.amazon.com/neuron": ("AWS", WHOLE),
    "aws.amazon.com/neurondevice": ("AWS", WHOLE),
    "aws.amazon.com/neuroncore": ("AWS", FRACTION),
    "huawei.com/Ascend910": ("Huawei", WHOLE),
    "huawei.com/Ascend310P-4c.3cpu": ("Huawei", FRACTION),
    "huawei.com/Ascend910B2-memory": ("Huawei", SHARE),
    "gpu.intel.com/i915": ("Intel", WHOLE),
    "gpu.intel.com/xe": ("Intel", WHOLE),
    "gpu.intel.com/millicores": ("Intel", SHARE),
    "habana.ai/gaudi": ("Intel", WHOLE),
}
OTHERS = (
    "cpu", "memory", "gpu", "rdma/hca", "vpc.amazonaws.com/efa", "gpu.intel.com/i915_monitoring",
    "gpu.intel.com/monitoring", "huawei.com/Ascend910-NetworkUnhealthy", "nvidia.com/gpu2", "xnvidia.com/gpu",
)  # fmt: skip


def amounts(**named: int) -> dict[str, Decimal]:
    """Amounts by the short names used below."""
    short = {
        "core": "aws.amazon.com/neuroncore",
        "neuron": "aws.amazon.com/neuron",
        "device": "aws.amazon.com/neurondevice",
        "mem": "aliyun.com/gpu-mem",
        "count": "aliyun.com/gpu-count",
        "gpu": "nvidia.com/gpu",
        "gpumem": "nvidia.com/gpumem",
        "mig": "nvidia.com/mig-1g.5gb",
        "amd": "amd.com/gpu",
        "cpu": "cpu",
    }
    return {short[key]: Decimal(value) for key, value in named.items()}


@pytest.mark.parametrize("name", KNOWN)
def test_what_a_name_stands_for(name: str) -> None:
    """Each resource name of the vendors' device plugins has its vendor and its size."""
    one = find(name)
    assert one is not None
    assert (one.vendor, one.size) == KNOWN[name]
    assert counts(name) is (one.size != SHARE)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names(name: str) -> None:
    """Network devices, monitoring handles and names that only look alike are no accelerators."""
    assert find(name) is None
    assert not counts(name)


@pytest.mark.parametrize(
    ("node", "number"),
    [
        (amounts(cpu=8), 0),
        (amounts(gpu=4, mig=7, amd=2), 13),
        (amounts(neuron=16, device=16, core=128), 16),
        (amounts(core=2), 2),
        (amounts(count=4, mem=60), 4),
        (amounts(gpu=10, gpumem=81920), 10),
    ],
)
def test_hardware_under_several_names(node: dict[str, Decimal], number: int) -> None:
    """A node that offers one device under several names has one."""
    assert offered(node) == number


@pytest.mark.parametrize(
    ("pod", "node", "number"),
    [
        (amounts(cpu=8), amounts(gpu=4), 0),
        (amounts(gpu=2, gpumem=3000), amounts(gpu=4), 2),
        (amounts(mig=3), amounts(gpu=1, mig=7), 3),
        (amounts(core=16), amounts(neuron=16, device=16, core=128), 2),
        (amounts(device=3), amounts(neuron=16, device=16, core=128), 3),
        (amounts(core=2), amounts(core=2), 2),
        (amounts(mem=30), amounts(count=4, mem=60), 2),
        (amounts(mem=30, count=1), amounts(count=4, mem=60), 1),
        (amounts(mem=30), {}, 0),
    ],
)
def test_what_a_pod_takes(pod: dict[str, Decimal], node: dict[str, Decimal], number: int) -> None:
    """Fractions and shares are converted to devices where the node tells how many it has of both."""
    assert held(pod, node) == number
