"""Devices that the local cluster does not have: submit warns, and says how to add them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, until

MIG = "nvidia.com/mig-1g.5gb"
ASK = ("submit", "pytorchjob", "--name", "slice", "--device", f"{MIG}=1", "true")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    with product(tmp_path) as one:
        yield one


def test_a_device_that_is_not_there_is_told(arena: Product) -> None:
    """A job that requests a missing device waits; submit warns, and list shows the reason."""
    ended = arena.run(*ASK)
    assert (ended.code, ended.out) == (0, "pytorchjob slice submitted\n")
    assert f"an instance requests 1 {MIG} but this machine has none: the job will wait" in ended.err
    assert f"ARENA_LOCAL_DEVICES={MIG}=1" in ended.err
    until(lambda: f"Insufficient {MIG}" in arena.must("get", "slice"), what="the reason")
    ended = arena.run("submit", "pytorchjob", "--name", "many", "--gpus", "9", "true")
    assert "an instance requests 9 nvidia.com/gpu but this machine has 8: the job will wait" in ended.err


def test_virtual_devices_are_counted(arena: Product) -> None:
    """ARENA_LOCAL_DEVICES offers them: the job runs, without a word; a second one waits until it is free."""
    arena.env["ARENA_LOCAL_DEVICES"] = f"{MIG}=1"
    ended = arena.run(*ASK, "--wait")
    assert (ended.code, "Warning" in ended.err) == (0, False)
    hold = ("submit", "pytorchjob", "--device", f"{MIG}=1", "--name")
    arena.must(*hold, "first", "sleep 600")
    until(lambda: arena.jobs()["first"] == "RUNNING", what="the first")
    assert "Warning" not in arena.run(*hold, "second", "true").err
    until(lambda: f"Insufficient {MIG}" in arena.must("get", "second"), what="the reason")
    arena.must("delete", "first")
    arena.must("wait", "second")


def test_devices_of_other_vendors_are_in_top(arena: Product) -> None:
    """top node, top job and list count devices of every vendor, and MIG instances, as they count GPUs."""
    devices = ("amd.com/gpu", "google.com/tpu", "aws.amazon.com/neuron", "huawei.com/Ascend910", MIG)
    arena.env["ARENA_LOCAL_GPUS"] = "0"
    arena.env["ARENA_LOCAL_DEVICES"] = ",".join(f"{name}=2" for name in devices)
    for number, name in enumerate(devices):
        arena.must("submit", "job", "--name", f"j{number}", "--device", f"{name}=1", "sleep 600")
    until(lambda: set(arena.jobs().values()) == {"RUNNING"}, what="the jobs")
    [node] = json.loads(arena.must("top", "node", "-o", "json"))
    assert (node["totalGPUs"], node["allocatedGPUs"]) == (10, 5)
    assert "Total Allocated/Requested GPUs of Training Jobs: 5/5" in arena.must("top", "job")
    assert [job["requestGPUs"] for job in json.loads(arena.must("list", "-o", "json"))] == [1] * 5
    assert "Allocated/Requested GPUs of Job: 1/1" in arena.must("top", "job", "j0")
    details = arena.must("top", "node", "-d")
    assert all(f"j{number}" in details for number in range(5))
