"""Versions and namespaces of servings are kept apart, also of groups of pods (a bug of the Go arena)."""

import json

import pytest

from arena.kinds.serving.base.groups import LEADER_WORKER_SETS
from arena.resources import NAMESPACES

SERVE = ("serve", "distributed", "--name", "chat", "--image", "i", "--restful-port", "8000")


@pytest.fixture
def two(arena, stage):
    """Two versions in one namespace, and the first of them, with another size, in a second namespace."""
    for version, replicas in (("1", "1"), ("2", "2")):
        assert arena(*SERVE, "--version", version, "--replicas", replicas, "x").code == 0
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    stage.cluster.create(NAMESPACES, None, namespace)
    one = stage.cluster.get(LEADER_WORKER_SETS, "default", "chat-1-distributed-serving")
    meta = {key: one["metadata"][key] for key in ("name", "labels")}
    body = {**one, "metadata": meta, "spec": {**one["spec"], "replicas": 7}}
    body.pop("status", None)
    stage.cluster.create(LEADER_WORKER_SETS, "team", body)


def test_versions(arena, two):
    """get and delete act on the chosen version of a serving, and need a choice among several."""
    assert arena("serve", "get", "chat").code == 2
    found = json.loads(arena("serve", "get", "chat", "-v", "2", "-o", "json").out)
    assert (found["version"], found["desiredInstances"]) == ("2", 2)
    assert arena("serve", "delete", "chat", "-v", "2").code == 0
    found = json.loads(arena("serve", "get", "chat", "-o", "json").out)
    assert (found["version"], found["desiredInstances"]) == ("1", 1)


def test_namespaces(arena, two):
    """A list of all namespaces shows the size and the address that each serving has in its own."""
    found = json.loads(arena("serve", "list", "-A", "-o", "json").out)
    rows = {(one["namespace"], one["version"]): one for one in found}
    sizes = {key: one["desiredInstances"] for key, one in rows.items()}
    assert sizes == {("default", "1"): 1, ("default", "2"): 2, ("team", "1"): 7}
    assert rows["default", "1"]["endpoints"]
    assert rows["team", "1"]["endpoints"] == []
