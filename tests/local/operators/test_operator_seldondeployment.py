"""SeldonDeployments: their Deployments and Services, the split of traffic, and their status."""

import copy
import json

import pytest

from arena.local.machinery import traffic
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import DEPLOYMENTS, PODS, SERVICES, Refused
from arena.local.operators.seldon.manifests import SELDON_DEPLOYMENTS


def own(name="default", command=("serve",), **fields):
    """A predictor with a container of its own."""
    container = {"name": "node", "image": "example/model:1", "command": list(command)}
    parts = [{"spec": {"containers": [container]}}]
    return {"name": name, "graph": {"name": "node", "type": "MODEL"}, "componentSpecs": parts, **fields}


def packaged(server="SKLEARN_SERVER", uri="file:///data/m", **fields):
    """A predictor with a prepackaged server."""
    graph = {"name": "node", "implementation": server, **({"modelUri": uri} if uri else {}), **fields}
    parts = [{"spec": {"containers": [{"name": "node", "env": [{"name": "A", "value": "1"}]}]}}]
    return {"name": "default", "graph": graph, "componentSpecs": parts}


@pytest.fixture
def serve(bench):
    """Create or change the SeldonDeployment `s`; returns it as it is when all is done."""
    bench.node()

    def make(*predictors, **spec):
        spec = {"predictors": list(predictors), **spec}
        if bench.read(SELDON_DEPLOYMENTS, "s") is None:
            return bench.submit(SELDON_DEPLOYMENTS, {"metadata": {"name": "s"}, "spec": spec})
        bench.objects.patch(SELDON_DEPLOYMENTS, "s", {"spec": spec}, "default")
        bench.settled()
        return bench.read(SELDON_DEPLOYMENTS, "s")

    yield make
    bench.runner.stop()


def ready(bench):
    """Let all pods run, and end those that are deleted, until nothing changes."""
    for _ in range(5):
        bench.bury()
        bench.run(
            *(name for name, pod in bench.pods().items() if not pod["metadata"].get("deletionTimestamp"))
        )
    return bench.read(SELDON_DEPLOYMENTS, "s")


def names(bench, resource):
    """The names of all objects of a type."""
    return sorted(one["metadata"]["name"] for one in bench.objects.list(resource, "default"))


def variables(pod):
    """The plain variables of a pod's first container."""
    return {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}


def test_ignored_fields_are_told(bench, serve):
    """What Seldon's executor or autoscalers would do, and nothing does here, is told once by an Event."""
    predictor = own(explainer={"type": "AnchorTabular"})
    predictor["componentSpecs"][0]["hpaSpec"] = {"maxReplicas": 3}
    predictor["componentSpecs"].append({"spec": {"containers": []}})
    serve(predictor, transport="grpc")
    ready(bench)
    [told] = bench.messages("s", "FieldsIgnored")
    assert told == (
        "the local cluster ignores transport, predictors[0].explainer, "
        "predictors[0].componentSpecs[0].hpaSpec, predictors[0].componentSpecs[1]: "
        "it has neither the executor of Seldon nor autoscalers of predictors"
    )
    serve(own(), transport="rest")
    assert bench.messages("s", "FieldsIgnored") == [told]


def test_own_container(bench, serve):
    """A container of its own becomes a Deployment behind a Service, with Seldon's labels and variables."""
    parameters = [{"name": "depth", "value": "3", "type": "INT"}]
    predictor = own()
    predictor["graph"]["parameters"] = parameters
    assert serve(predictor)["status"]["state"] == "Creating"
    (pod,) = bench.pods("seldon-deployment-id=s,seldon-app=s-default").values()
    env = variables(pod)
    assert env["PREDICTIVE_UNIT_HTTP_SERVICE_PORT"] == "9000"
    assert json.loads(env["PREDICTIVE_UNIT_PARAMETERS"]) == parameters
    assert names(bench, DEPLOYMENTS) == ["s-default-0-node"]
    made = ready(bench)
    port = allotted_ports(bench.read(SERVICES, "s-default"))[8000]
    assert made["status"]["address"]["url"] == f"http://127.0.0.1:{port}/api/v1.0/predictions"
    assert made["status"]["state"] == "Available"
    assert made["status"]["deploymentStatus"] == {"s-default-0-node": {"replicas": 1, "availableReplicas": 1}}
    assert {"Ready", "DeploymentsReady", "ServicesReady"} == bench.holding(SELDON_DEPLOYMENTS, "s")


@pytest.mark.parametrize(
    ("server", "protocol", "words", "path"),
    [
        ("SKLEARN_SERVER", "seldon", ["seldon", "SKLearnServer"], "/api/v1.0/predictions"),
        ("SKLEARN_SERVER", "v2", ["kserve", "--http_port=$(PORT)"], "/v2/models/node/infer"),
        ("XGBOOST_SERVER", "kfserving", ["kserve", "--http_port=$(PORT)"], "/v2/models/node/infer"),
        ("TENSORFLOW_SERVER", "tensorflow", ["tensorflow", "--http_port=$(PORT)"], "/v1/models/node:predict"),
        ("TRITON_SERVER", "v2", ["triton", "--model-repository=/mnt/models"], "/v2/models/node/infer"),
    ],
)
def test_prepackaged_servers(bench, serve, server, protocol, words, path):
    """An engine of this machine stands for a prepackaged server, with the model at its usual place."""
    made = serve(packaged(server), protocol=protocol)
    assert made["status"]["address"]["url"].endswith(path)
    (pod,) = bench.pods().values()
    container = pod["spec"]["containers"][0]
    assert container["command"][4:6] == words
    assert pod["spec"]["volumes"][0]["hostPath"]["path"] == "/data/m"
    assert container["volumeMounts"][0]["mountPath"] == "/mnt/models"


