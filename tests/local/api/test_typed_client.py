"""The typed Python client of Kubernetes, which refuses a list if one value in it has a wrong type."""

import re

import pytest
from kubernetes import client

from arena.local.api import resource_types
from arena.local.objects import DEPLOYMENTS

GROUPS = {
    "": "CoreV1Api",
    "apiextensions.k8s.io": "ApiextensionsV1Api",
    "apps": "AppsV1Api",
    "batch": "BatchV1Api",
    "coordination.k8s.io": "CoordinationV1Api",
    "policy": "PolicyV1Api",
    "rbac.authorization.k8s.io": "RbacAuthorizationV1Api",
    "scheduling.k8s.io": "SchedulingV1Api",
    "storage.k8s.io": "StorageV1Api",
}
AMOUNTS = {"cpu": 0.5, "memory": 2**30, "nvidia.com/gpu": 1}
NORMAL = {"cpu": "500m", "memory": str(2**30), "nvidia.com/gpu": "1"}
POD = {
    "restartPolicy": "Never",
    "containers": [{
        "name": "c", "image": "i", "resources": {"limits": AMOUNTS, "requests": AMOUNTS},
        "env": [{"name": "N", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": 1}}}],
        "livenessProbe": {"httpGet": {"port": 80}}, "ports": [{"containerPort": 80}],
    }],
    "volumes": [{"name": "v", "emptyDir": {"sizeLimit": 1.5e9}}],
    "overhead": {"cpu": 1},
}  # fmt: skip
LABELS = {"a": "b"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
LASTING = {"metadata": {"labels": LABELS}, "spec": {**POD, "restartPolicy": "Always"}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": 10**9}}}
LIMITS = {"type": "Container", "max": {"cpu": 4}, "default": {"cpu": 1}, "defaultRequest": {"cpu": 0.25}}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
SUBJECT = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
SELECTED = {"selector": {"matchLabels": LABELS}, "template": LASTING}
BODIES = {
    "ConfigMap": {"data": {"a": "b"}},
    "Endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "Event": {"involvedObject": {"kind": "Pod", "name": "p"}, "type": "Normal", "reason": "Seen"},
    "LimitRange": {"spec": {"limits": [LIMITS]}},
    "Namespace": {},
    "Node": {"status": {"capacity": AMOUNTS, "allocatable": AMOUNTS}},
    "PersistentVolumeClaim": {"spec": CLAIM},
    "Pod": {"spec": POD},
    "ResourceQuota": {"spec": {"hard": {"requests.cpu": 100, "limits.memory": 2e12}}},
    "Secret": {"stringData": {"a": "b"}},
    "ServiceAccount": {},
    "Service": {"spec": {"ports": [{"port": 80}], "selector": LABELS}},
    "Lease": {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}},
    "PriorityClass": {"value": 7},
    "StorageClass": {"provisioner": "none"},
    "ClusterRole": {"rules": [RULE]},
    "Role": {"rules": [RULE]},
    "ClusterRoleBinding": {"roleRef": ROLE, "subjects": [SUBJECT]},
    "RoleBinding": {"roleRef": ROLE, "subjects": [SUBJECT]},
    "ControllerRevision": {"revision": 1, "data": {"spec": {"x": [1, "a"]}}},
    "Deployment": {"spec": SELECTED},
    "ReplicaSet": {"spec": SELECTED},
    "StatefulSet": {"spec": {**SELECTED, "serviceName": "s", "volumeClaimTemplates": [
        {"metadata": {"name": "w"}, "spec": CLAIM},
    ]}},
    "Job": {"spec": {"template": TEMPLATE}},
    "CronJob": {"spec": {"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}},
}  # fmt: skip
KINDS = [one for one in resource_types.STORED if one.resource.group in GROUPS]


@pytest.fixture
def typed(server):
    """The client."""
    with client.ApiClient(client.Configuration(host=server.url)) as made:
        yield made


def listed(typed, kind):
    """All objects of a kind, as the client's models."""
    word = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.resource.kind).lower()
    every = "_for_all_namespaces" if kind.resource.namespaced else ""
    return getattr(getattr(client, GROUPS[kind.resource.group])(typed), f"list_{word}{every}")().items


def test_every_kind_is_read(server, api, typed):
    """Whoever writes numbers for quantities gets them back as texts, by a client that insists on it."""
    assert sorted(one.resource.kind for one in KINDS) == sorted(BODIES)
    for kind in KINDS:
        one = kind.resource
        api.create(one, {"metadata": {"name": "a"}, **BODIES[one.kind]})
        assert "a" in {found.metadata.name for found in listed(typed, kind)}
    (pod,) = client.CoreV1Api(typed).list_namespaced_pod("default").items
    assert pod.spec.containers[0].resources.limits == NORMAL
    assert pod.spec.volumes[0].empty_dir.size_limit == "1500M"
    node = client.CoreV1Api(typed).read_node("a")
    assert node.status.capacity == NORMAL


def test_definitions_and_version_are_read(typed):
    """So are the definitions of custom kinds, and the version."""
    assert len(listed(typed, resource_types.of(resource_types.DEFINITIONS))) > 10
    assert client.VersionApi(typed).get_code().minor == "36"


def test_quantities_are_applied_as_they_are_written(server, api):
    """Another spelling of a quantity is a conflict for another manager, and no change for its own."""
    path = "/apis/apps/v1/namespaces/default/deployments/web?fieldManager="
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": SELECTED}
    answers = [
        server.ask("PATCH", path + manager, body, Content_Type="application/apply-patch+yaml")
        for manager in ("one", "two", "one")
    ]
    assert [one.code for one in answers] == [201, 409, 200]
    assert answers[2].body == answers[0].body
    container = api.get(DEPLOYMENTS, "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"] == NORMAL
