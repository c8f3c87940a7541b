"""Servings as clusters describe them, created by arena, by the Go arena or by others, become Servings."""

import crds
import pytest

from arena import kinds, manifests
from arena.kinds.serving import FAMILY

T0 = "2026-01-31T12:00:00Z"
GO = {"heritage": "Helm", "release": "digits-v1"}


def pod(name, *, ready=True, **own):
    container = {
        "name": "serving",
        "ready": ready,
        "restartCount": 0,
        "state": {"running": {"startedAt": T0}},
    }
    return {
        "metadata": {"name": name, "namespace": "n", "uid": name, "labels": own, "creationTimestamp": T0},
        "spec": {"nodeName": "node-1", "containers": [{"name": "serving"}]},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


def meta(name, **own):
    return {"name": name, "namespace": "n", "uid": "u", "creationTimestamp": T0, "labels": own}


def template(gpus="1"):
    limits = {"nvidia.com/gpu": gpus, "aliyun.com/gpu-core.percentage": "10"}
    return {"spec": {"containers": [{"name": "serving", "resources": {"limits": limits}}]}}


def deployment(name, **own):
    """As the Go arena's charts create it: its pods are found by `release` and `app`."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, **GO, **own),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"release": "digits-v1", "app": own.get("app", "")}},
            "template": template(),
        },
        "status": {"availableReplicas": 1},
    }


def find(obj):
    """The kinds of servings that an object is of."""
    return [
        kind
        for kind in kinds.of(FAMILY)
        if kind.owns(obj) and any(one.kind == obj["kind"] for one in kind.carriers)
    ]


@pytest.mark.parametrize(
    ("name", "type", "app", "kind", "protocol"),
    [
        ("digits-v1-custom-serving", "custom-serving", "custom-serving", "custom", ""),
        ("digits-v1-tensorflow-serving", "tf-serving", "tensorflow-serving", "tensorflow", "v1"),
        ("digits-v1-tritoninferenceserver", "triton-serving", "tritoninferenceserver", "triton", "v2"),
        ("digits-v1-tensorrt-serving", "trt-serving", "tensorrt-serving", "tensorrt", "v2"),
    ],
)
def test_deployments_of_the_go_arena(name, type, app, kind, protocol):
    """A Deployment of the Go arena's charts is of one kind, with its pods, its GPUs and its protocol."""
    own = {"servingName": "digits", "servingVersion": "v1", "servingType": type, "app": app}
    obj = deployment(name, **own)
    [found] = find(obj)
    assert found.name == kind
    assert found.pods(obj) == {"release": "digits-v1", "app": app}
    member = pod("p", **own)
    assert found.job_of(member) == name
    serving = found.read(obj, [member])
    assert (serving.name, serving.version, serving.object_name) == ("digits", "v1", name)
    assert (serving.wanted, serving.available, serving.gpus) == (2, 1, 2)
    assert serving.protocol == protocol
    assert [one.name for one in serving.instances] == ["p"]


def test_other_deployments_are_no_servings():
    """A Deployment without the labels of servings is of no kind."""
    assert find(deployment("web")) == []


def group_set(**own):
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": meta("chat-v1-distributed-serving", **own),
        "spec": {
            "replicas": 2,
            "leaderWorkerTemplate": {
                "size": 3, "leaderTemplate": template("1"), "workerTemplate": template("4"),
            },
        },
        "status": {"readyReplicas": 1},
    }  # fmt: skip


@pytest.mark.parametrize("is_go", [True, False], ids=["of the Go arena", "of others"])
def test_groups(is_go):
    """A LeaderWorkerSet counts its groups, and the GPUs of their leaders and workers."""
    own = (
        {"servingName": "chat", "servingVersion": "v1", "servingType": "distributed-serving"} if is_go else {}
    )
    obj = group_set(**own)
    [found] = find(obj)
    assert found.name == "distributed"
    mark = {"leaderworkerset.sigs.k8s.io/name": "chat-v1-distributed-serving"}
    assert found.pods(obj) == mark
    leader = pod("p-0", role="leader", **mark)
    worker = pod("p-0-1", role="worker", **mark, **{"leaderworkerset.sigs.k8s.io/worker-index": "1"})
    assert found.job_of(leader) == "chat-v1-distributed-serving"
    serving = found.read(obj, [worker, leader])
    assert serving.name == ("chat" if is_go else "chat-v1-distributed-serving")
    assert (serving.wanted, serving.available, serving.gpus) == (2, 1, 2 * (1 + 2 * 4))
    assert [(one.name, one.role, one.index) for one in serving.instances] == [
        ("p-0", "leader", 0),
        ("p-0-1", "worker", 1),
    ]


