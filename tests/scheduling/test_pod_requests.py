"""What the scheduler counts of a pod, and how many fit."""

import pytest

from arena.scheduling import amounts


def container(restart=None, limits=None, **requests):
    found = {"resources": {"requests": requests, "limits": limits or {}}}
    return {**found, "restartPolicy": restart} if restart else found


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": []}, {}),
        ({"containers": [container(cpu="500m"), container(cpu="1", memory="1Gi")]},
         {"cpu": 1500, "memory": 1 << 30}),
        ({"containers": [container(limits={"nvidia.com/gpu": "2"})]}, {"nvidia.com/gpu": 2}),
        ({"containers": [container(cpu="1", limits={"cpu": "2"})]}, {"cpu": 1000}),
        ({"containers": [container(cpu="0.0001")]}, {"cpu": 1}),
        ({"containers": [container(cpu="1")],
          "initContainers": [container(cpu="3"), container(memory="1Ki")]}, {"cpu": 3000, "memory": 1024}),
        # A sidecar runs beside everything that starts after it.
        ({"containers": [container(cpu="1")],
          "initContainers": [container("Always", cpu="1"), container(cpu="2")]}, {"cpu": 3000}),
        ({"containers": [container(cpu="1")],
          "initContainers": [container(cpu="2"), container("Always", cpu="1")]}, {"cpu": 2000}),
        ({"containers": [container(cpu="1")], "overhead": {"cpu": "250m", "memory": "1Ki"}},
         {"cpu": 1250, "memory": 1024}),
        ({"containers": [container(cpu="1")], "resources": {"requests": {"cpu": "4"}}}, {"cpu": 4000}),
        ({"containers": [container(cpu="much")]}, {"cpu": 0}),
    ],
)  # fmt: skip
def test_requests(spec, expected):
    """Containers add up, the largest init container counts, and so do sidecars and overhead."""
    assert amounts.requested(spec) == expected


@pytest.mark.parametrize(
    ("wants", "free", "lacking", "slots"),
    [
        ({}, {"pods": 3}, [], 3),
        ({}, {"pods": 0}, ["pods"], 0),
        ({"cpu": 500}, {"pods": 9, "cpu": 1999}, [], 3),
        ({"cpu": 500, "nvidia.com/gpu": 2}, {"pods": 9, "cpu": 9000, "nvidia.com/gpu": 5}, [], 2),
        ({"cpu": 500, "nvidia.com/gpu": 2}, {"pods": 9, "cpu": 400}, ["cpu", "nvidia.com/gpu"], 0),
        # A node that others overfilled takes no pod that requests anything.
        ({"nvidia.com/gpu": 1}, {"pods": 9, "cpu": -1, "nvidia.com/gpu": 5}, ["cpu"], 0),
    ],
)
def test_room(wants, free, lacking, slots):
    """A node takes as many pods as the scarcest resource allows."""
    assert amounts.lacking(wants, free) == lacking
    assert amounts.slots(wants, free) == slots


@pytest.mark.parametrize(
    ("name", "amount", "text"),
    [("cpu", 1500, "1500m"), ("cpu", 2000, "2"), ("memory", 3 << 29, "1.5Gi"), ("nvidia.com/gpu", 8, "8")],
)
def test_text(name, amount, text):
    """Amounts are shown as people write them."""
    assert amounts.text(name, amount) == text
