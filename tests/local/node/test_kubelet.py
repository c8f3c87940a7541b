"""A pod's life on the node."""

import os
import subprocess

import pytest
from bed import Node, until

from arena.local.node import container_runs, node_object
from arena.local.node.containers import Container
from arena.local.node.process_exits import ExitWatcher
from arena.local.objects import NODES, PODS


def test_success(node: Node) -> None:
    """A pod whose command ends with 0 is Succeeded, and its log holds what it printed."""
    name = node.pod("sh", "-c", "echo out; echo err >&2")
    pod = node.phase(name, "Succeeded", "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"], state["reason"]) == ("Succeeded", 0, "Completed")
    assert node.text(name) == "out\nerr"


def test_failure(node: Node) -> None:
    """A pod whose command ends with another code is Failed and shows the code."""
    pod = node.phase(node.pod("sh", "-c", "exit 3"), "Succeeded", "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"], state["reason"]) == ("Failed", 3, "Error")


def test_delete(node: Node) -> None:
    """Deleting a pod ends its processes, then its object and its folder are gone."""
    name = node.pod("sleep", "1000")
    node.state(name, "running")
    uid, pid = node.uid(name), node.pids(name)
    node.api.delete(PODS, name, "default")
    until(lambda: node.get(name) is None)
    until(lambda: not (node.home / "pods" / uid).exists())
    assert pid


def test_node_object(node: Node) -> None:
    """The node registers itself with its GPUs and as ready."""
    found = until(lambda: node.api.get(NODES, "local"))
    until(lambda: (node.api.get(NODES, "local").get("status") or {}).get("conditions"))
    found = node.api.get(NODES, "local")
    assert found["status"]["capacity"]["nvidia.com/gpu"] == "4"
    assert found["metadata"]["labels"]["local.arena.io/gpu"] == "virtual"


def test_node_that_is_deleted(node: Node) -> None:
    """A Node object that is deleted, or said to be dead, is written again: pods go on to be placed."""
    ready = lambda: node_object.is_ready(node.api.get(NODES, "local") or {})  # noqa: E731
    first = until(lambda: ready() and node.api.get(NODES, "local"))
    node.api.delete(NODES, "local")
    again = until(lambda: ready() and node.api.get(NODES, "local"))
    assert again["metadata"]["uid"] != first["metadata"]["uid"]
    node.api.patch(NODES, "local", {"status": {"conditions": []}}, subresource="status")
    until(ready)


@pytest.mark.parametrize(("command", "phase"), [("sleep 60", "Running"), ("nothing-here", "Failed")])
def test_a_quick_supervisor(node: Node, monkeypatch, command: str, phase: str) -> None:
    """A run that is over or under way before the kubelet looks at it first is seen like any other."""
    launch = container_runs.launch

    def launched(folder):
        process = launch(folder)
        process.wait()
        return process

    monkeypatch.setattr(container_runs, "launch", launched)
    name = node.pod(*command.split())
    node.phase(name, phase)
    if phase == "Running":
        until(lambda: node.state(name, "running")["ready"])
    else:
        assert "nothing-here" in node.event(name, "Failed")["message"]


def test_a_launcher_that_outlives_its_run(tmp_path, monkeypatch) -> None:
    """Its exit is noticed once; the kubelet was busy for ever with a process that had ended long ago."""
    launch = container_runs.launch
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as launcher:

        def launched(folder):
            launch(folder).wait()
            until((folder / "exit").exists)
            return launcher

        monkeypatch.setattr(container_runs, "launch", launched)
        container = Container({"name": "main"}, "uid", tmp_path / "main")
        container.start({"argv": ["true"], "env": {"PATH": os.environ["PATH"]}, "cwd": "/"})
        assert container.refresh()
        assert (container.live, container.watched()) == (False, launcher.pid)
    container.refresh()
    assert container.watched() is None


def test_an_exit_is_reported_once() -> None:
    """Even if nobody collects the process, which would stay ready for ever."""
    watcher = ExitWatcher()
    with subprocess.Popen(["true"]) as child:
        assert watcher.watch("pod", {child.pid})
        assert watcher.wait(20) == {"pod"}
        assert watcher.wait(0) == set()
        assert watcher.watch("pod", {child.pid})
        assert watcher.wait(0) == set()
        watcher.watch("pod", set())
    watcher.close()