def test_a_set_without_a_leader_template():
    """All pods of a group are like its workers then."""
    obj = group_set()
    del obj["spec"]["leaderWorkerTemplate"]["leaderTemplate"]
    [found] = find(obj)
    assert found.read(obj, []).gpus == 2 * 3 * 4


def inference(predictor, **more):
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": meta("iris", **more.pop("labels", {})),
        "spec": {"predictor": predictor},
        "status": more,
    }


def test_an_inference_service_of_the_go_arena():
    """Its version is the revision that answers, its address the URL, its instances those of the predictor."""
    limits = {"nvidia.com/gpu": "2"}
    model = {"modelFormat": {"name": "sklearn"}, "resources": {"limits": limits}}
    obj = inference(
        {"minReplicas": 1, "model": model},
        labels={"servingType": "kserve", "servingName": "iris", "release": "iris"},
        url="http://iris.n.example.com",
        components={"predictor": {"latestReadyRevision": "iris-predictor-00002"}},
    )
    [found] = find(obj)
    mark = {"serving.kserve.io/inferenceservice": "iris"}
    assert found.name == "kserve"
    assert found.pods(obj) == mark
    pods = [
        pod("a", component="predictor", **mark),
        pod("b", component="predictor", ready=False, **mark),
        pod("t", component="transformer", **mark),
    ]
    assert found.job_of(pods[0]) == "iris"
    serving = found.read(obj, pods)
    assert (serving.version, serving.address) == ("2", "http://iris.n.example.com")
    assert (serving.wanted, serving.available, serving.gpus) == (1, 1, 2)
    assert (serving.model, serving.protocol) == ("iris", "v1")
    assert [(one.name, one.role) for one in serving.instances] == [
        ("a", "predictor"), ("b", "predictor"), ("t", "transformer"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("predictor", "protocol", "wanted"),
    [
        ({"model": {"modelFormat": {"name": "sklearn"}, "protocolVersion": "v2"}}, "v2", 1),
        ({"model": {"modelFormat": {"name": "triton"}}, "minReplicas": 0}, "v2", 0),
        ({"model": {"modelFormat": {"name": "huggingface"}}, "minReplicas": 3}, "openai", 3),
        ({"model": {"modelFormat": {"name": "triton"}, "protocolVersion": "grpc-v2"}}, "v2", 1),
        ({"tensorflow": {"storageUri": "gs://b/m"}}, "v1", 1),
        ({"xgboost": {"protocolVersion": "v2"}}, "v2", 1),
        ({"containers": [{"name": "kserve-container", "image": "i"}]}, "", 1),
    ],
)
def test_inference_services_of_others(predictor, protocol, wanted):
    """Whatever form the predictor has, its protocol and the number of its instances are read from it."""
    obj = inference(predictor)
    [found] = find(obj)
    serving = found.read(obj, [])
    assert (serving.name, serving.protocol, serving.wanted) == ("iris", protocol, wanted)
    assert (serving.version, serving.address, serving.available) == ("", "", 0)


def test_a_seldon_deployment_of_the_go_arena():
    """The Go arena marks the predictor alone; replicas, GPUs and what is available are summed up."""
    predictor = {
        "name": "default",
        "replicas": 2,
        "labels": {"servingName": "iris", "servingVersion": "v1", "servingType": "seldon-serving"},
        "graph": {"name": "inference", "implementation": "SKLEARN_SERVER", "modelUri": "gs://b/m"},
        "componentSpecs": [template("1")],
    }
    obj = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": meta("iris"),
        "spec": {"predictors": [predictor]},
        "status": {
            "address": {"url": "http://iris-default.n.svc.cluster.local:8000/api/v1.0/predictions"},
            "deploymentStatus": {"iris-default-0-inference": {"replicas": 2, "availableReplicas": 1}},
        },
    }
    [found] = find(obj)
    assert found.name == "seldon"
    assert found.pods(obj) == {"seldon-deployment-id": "iris"}
    assert found.job_of(pod("p", **{"seldon-deployment-id": "iris"})) == "iris"
    serving = found.read(obj, [])
    assert (serving.name, serving.version, serving.protocol) == ("iris", "v1", "seldon")
    assert (serving.wanted, serving.available, serving.gpus, serving.model) == (2, 1, 2, "inference")
    obj["spec"]["protocol"] = "v2"
    assert found.read(obj, []).protocol == "v2"


