"""Requests whose answers a real API server and the local one must agree on."""

from typing import Any, NamedTuple

SPACE = "golden"
CORE, APPS, BATCH = (f"{root}/namespaces/{SPACE}" for root in ("/api/v1", "/apis/apps/v1", "/apis/batch/v1"))
MAPS, PODS, SECRETS, SERVICES = (f"{CORE}/{one}" for one in ("configmaps", "pods", "secrets", "services"))
DEPLOYMENTS = f"{APPS}/deployments"
MERGE, POINTER = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


class Ask(NamedTuple):
    """One request.

    In the path `<continue>` stands for what the answer before said, `<version>` for the version that the
    story began with.
    """

    method: str
    path: str
    body: Any = None
    form: str = "application/json"
    accept: str = "application/json"


def _map(name: str, **more: Any) -> dict[str, Any]:
    meta = more.pop("metadata", {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, **more}


def _pod(name: str, **spec: Any) -> dict[str, Any]:
    whole = {"schedulerName": "nobody", "containers": [{"name": "c", "image": "i:1"}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": whole,
    }


def _deployment(name: str, **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i:1", "env": [{"name": "A", "value": "1"}]}]},
    }
    whole = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": whole}


def _service(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _applied(name: str, value: str) -> dict[str, Any]:
    return _map(name, data={"a": value})


TRIAL = Ask("POST", f"{PODS}?dryRun=All", _pod("trial"))
"""Is accepted once the namespace of the stories is ready for pods."""

STORIES: dict[str, list[Ask]] = {
    "life": [
        Ask("POST", MAPS, _map("a", data={"x": "1"})),
        Ask("GET", f"{MAPS}/a"),
        Ask("POST", MAPS, _map("a")),
        Ask("PUT", f"{MAPS}/a", _map("a", data={"x": "2"})),
        Ask("PUT", f"{MAPS}/a", _map("a", metadata={"resourceVersion": "1"})),
        Ask("PUT", f"{MAPS}/a", _map("a", metadata={"uid": "0a0a0a0a-0000-0000-0000-000000000000"})),
        Ask("PUT", f"{MAPS}/a", _map("b")),
        Ask("PUT", f"{MAPS}/none", _map("none", metadata={"resourceVersion": "5"})),
        Ask("DELETE", f"{MAPS}/a"),
        Ask("DELETE", f"{MAPS}/a"),
        Ask("GET", f"{MAPS}/a"),
        Ask("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, MERGE),
    ],
    "refusals": [
        Ask("GET", "/api/v1/nothing"),
        Ask("GET", "/apis/nothing.io/v1/things"),
        Ask("GET", f"{MAPS}/a/nonsense"),
        Ask("POST", f"{MAPS}/a", _map("a")),
        Ask("PUT", MAPS, _map("a")),
        Ask("POST", MAPS, "{"),
        Ask("POST", MAPS, ""),
        Ask("POST", MAPS, "[]"),
        Ask("POST", MAPS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}),
        Ask("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
        Ask("POST", MAPS, _map("a", metadata={"namespace": "other"})),
        Ask("POST", MAPS, _map("a", metadata={"resourceVersion": "1"})),
        Ask("POST", MAPS, _map("Upper_Case")),
        Ask("POST", MAPS, _map("a", metadata={"labels": {"a b": "c"}})),
        Ask("POST", MAPS, _map("a", metadata={"labels": {"a": "c d"}})),
        Ask("POST", MAPS, _map("a", data={"x": 1})),
        Ask("POST", MAPS, "a=b", "application/x-www-form-urlencoded"),
        Ask("POST", "/api/v1/namespaces/no-such-space/configmaps", _map("a")),
        Ask("GET", "/api/v1/namespaces/no-such-space/configmaps"),
        Ask("GET", f"{MAPS}?labelSelector=a%20b%20c"),
        Ask("GET", f"{MAPS}?fieldSelector=data.x%3D1"),
        Ask("GET", f"{MAPS}?limit=x"),
        Ask("GET", f"{MAPS}?continue=nonsense"),
        Ask("POST", f"{MAPS}?dryRun=Some", _map("a")),
        Ask("PATCH", f"{MAPS}/a", {"data": {}}, "text/plain"),
        Ask("PATCH", f"{MAPS}/a", {"data": {}}),
        Ask("DELETE", f"{MAPS}/a?propagationPolicy=Sideways"),
    ],
    "values": [
        Ask("POST", PODS, _pod("p", containers=[])),
        Ask("POST", PODS, _pod("p", containers=[{"image": "i"}])),
        Ask("POST", PODS, _pod("p", containers=[{"name": "c", "image": "i"}, {"name": "c", "image": "i"}])),
        Ask("POST", PODS, _pod("p", restartPolicy="Sometimes")),
        Ask("POST", PODS, _pod("p", containers=[
            {"name": "c", "image": "i", "ports": [{"containerPort": 80000}]}])),
        Ask("POST", PODS, _pod("p", containers=[
            {"name": "c", "image": "i", "resources": {"limits": {"cpu": "much"}}}])),
        Ask("POST", PODS, _pod("p", containers=[
            {"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}])),
        Ask("POST", PODS, _pod("p", containers=[
            {"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}])),
        Ask("POST", PODS, _pod("p", containers="none")),
        Ask("POST", DEPLOYMENTS, _deployment("d", replicas=-1)),
        Ask("POST", DEPLOYMENTS, _deployment("d", selector={"matchLabels": {"app": "other"}})),
        Ask("POST", DEPLOYMENTS, _deployment("d", replicas="two")),
        Ask("POST", SERVICES, _service("s", selector={"a": "b"})),
        Ask("POST", SERVICES, _service("s", ports=[{"port": 0}])),
        Ask("POST", SERVICES, _service("s", ports=[{"port": 80}, {"port": 81}])),
        Ask("POST", SERVICES, _service("1s", ports=[{"port": 80}])),
    ],
    "defaults": [
        Ask("POST", PODS, _pod("p", containers=[{
            "name": "c", "image": "i", "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1"}}, "readinessProbe": {"httpGet": {"port": 80}},
            "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}])),
        Ask("POST", DEPLOYMENTS, _deployment("d")),
        Ask("POST", SERVICES, _service("s", ports=[{"port": 80}])),
        Ask("POST", f"{BATCH}/jobs?dryRun=All", {
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "c", "image": "i:1"}]}}}}),
        Ask("POST", f"{APPS}/statefulsets?dryRun=All", {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
            "spec": {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}}),
        Ask("POST", SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                              "stringData": {"k": "word"}}),
        Ask("PATCH", f"{PODS}/p", {"spec": {"restartPolicy": "Never"}}, MERGE),
        Ask("PATCH", f"{PODS}/p", {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}, STRATEGIC),
        Ask("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"selector": {"matchLabels": {"app": "x"}}}}, MERGE),
    ],
    "patches": [
        Ask("POST", MAPS, _map("a", data={"x": "1", "y": "1"})),
        Ask("PATCH", f"{MAPS}/a", {"data": {"x": None, "z": "2"}}, MERGE),
        Ask("PATCH", f"{MAPS}/a", {"data": {"z": None, "w": "2"}}, STRATEGIC),
        Ask("PATCH", f"{MAPS}/a", [{"op": "test", "path": "/data/w", "value": "2"},
                                   {"op": "move", "from": "/data/w", "path": "/data/v"}], POINTER),
        Ask("PATCH", f"{MAPS}/a", [{"op": "test", "path": "/data/v", "value": "other"}], POINTER),
        Ask("PATCH", f"{MAPS}/a", [{"op": "remove", "path": "/data/none"}], POINTER),
        Ask("PATCH", f"{MAPS}/a", [{"op": "fly", "path": "/data"}], POINTER),
        Ask("PATCH", f"{MAPS}/a", {"metadata": {"resourceVersion": "1"}}, MERGE),
        Ask("PATCH", f"{MAPS}/a", {"metadata": {"name": "b"}}, MERGE),
        Ask("PATCH", f"{MAPS}/a", "{", MERGE),
        Ask("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"dry": "1"}}, MERGE),
        Ask("GET", f"{MAPS}/a"),
        Ask("POST", DEPLOYMENTS, _deployment("d")),
        Ask("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"template": {"spec": {"containers": [
            {"name": "c", "env": [{"name": "B", "value": "2"}]}, {"name": "new", "image": "j:1"}]}}}},
            STRATEGIC),
        Ask("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"template": {"spec": {"containers": [
            {"name": "new", "$patch": "delete"},
            {"name": "c", "env": [{"name": "A", "$patch": "delete"}]}]}}}},
            STRATEGIC),
    ],
    "apply": [
        Ask("PATCH", f"{MAPS}/a?fieldManager=one", _applied("a", "1"), APPLY),
        Ask("PATCH", f"{MAPS}/a?fieldManager=two", _applied("a", "2"), APPLY),
        Ask("PATCH", f"{MAPS}/a?fieldManager=two&force=true", _applied("a", "2"), APPLY),
        Ask("PATCH", f"{MAPS}/a?fieldManager=two", _map("a", data={"b": "3"}), APPLY),
        Ask("PATCH", f"{MAPS}/a", _applied("a", "2"), APPLY),
        Ask("PATCH", f"{MAPS}/a?fieldManager=one", _applied("b", "2"), APPLY),
        Ask("PATCH", f"{MAPS}/a?fieldManager=one", {"data": {"a": "1"}}, APPLY),
    ],
    "lists": [
        *(Ask("POST", MAPS, _map(name, metadata={"labels": {"app": name, "all": "yes"}})) for name in "abc"),
        Ask("GET", f"{MAPS}?labelSelector=all&limit=2"),
        Ask("GET", f"{MAPS}?labelSelector=all&limit=2&continue=<continue>"),
        Ask("GET", f"{MAPS}?labelSelector=app%20in%20(a,b),app!%3Da"),
        Ask("GET", f"{MAPS}?labelSelector=all,!app"),
        Ask("GET", f"{MAPS}?fieldSelector=metadata.name%3Dc"),
        Ask("GET", f"{MAPS}?fieldSelector=metadata.name%3Dc", accept=TABLE),
        Ask("GET", f"{MAPS}/c", accept=TABLE),
        Ask("GET", f"{MAPS}/c", accept=PARTIAL),
        Ask("GET", f"{MAPS}?labelSelector=app%3Db", accept=PARTIALS),
        Ask("DELETE", f"{MAPS}?labelSelector=app%3Da"),
        Ask("GET", f"{MAPS}?labelSelector=all"),
    ],
    "tables": [
        Ask("GET", f"{kind}includeObject=None", accept=TABLE)
        for kind in (
            f"{PODS}?", f"{SERVICES}?", f"{SECRETS}?fieldSelector=type%3DOpaque&", f"{DEPLOYMENTS}?",
            f"{APPS}/replicasets?", f"{APPS}/statefulsets?", f"{BATCH}/jobs?", f"{CORE}/events?",
            f"{CORE}/persistentvolumeclaims?", f"{CORE}/endpoints?",
        )
    ],
    "subresources": [
        Ask("POST", DEPLOYMENTS, _deployment("d", paused=True)),
        Ask("GET", f"{DEPLOYMENTS}/d/scale"),
        Ask("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 0}}, MERGE),
        Ask("PATCH", f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": -1}}, MERGE),
        Ask("GET", f"{DEPLOYMENTS}/none/scale"),
        Ask("POST", PODS, _pod("p")),
        Ask("PATCH", f"{PODS}/p/status", {"status": {"message": "said"},
                                          "metadata": {"labels": {"x": "y"}}}, MERGE),
        Ask("PATCH", f"{PODS}/p", {"status": {"message": "unheard"}}, MERGE),
        Ask("GET", f"{PODS}/p/status"),
        Ask("GET", f"{PODS}/p/scale"),
    ],
    "watches": [
        Ask("POST", MAPS, _map("a", metadata={"labels": {"app": "a"}})),
        Ask("POST", MAPS, _map("b", metadata={"labels": {"app": "b"}})),
        Ask("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, MERGE),
        Ask("PATCH", f"{MAPS}/b", {"metadata": {"labels": {"app": "a"}}}, MERGE),
        Ask("PATCH", f"{MAPS}/b", {"metadata": {"labels": {"app": "b"}}}, MERGE),
        Ask("DELETE", f"{MAPS}/a"),
        Ask("GET", f"{MAPS}?watch=1&resourceVersion=<version>&timeoutSeconds=1&labelSelector=app"),
        Ask("GET", f"{MAPS}?watch=1&resourceVersion=<version>&timeoutSeconds=1&labelSelector=app%3Da"),
        Ask("GET", f"{MAPS}?watch=1&resourceVersion=<version>&timeoutSeconds=1"
                   "&fieldSelector=metadata.name%3Db", accept=TABLE),
        Ask("GET", f"{MAPS}?watch=1&resourceVersion=nonsense&timeoutSeconds=1"),
    ],
    "endings": [
        Ask("POST", MAPS, _map("f", metadata={"finalizers": ["example.org/wait"]})),
        Ask("DELETE", f"{MAPS}/f"),
        Ask("GET", f"{MAPS}/f"),
        Ask("PATCH", f"{MAPS}/f", {"metadata": {"finalizers": None}}, MERGE),
        Ask("GET", f"{MAPS}/f"),
        Ask("POST", MAPS, _map("g")),
        Ask("DELETE", f"{MAPS}/g", {"preconditions": {"uid": "0a0a0a0a-0000-0000-0000-000000000000"}}),
        Ask("DELETE", f"{MAPS}/g", {"dryRun": ["All"]}),
        Ask("DELETE", f"{MAPS}/g", {"propagationPolicy": "Background"}),
        Ask("POST", PODS, _pod("p")),
        Ask("DELETE", f"{PODS}/p"),
        Ask("GET", f"{PODS}/p"),
    ],
    "names": [
        Ask("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}),
        Ask("POST", f"{MAPS}?dryRun=All", _map("dry")),
        Ask("GET", f"{MAPS}/dry"),
        Ask("POST", "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1",
                                           "metadata": {"name": "A"}}),
        Ask("GET", "/api/v1/namespaces/none"),
        Ask("DELETE", "/api/v1/namespaces/default"),
    ],
}  # fmt: skip