def test_probe_of_the_seldon_protocol(bench, serve):
    """A prepackaged server of the seldon protocol is asked for its health, as /ready answers 500."""
    serve(packaged())
    (pod,) = bench.pods().values()
    assert pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/health/status"


@pytest.mark.parametrize(
    ("predictor", "protocol", "why"),
    [
        (packaged("HUGGINGFACE_SERVER"), "v2", "no engine for HUGGINGFACE_SERVER with the protocol v2"),
        (packaged("SIMPLE_MODEL", ""), "seldon", "no engine for SIMPLE_MODEL"),
        (packaged(uri="azure://x/y"), "seldon", "cannot download azure://"),
    ],
)
def test_what_cannot_run_here(bench, serve, predictor, protocol, why):
    """What the local cluster cannot run is Failed, and the status says why."""
    made = serve(predictor, protocol=protocol)
    assert made["status"]["state"] == "Failed"
    assert why in made["status"]["description"]
    assert bench.pods() == {}


def test_traffic(bench, serve):
    """Several predictors share the requests to one Service by their traffic; a shadow gets none."""
    made = serve(own("a", traffic=70), own("b", traffic=30), own("c", shadow=True, traffic=50))
    shares = traffic.shares(bench.read(SERVICES, "s"))
    assert [(one.service, one.weight) for one in shares] == [("s-a", 70), ("s-b", 30), ("s-c", 0)]
    port = allotted_ports(bench.read(SERVICES, "s"))[8000]
    assert made["status"]["address"]["url"].startswith(f"http://127.0.0.1:{port}/")
    serve(own("a", traffic=20), own("b", traffic=80))
    shares = traffic.shares(bench.read(SERVICES, "s"))
    assert [(one.service, one.weight) for one in shares] == [("s-a", 20), ("s-b", 80)]
    assert names(bench, SERVICES) == ["s", "s-a", "s-b"]
    serve(own("a"))
    assert names(bench, SERVICES) == ["s-a"]
    assert names(bench, DEPLOYMENTS) == ["s-a-0-node"]


def test_update_and_scale(bench, serve):
    """A changed container replaces the pods, and a changed number scales them."""
    serve(own(command=["one"]))
    ready(bench)
    serve(own(command=["two"], replicas=2))
    ready(bench)
    assert [pod["spec"]["containers"][0]["command"] for pod in bench.pods().values()] == [["two"]] * 2


def test_a_failure_is_named(bench, serve):
    """What a pod said last is the description of a SeldonDeployment that fails."""
    serve(packaged())
    name = next(iter(bench.pods()))
    ended = {"exitCode": 1, "message": "error: there is no model at /x", "finishedAt": "2026-01-31T12:00:00Z"}
    one = {"name": "node", "image": "x", "imageID": "", "ready": False, "restartCount": 1}
    one |= {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
    status = {"status": {"phase": "Running", "containerStatuses": [one]}}
    bench.objects.patch(PODS, name, status, "default", "status")
    made = bench.settled().read(SELDON_DEPLOYMENTS, "s")
    assert (made["status"]["state"], made["status"]["description"]) == (
        "Failed",
        "error: there is no model at /x",
    )
    assert bench.messages("s", "Failed") == ["error: there is no model at /x"]
    assert ready(bench)["status"]["state"] == "Available"


def test_nothing_is_left(bench, serve):
    """With the SeldonDeployment, all that it owns goes."""
    serve(own("a", traffic=50), own("b", traffic=50))
    bench.objects.delete(SELDON_DEPLOYMENTS, "s", "default")
    bench.settled()
    bench.bury()
    assert (bench.pods(), names(bench, SERVICES), names(bench, DEPLOYMENTS)) == ({}, [], [])


@pytest.mark.parametrize(
    ("predictors", "spec", "words"),
    [
        ([own("a"), own("a", traffic=100)], {}, "Duplicate value"),
        ([own("a", traffic=50), own("b", traffic=40)], {}, "traffic must sum to 100"),
        ([own(traffic=50)], {}, "traffic must be 100"),
        ([own(shadow=True)], {}, "a shadow needs another predictor"),
        ([own("a", shadow=True), own("b", shadow=True), own("c")], {}, "only one predictor can be a shadow"),
        ([own(graph={"name": "other", "type": "MODEL"})], {}, "no container has the name of the node"),
        ([packaged(uri="")], {}, "modelUri: Required value"),
        ([packaged("TRITON_SERVER")], {}, "does not have the protocol seldon"),
        ([own()], {"protocol": "soap"}, "protocol: Unsupported value"),
        ([own()], {"transport": "pigeon"}, "transport: Unsupported value"),
        ([own()], {"serverType": "x"}, "serverType: Unsupported value"),
        ([own(replicas=-1)], {}, "greater than or equal to 0"),
        ([], {}, "must have at least one predictor"),
        ([packaged(children=[{"name": "x"}])], {}, "graphs of one node"),
    ],
)
def test_refusals(bench, predictors, spec, words):
    """What Seldon's webhook refuses is refused, and so are graphs of several nodes."""
    body = {"metadata": {"name": "s"}, "spec": {"predictors": copy.deepcopy(predictors), **spec}}
    with pytest.raises(Refused) as refused:
        bench.submit(SELDON_DEPLOYMENTS, body)
    assert refused.value.code == 422
    assert words in refused.value.message