@pytest.mark.parametrize("kind", kinds.of(FAMILY), ids=lambda kind: kind.name)
def test_what_is_not_there_yet(kind):
    """An object without labels, annotations, status and selectors of its own is read without an error."""
    resource = kind.resources[0]
    obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "x"}, "spec": {}}
    serving = kind.read(obj, [])
    assert (serving.name, serving.kind, serving.available) == ("x", kind.name, 0)
    assert isinstance(kind.pods(obj), dict)
    assert kind.job_of({"metadata": {"name": "p"}}) == ""


@pytest.mark.parametrize("kind", kinds.of(FAMILY), ids=lambda kind: kind.name)
def test_what_arena_sends_is_of_its_kind(kind, submit):
    """What the first case of a kind sends is read as that kind, under the name and version that it has."""
    lines = {
        "custom": ("--image", "i", "--port", "1"),
        "distributed": ("--image", "i", "--port", "1"),
        "kserve": ("--model-format", "sklearn", "--model", "s3://b/m"),
    }
    words = lines.get(kind.name, ("--model", "s3://b/m"))
    obj = submit(kind, "--name", "x", "--version", "v1", *words)[0]
    assert find(obj) == [kind]
    serving = kind.read(obj, [])
    assert (serving.name, serving.version) == ("x", "v1")
    if "selector" in obj["spec"]:
        assert kind.pods(obj).items() <= obj["spec"]["template"]["metadata"]["labels"].items()


def test_vllm_on_several_nodes(submit):
    """A group of pods of vLLM is of its kind, not of the kind of all groups, and so are its pods."""
    [kind] = [one for one in kinds.of(FAMILY) if one.name == "vllm"]
    words = ("--name", "chat", "--version", "1", "--model", "hf://o/n", "--nodes", "2", "--gpus", "4")
    obj = submit(kind, *words)[0]
    assert obj["kind"] == "LeaderWorkerSet"
    assert find(obj) == [kind]
    mark = {"leaderworkerset.sigs.k8s.io/name": "chat-1-vllm-serving"}
    own = obj["spec"]["leaderWorkerTemplate"]["leaderTemplate"]["metadata"]["labels"]
    assert kind.pods(obj) == mark
    assert kind.job_of(pod("p", **mark, **own)) == obj["metadata"]["name"]
    serving = kind.read(obj, [pod("p", **mark, **own)])
    assert (serving.name, serving.wanted, serving.gpus, serving.protocol) == ("chat", 1, 8, "openai")
    assert serving.instances[0].role == "leader"


@pytest.mark.parametrize("kind", kinds.of(FAMILY), ids=lambda kind: kind.name)
def test_each_kind_can_be_scaled(kind, submit):
    """The number of instances that a kind is scaled to is the number that is read then."""
    words = {
        "custom": ("--image", "i", "--port", "1"),
        "distributed": ("--image", "i", "--port", "1"),
        "kserve": ("--model-format", "sklearn", "--model", "s3://b/m", "--max-replicas", "2"),
    }.get(kind.name, ("--model", "s3://b/m"))
    obj = submit(kind, "--name", "x", "--version", "v1", *words)[0]
    for number in (3, 0):
        changed = manifests.patch(obj, kind.scale(obj, number).patch)
        assert kind.read(changed, []).wanted == number
        assert crds.faults(changed) == [] if crds.defines(kind.resources[0]) else True
