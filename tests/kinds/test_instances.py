"""A pod becomes an instance, in the words people know."""

import pytest
from cluster_words import T0, UNSCHEDULABLE, ended, pod, waiting

from arena.kinds.workload.instances import instance

INIT = {"name": "fetch", "restartCount": 0}


@pytest.mark.parametrize(
    ("made", "status", "reason"),
    [
        (pod(0), "Running", ""),
        (pod(0, "Pending", node=""), "Pending", ""),
        (pod(0, "Pending", node="", conditions=[UNSCHEDULABLE]), "Pending", "Unschedulable"),
        (pod(0, "Pending", state=waiting("ErrImagePull")), "ErrImagePull", "ErrImagePull"),
        (pod(0, "Succeeded", state=ended(0, "Completed")), "Completed", ""),
        (pod(0, "Failed", state=ended(2)), "Error", "Error"),
        (pod(0, "Failed", state=ended(9, "")), "ExitCode:9", "ExitCode:9"),
        (pod(0, "Failed", reason="Evicted"), "Evicted", "Evicted"),
        (
            pod(0, "Pending", initContainerStatuses=[{**INIT, "state": {"running": {"startedAt": T0}}}]),
            "Init:0/1",
            "",
        ),
        (
            pod(0, "Pending", initContainerStatuses=[{**INIT, "state": waiting("CrashLoopBackOff")}]),
            "Init:CrashLoopBackOff",
            "CrashLoopBackOff",
        ),
        (pod(0, "Failed", initContainerStatuses=[{**INIT, "state": ended(1)}]), "Init:Error", "Error"),
        (
            pod(
                0,
                "Pending",
                initContainerStatuses=[{**INIT, "state": ended(0, "Completed")}],
                state=waiting("PodInitializing"),
            ),
            "PodInitializing",
            "PodInitializing",
        ),
    ],
    ids=range(12),
)
def test_status_in_the_usual_words(made, status, reason):
    """An instance's status is that of `kubectl get pods`."""
    found = instance(made)
    assert (found.status, found.reason) == (status, reason)


def test_terminating():
    """A pod that is being deleted is terminating, whatever else it is."""
    made = pod(0)
    made["metadata"]["deletionTimestamp"] = T0
    assert instance(made).status == "Terminating"


def test_crash_loop_keeps_its_exit_code():
    """A container between two starts still shows how it ended."""
    made = pod(0, state=waiting("CrashLoopBackOff"))
    made["status"]["containerStatuses"][0]["lastState"] = ended(3)
    assert instance(made).containers[0].exit_code == 3


@pytest.mark.parametrize(
    ("device", "counts"),
    [
        ("nvidia.com/gpu", True),
        ("nvidia.com/gpu.shared", True),
        ("nvidia.com/mig-1g.5gb", True),
        ("amd.com/gpu", True),
        ("gpu.intel.com/i915", True),
        ("gpu.intel.com/i915_monitoring", False),
        ("habana.ai/gaudi", True),
        ("google.com/tpu", True),
        ("huawei.com/Ascend910", True),
        ("huawei.com/Ascend910B2-memory", False),
        ("nvidia.com/gpumem", False),
        ("rdma/hca", False),
        ("cpu", False),
    ],
)
def test_what_is_a_gpu(device, counts):
    """GPUs of any maker count, as do shares of them and other accelerators; their memory does not."""
    made = pod(0)
    made["spec"]["containers"][0]["resources"] = {"limits": {device: "4"}, "requests": {device: "4"}}
    assert instance(made).gpus == (4 if counts else 0)
