"""The subresource eviction, over HTTP and by kubectl."""

import pytest
from kubectl import Kubectl, needed

from arena.local.objects import DISRUPTION_BUDGETS, NODES, PODS

PATH = "/api/v1/namespaces/default/pods/a/eviction"
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a", "namespace": "default"}}


@pytest.fixture
def pod(api):
    """A pod `a` that runs and is ready, on a node."""
    api.create(NODES, {"metadata": {"name": "n"}, "spec": {}})
    containers = [{"name": "c", "image": "i", "command": ["c"]}]
    meta = {"name": "a", "labels": {"app": "a"}}
    api.create(PODS, {"metadata": meta, "spec": {"containers": containers, "nodeName": "n"}})
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    api.patch(PODS, "a", {"status": {"phase": "Running", "conditions": [ready]}}, "default", "status")
    return "a"


@pytest.fixture
def budget(api, pod):
    """A budget for it that has been counted, and allows nothing."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": pod}}}
    api.create(DISRUPTION_BUDGETS, {"metadata": {"name": "b"}, "spec": spec})
    status = {"observedGeneration": 1, "expectedPods": 1, "desiredHealthy": 1, "currentHealthy": 1}
    api.patch(DISRUPTION_BUDGETS, "b", {"status": status}, "default", "status")


@pytest.fixture
def kubectl(server, tmp_path):
    """kubectl on the server."""
    config = tmp_path / "kubeconfig"
    config.write_text(server.kubeconfig())
    return Kubectl(config, tmp_path)


def going(api):
    """Whether the pod was deleted."""
    return "deletionTimestamp" in api.get(PODS, "a")["metadata"]


@pytest.mark.usefixtures("pod")
def test_an_eviction_deletes(server, api):
    """An Eviction is answered with success, and the pod is deleted with the given grace."""
    answer = server.ask("POST", PATH, {**EVICTION, "deleteOptions": {"gracePeriodSeconds": 7}})
    assert (answer.code, answer.body["status"]) == (201, "Success")
    assert api.get(PODS, "a")["metadata"]["deletionGracePeriodSeconds"] == 7


@pytest.mark.usefixtures("budget")
def test_a_budget_refuses(server, api):
    """A budget that allows nothing is answered with 429 and the reason, so that clients try again."""
    answer = server.ask("POST", PATH, EVICTION)
    assert (answer.code, answer.body["reason"]) == (429, "TooManyRequests")
    assert answer.body["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert not going(api)


@pytest.mark.usefixtures("pod")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**EVICTION, "metadata": {"name": "b"}}, 400),
        ({**EVICTION, "kind": "Pod"}, 400),
        ({**EVICTION, "metadata": []}, 400),
        ({**EVICTION, "deleteOptions": [1]}, 400),
        ({**EVICTION, "deleteOptions": {"propagationPolicy": "x"}}, 422),
        ({**EVICTION, "deleteOptions": {"preconditions": {"uid": "x"}}}, 409),
        ([], 400),
    ],
)
def test_odd_bodies(server, api, body, code):
    """What is no Eviction of this pod is refused."""
    assert server.ask("POST", PATH, body).code == code
    assert not going(api)


@pytest.mark.usefixtures("pod")
def test_a_dry_run(server, api):
    """A dry run is answered with success, and deletes nothing."""
    assert server.ask("POST", f"{PATH}?dryRun=All", EVICTION).code == 201
    assert server.ask("POST", PATH, {**EVICTION, "deleteOptions": {"dryRun": ["All"]}}).code == 201
    assert not going(api)


@pytest.mark.usefixtures("pod")
def test_other_methods(server):
    """The path takes POST alone."""
    assert {server.ask(method, PATH).code for method in ("GET", "DELETE")} == {405}
    assert server.ask("POST", PATH.replace("/a/", "/x/"), {**EVICTION, "metadata": {"name": "x"}}).code == 404


@needed
@pytest.mark.usefixtures("budget")
def test_drain(kubectl, api):
    """kubectl finds the subresource, evicts the pods of a node by it, and tells what the budget says."""
    said = kubectl("drain n --force --timeout 1s", fails=True)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in said
    assert not going(api)
    api.patch(DISRUPTION_BUDGETS, "b", {"status": {"disruptionsAllowed": 1}}, "default", "status")
    kubectl("drain n --force --timeout 2s", fails=True)  # the pod stays until its kubelet has ended it
    assert going(api)
