"""HorizontalPodAutoscalers in autoscaling/v1: converted as Kubernetes does it."""

import copy
import json

import pytest
from kubectl import Kubectl, needed

from arena.local.api.request_options import WriteOptions
from arena.local.objects import AUTOSCALERS, Refused
from arena.local.operators.autoscaling import older

V1 = AUTOSCALERS._replace(version="v1")
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
STRICT = WriteOptions(validation="Strict", manager="test")
QUANTITY = {"metric": {"name": "queue", "selector": {"matchLabels": {"a": "b"}}}}
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
}
METRICS = [
    CPU,
    {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    },
    {"type": "Pods", "pods": {**QUANTITY, "target": {"type": "AverageValue", "averageValue": "10"}}},
    {
        "type": "Object",
        "object": {**QUANTITY, "describedObject": TARGET, "target": {"type": "Value", "value": "5"}},
    },
    {"type": "External", "external": {**QUANTITY, "target": {"type": "AverageValue", "averageValue": "7"}}},
]
FLAT = [
    {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
    {
        "type": "Pods",
        "pods": {"metricName": "queue", "selector": {"matchLabels": {"a": "b"}}, "targetAverageValue": "10"},
    },
    {
        "type": "Object",
        "object": {
            "target": TARGET,
            "metricName": "queue",
            "selector": {"matchLabels": {"a": "b"}},
            "targetValue": "5",
        },
    },
    {
        "type": "External",
        "external": {
            "metricName": "queue",
            "metricSelector": {"matchLabels": {"a": "b"}},
            "targetAverageValue": "7",
        },
    },
]
BEHAVIOR = {
    "scaleDown": {
        "stabilizationWindowSeconds": 60,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 9}],
    }
}


def body(version="v1", **spec):
    """An autoscaler."""
    made = {"scaleTargetRef": TARGET, "maxReplicas": 3, **spec}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a"},
        "spec": made,
    }


def test_cpu_is_a_field_of_v1(api):
    """The percentage becomes a metric and back; minReplicas gets its default."""
    made = api.create(V1, body(targetCPUUtilizationPercentage=60), "default", STRICT)
    assert (made["apiVersion"], made["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 60)
    assert made["spec"]["minReplicas"] == 1
    assert "metrics" not in made["spec"]
    found = api.get(AUTOSCALERS, "a", "default")
    assert (found["apiVersion"], found["spec"]["metrics"]) == ("autoscaling/v2", [CPU])
    api.patch(V1, "a", {"spec": {"targetCPUUtilizationPercentage": 70}}, "default")
    [listed] = api.list(AUTOSCALERS, "default")
    assert listed["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_cpu_is_the_default(api):
    """Without any metric, the CPU counts with 80 percent, in both versions."""
    made = api.create(V1, body(), "default", STRICT)
    assert made["spec"]["targetCPUUtilizationPercentage"] == 80


def test_what_v1_lacks_is_in_annotations(api):
    """Other metrics and the behavior stay, whoever reads and writes the object in v1."""
    api.create(AUTOSCALERS, body("v2", metrics=METRICS, behavior=BEHAVIOR), "default", STRICT)
    before = api.get(AUTOSCALERS, "a", "default")
    found = api.get(V1, "a", "default")
    assert found["spec"]["targetCPUUtilizationPercentage"] == 60
    assert json.loads(found["metadata"]["annotations"][older.METRICS]) == FLAT
    rules = json.loads(found["metadata"]["annotations"][older.BEHAVIOR])
    assert rules["ScaleDown"]["Policies"] == [{"Type": "Pods", "Value": 1, "PeriodSeconds": 9}]
    api.change(V1, "a", "default", lambda old: {**old, "spec": {**old["spec"], "maxReplicas": 9}}, how=STRICT)
    after = api.get(AUTOSCALERS, "a", "default")
    assert after["spec"] == {**before["spec"], "maxReplicas": 9}
    assert "annotations" not in after["metadata"]


def test_the_status_is_converted():
    """The present utilization is a field of v1; what was measured, and the conditions, are in annotations."""
    current = [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": 5, "averageValue": "2m"}},
        }
    ]
    conditions = [{"type": "AbleToScale", "status": "True"}]
    status = {"currentReplicas": 1, "desiredReplicas": 2, "currentMetrics": current, "conditions": conditions}
    whole = {**body("v2", metrics=[CPU]), "status": status}
    found = older.down(copy.deepcopy(whole))
    assert found["status"] == {
        "currentReplicas": 1, "desiredReplicas": 2, "currentCPUUtilizationPercentage": 5,
    }  # fmt: skip
    assert json.loads(found["metadata"]["annotations"][older.CURRENT]) == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "currentAverageUtilization": 5, "currentAverageValue": "2m"},
        }
    ]
    assert older.up(found) == whole


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '[{"type": ""}]', "[[]]"])
def test_annotations_that_nobody_can_read(text):
    """They are left out."""
    made = body(targetCPUUtilizationPercentage=60)
    made["metadata"]["annotations"] = dict.fromkeys((older.METRICS, older.BEHAVIOR, older.CURRENT), text)
    assert older.up(made)["spec"]["metrics"] == [CPU]


@pytest.mark.parametrize(
    ("spec", "words"),
    [({"maxReplicas": 0}, "spec.maxReplicas"), ({"metrics": []}, 'unknown field "spec.metrics"')],
)
def test_wrong_objects_are_refused(api, spec, words):
    """The rules are those of v2, the fields those of v1."""
    with pytest.raises(Refused) as refused:
        api.create(V1, body(**spec), "default", STRICT)
    assert words in str(refused.value)


@needed
def test_kubectl(server, tmp_path):
    """Clients choose the version; an old `kubectl autoscale` and apply, watch and delete work in v1."""
    config = tmp_path / "kubeconfig"
    config.write_text(server.kubeconfig())
    kubectl = Kubectl(config, tmp_path)
    for command in ("create", "apply", "apply --server-side", "replace"):
        kubectl(f"{command} -f -", stdin=json.dumps(body(targetCPUUtilizationPercentage=60)))
        if command == "create":
            kubectl("delete hpa a")
    assert (
        kubectl(
            "get horizontalpodautoscalers.v1.autoscaling a -o jsonpath={.spec.targetCPUUtilizationPercentage}"
        )
        == "60"
    )
    assert "cpu: <unknown>/60%" in kubectl("get horizontalpodautoscalers.v1.autoscaling a")
    assert "cpu: <unknown>/60%" in kubectl("get hpa a")
    kubectl("patch horizontalpodautoscalers.v1.autoscaling a -p", '{"spec": {"maxReplicas": 5}}')
    kubectl("annotate horizontalpodautoscalers.v1.autoscaling a note=x")
    assert kubectl("get hpa a -o jsonpath={.apiVersion},{.spec.maxReplicas}") == "autoscaling/v2,5"
    assert "targetCPUUtilizationPercentage" in kubectl("explain --api-version=autoscaling/v1 hpa.spec")
    kubectl("delete horizontalpodautoscalers.v1.autoscaling a")
    kubectl("create deployment web --image=i")
    kubectl("autoscale deployment web --max=3 --cpu-percent=50")
    assert "cpu: <unknown>/50%" in kubectl("get hpa web")
