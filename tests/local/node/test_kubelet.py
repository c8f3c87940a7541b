"""A pod's life on the node."""

from bed import Node, until

from arena.local.objects import NODES, PODS


def test_success(node: Node) -> None:
    """A pod whose command ends with 0 is Succeeded, and its log holds what it printed."""
    name = node.pod("sh", "-c", "echo out; echo err >&2")
    pod = node.phase(name, "Succeeded", "Failed")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"], state["reason"]) == ("Succeeded", 0, "Completed")
    assert node.text(name) == "out\nerr"


def test_failure(node: Node) -> None:
    """A pod whose command ends with another code is Failed and tells the code."""
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
