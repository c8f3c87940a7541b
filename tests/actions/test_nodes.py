"""What nodes have, and what the pods on them request."""

import pytest
from shelf import Visitor

from arena.actions import nodes
from arena.errors import NotFound
from arena.resources import NODES, PODS


def node(name, allocatable=None, **capacity):
    status = {"capacity": capacity, "allocatable": capacity if allocatable is None else allocatable}
    return {"metadata": {"name": name}, "status": status}


def pod(name, on, requests, before=None):
    """A pod on a node: what its container requests, and its init container."""
    spec = {"nodeName": on, "containers": [{"name": "main", "resources": {"limits": requests}}]}
    if before:
        spec["initContainers"] = [{"name": "init", "resources": {"requests": before}}]
    return {"metadata": {"name": name, "namespace": "n"}, "spec": spec, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    "device",
    [
        "nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu.shared", "amd.com/gpu", "google.com/tpu",
        "aws.amazon.com/neuron", "aws.amazon.com/neuroncore", "huawei.com/Ascend910", "gpu.intel.com/xe",
        "habana.ai/gaudi", "aliyun.com/gpu",
    ],
)  # fmt: skip
def test_devices_of_every_family(shelf, device):
    """A node's devices of any vendor are counted, in all, healthy and taken, and its pods are listed."""
    shelf.put(NODES, None, node("a", {device: "7"}, **{device: "8"}), node("b", cpu="4"))
    shelf.put(PODS, None, pod("one", "a", {device: "2"}, {device: 3}), pod("two", "a", {device: 1}),
              pod("idle", "a", {"cpu": "1"}))  # fmt: skip
    first, second = nodes.nodes(Visitor(shelf.cluster))
    assert (first.gpus, first.gpus_healthy, first.gpus_allocated) == (8, 7, 4)
    assert (second.gpus, second.gpus_allocated) == (0, 0)
    assert nodes.pods_on(shelf.cluster, "a") == [("n", "one", 3), ("n", "two", 1)]


def test_shared_devices(shelf):
    """Amounts of memory that pods request of shared GPUs add up to the GPUs that they take."""
    shelf.put(NODES, None, node("a", **{"aliyun.com/gpu-count": "4", "aliyun.com/gpu-mem": "60"}))
    shelf.put(PODS, None, *(pod(f"p{number}", "a", {"aliyun.com/gpu-mem": 5}) for number in range(4)))
    [found] = nodes.nodes(Visitor(shelf.cluster))
    assert (found.gpus, found.gpus_allocated) == (4, 2)


def test_a_node_that_is_not_there(shelf):
    """A name that no node has is an error, whatever other names have."""
    shelf.put(NODES, None, node("a"))
    shelf.put(PODS, None)
    assert [one.name for one in nodes.nodes(Visitor(shelf.cluster), ["a"])] == ["a"]
    with pytest.raises(NotFound, match='no node "b"'):
        nodes.nodes(Visitor(shelf.cluster), ["a", "b"])
