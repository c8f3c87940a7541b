"""Selectors, taints and the state of nodes."""

import pytest

from arena.scheduling import nodes, selectors


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "In", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["0"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Lt", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["x"]}]}, False),
    ],
)
def test_label_selectors(selector, matches):
    """A label selector matches as in Kubernetes; none at all matches nothing."""
    assert selectors.selects(selector, {"a": "1"}) is matches


@pytest.mark.parametrize(
    ("terms", "meets"),
    [
        ([], False),
        ([{}], False),
        ([{"matchExpressions": [{"key": "a", "operator": "Exists"}]}], True),
        ([{"matchExpressions": [{"key": "b", "operator": "Exists"}]}, {"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": ["n"]}]}], True),
    ],
)  # fmt: skip
def test_node_affinity(terms, meets):
    """A node has to meet one term, and an empty one is met by none."""
    assert selectors.meets({"nodeSelectorTerms": terms}, "n", {"a": "1"}) is meets


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "team", "operator": "Exists"}, True),
        ({"key": "team", "value": "a"}, True),
        ({"key": "team", "value": "b"}, False),
        ({"key": "team", "value": "a", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_tolerations(toleration, tolerated):
    """A toleration counts if key, value and effect are those of the taint."""
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    assert (selectors.untolerated([taint], [toleration]) is None) is tolerated


def test_soft_taint():
    """A taint that only prefers other nodes keeps nobody away."""
    assert selectors.untolerated([{"key": "a", "effect": "PreferNoSchedule"}], []) is None


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("spec", "conditions", "tolerations", "obstacle"),
    [
        ({}, READY, [], ""),
        ({}, [], [], "not ready"),
        ({}, [{"type": "Ready", "status": "Unknown"}], [{"operator": "Exists"}], "not ready"),
        ({"unschedulable": True}, READY, [], "cordoned"),
        ({"unschedulable": True}, READY, [{"operator": "Exists"}], ""),
        ({"taints": [{"key": "a", "value": "b", "effect": "NoExecute"}]}, READY, [], "taint a=b:NoExecute"),
    ],
)
def test_obstacles_of_nodes(spec, conditions, tolerations, obstacle):
    """Cordoned, lost and tainted nodes say what keeps pods away."""
    status = {"conditions": conditions, "allocatable": {"cpu": "1"}}
    made = nodes.node({"metadata": {"name": "n"}, "spec": spec, "status": status})
    assert made.obstacle(tolerations) == obstacle
