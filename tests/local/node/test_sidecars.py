"""Sidecars: init containers that run beside the others, for as long as those do."""

from datetime import datetime, timezone
from typing import Any

import pytest
from bed import Node, until

from arena.local.api import pod_columns
from arena.local.machinery import quantities
from arena.local.node import gpus
from arena.local.objects import PODS, Refused

SERVE = "trap 'sleep 0.2; echo over >> order; exit 0' TERM; echo begun >> order; while :; do sleep 0.05; done"


def sidecar(*command: str, **fields: Any) -> dict[str, Any]:
    """A sidecar named `side`; by default one that notes its begin and its end."""
    words = list(command) or ["sh", "-c", SERVE]
    return {"name": "side", "command": words, "restartPolicy": "Always", **fields}


def init_state(node: Node, name: str) -> Any:
    """The status of the first init container."""
    found = (node.get(name).get("status") or {}).get("initContainerStatuses") or [{}]
    return found[0]


def test_it_serves_to_the_end(node: Node) -> None:
    """A sidecar runs before and beside the others, ends after them, and the pod succeeds with it."""
    last = {"name": "last", "command": ["sh", "-c", "echo init >> order"]}
    wait = "until test -e order && grep -q init order; do sleep 0.05; done; echo main >> order"
    name = node.pod("sh", "-c", wait, spec={"initContainers": [sidecar(), last]})
    pod = node.phase(name, "Succeeded")
    order = node.home / "pods" / node.uid(name) / "work/order"
    assert order.read_text().split() == ["begun", "init", "main", "over"]
    assert init_state(node, name)["state"]["terminated"]["exitCode"] == 0
    assert pod_columns.status(pod, datetime.now(timezone.utc)) == "Completed"


def test_the_main_container_decides(node: Node) -> None:
    """A pod whose container fails is failed, however its sidecar ends."""
    name = node.pod("sh", "-c", "exit 3", spec={"initContainers": [sidecar()]})
    node.phase(name, "Failed")


def test_others_wait_for_its_startup_probe(node: Node) -> None:
    """What comes after a sidecar starts when its startup probe succeeds; until then the pod is Pending."""
    probe = {"exec": {"command": ["test", "-e", "open"]}, "periodSeconds": 1, "failureThreshold": 30}
    name = node.pod("sleep", "100", spec={"initContainers": [sidecar(startupProbe=probe)]})
    until(lambda: "running" in init_state(node, name).get("state", {}))
    pod = node.get(name)
    assert pod["status"]["phase"] == "Pending"
    assert pod_columns.status(pod, datetime.now(timezone.utc)) == "Init:0/1"
    (node.home / "pods" / node.uid(name) / "work/open").touch()
    pod = node.phase(name, "Running")
    until(lambda: pod_columns.ready(node.get(name), datetime.now(timezone.utc)) == "2/2")


def test_it_starts_again(node: Node) -> None:
    """A sidecar that ends restarts, whatever the pod's policy, and the others continue."""
    name = node.pod("sleep", "100", spec={"initContainers": [sidecar("sh", "-c", "sleep 0.1; exit 1")]})
    until(lambda: init_state(node, name).get("restartCount", 0) >= 2)
    main = node.state(name, "running")
    assert main["restartCount"] == 0
    assert node.get(name)["status"]["phase"] == "Running"


def test_a_running_init_container_is_told(node: Node) -> None:
    """`kubectl get` says how many init containers are through while an ordinary one runs."""
    name = node.pod("true", spec={"initContainers": [{"name": "slow", "command": ["sleep", "100"]}]})
    until(lambda: "running" in init_state(node, name).get("state", {}))
    assert pod_columns.status(node.get(name), datetime.now(timezone.utc)) == "Init:0/1"


def test_what_it_holds_is_counted() -> None:
    """Requests and GPUs of a sidecar come on top of those of the containers that it runs beside."""
    ask = {"resources": {"limits": {"cpu": "1", "nvidia.com/gpu": "1"}}}
    spec = {"containers": [{"name": "main", **ask}], "initContainers": [sidecar(**ask)]}
    assert quantities.pod_requests({"spec": spec})["nvidia.com/gpu"] == 2000
    assert gpus.share({"spec": spec}, [4, 7]) == {"main": [4], "side": [7]}


@pytest.mark.parametrize(
    ("group", "policy"), [("containers", "Sometimes"), ("initContainers", "onFailure")], ids=str
)
def test_other_policies_are_refused(node: Node, group: str, policy: str) -> None:
    """A policy of a container is one of those that a pod may have."""
    spec: Any = {"containers": [{"name": "main", "image": "none"}]}
    spec[group] = [{"name": "other", "image": "none", "restartPolicy": policy}, *spec.get(group, [])]
    with pytest.raises(Refused, match=rf"spec.{group}\[0\].restartPolicy: Unsupported value"):
        node.api.create(PODS, {"metadata": {"name": "p"}, "spec": spec}, "default")
