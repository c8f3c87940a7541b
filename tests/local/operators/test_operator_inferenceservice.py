"""InferenceServices: their Deployments and Services, their revisions, and their status."""

import copy

import pytest

from arena.local.api.write_options import WriteOptions
from arena.local.machinery import traffic as traffic_of
from arena.local.machinery.clock import stamp
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import (
    AUTOSCALERS,
    DEMAND,
    DEPLOYMENTS,
    EVENTS,
    HOLD,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVICES,
    TRAFFIC,
    Refused,
)
from arena.local.operators.kserve.kinds import (
    CLUSTER_RUNTIMES,
    INFERENCE_SERVICES,
    MODE,
    RUNTIMES,
    STANDARD,
    STOP,
)

SERVER = {"name": "kserve-container", "image": "example/server:1", "command": ["serve"]}


def model(uri="pvc://models/iris", form="sklearn", **fields):
    """A predictor with a model."""
    return {"model": {"modelFormat": {"name": form}, "storageUri": uri, **fields}}


def custom(*command, **fields):
    """A component with a container of its own."""
    return {"containers": [{**SERVER, "command": list(command) or ["serve"]}], **fields}


@pytest.fixture
def serve(bench):
    """Create or change the InferenceService `s`; returns it as it is when all is done."""
    bench.node()

    def make(predictor=None, annotations=None, **spec):
        spec = {"predictor": predictor or custom(), **spec}
        there = bench.read(INFERENCE_SERVICES, "s")
        if there is None:
            return bench.submit(
                INFERENCE_SERVICES, {"metadata": {"name": "s", "annotations": annotations}, "spec": spec}
            )
        replaced = {field: None for field in there["spec"] if field not in spec}
        for field in ("predictor", "transformer"):
            if field in spec:
                spec[field] = {**dict.fromkeys(there["spec"].get(field) or {}), **spec[field]}
        meta = {"annotations": annotations or {}}
        bench.objects.patch(
            INFERENCE_SERVICES, "s", {"metadata": meta, "spec": {**replaced, **spec}}, "default"
        )
        bench.settled()
        return bench.read(INFERENCE_SERVICES, "s")

    yield make
    bench.runner.stop()


def ready(bench):
    """Let all pods run, and end those that are deleted, until nothing changes."""
    for _ in range(6):
        bench.bury()
        waiting = [
            name
            for name, pod in bench.pods().items()
            if (pod.get("status") or {}).get("phase") != "Running"
            and not pod["metadata"].get("deletionTimestamp")
        ]
        bench.run(*waiting)
    return bench.read(INFERENCE_SERVICES, "s")


def conditions(service):
    """Type -> (status, message) of the conditions."""
    return {
        one["type"]: (one["status"], one.get("message", ""))
        for one in service["status"].get("conditions", [])
    }


def pod_spec(bench, name="s-predictor"):
    """The spec of the pods of a Deployment."""
    return bench.read(DEPLOYMENTS, name)["spec"]["template"]["spec"]


def traffic(service):
    """The percentages of the predictor's revisions."""
    found = service["status"]["components"]["predictor"]["traffic"]
    return {one["revisionName"]: one["percent"] for one in found}


def test_custom_predictor(bench, serve):
    """A container becomes a Deployment behind a Service on port 80; the URL is that of the allotted port."""
    made = serve(custom("serve", "--fast"))
    assert conditions(made)["Ready"][0] == conditions(made)["PredictorReady"][0] == "False"
    pod = next(iter(bench.pods("serving.kserve.io/inferenceservice=s,component=predictor").values()))
    assert pod["metadata"]["labels"]["app"] == "isvc.s-predictor"
    assert pod["spec"]["containers"][0]["command"] == ["serve", "--fast"]
    service = bench.read(SERVICES, "s-predictor")
    assert [(one["port"], one["targetPort"]) for one in service["spec"]["ports"]] == [(80, 8080)]
    made = ready(bench)
    url = f"http://127.0.0.1:{allotted_ports(service)[80]}"
    assert made["status"]["url"] == made["status"]["address"]["url"] == url
    assert {name: one[0] for name, one in conditions(made).items()} == {
        "PredictorReady": "True", "IngressReady": "True", "Ready": "True", "Stopped": "False",
    }  # fmt: skip
    assert made["status"]["modelStatus"] == {
        "transitionStatus": "UpToDate",
        "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
        "copies": {"failedCopies": 0, "totalCopies": 1},
    }


@pytest.mark.parametrize("api", [range(0)], indirect=True)
def test_url_on_a_cluster(serve):
    """Where no ports are allotted, the URL is the name of the Service."""
    assert serve()["status"]["url"] == "http://s-predictor.default.svc.cluster.local"


def test_runtime_is_found_by_the_format(bench, serve):
    """A model of scikit-learn is served by the runtime for it, with its name and its claim, by kserve."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    bench.objects.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "models"}, "spec": claim}, "default")
    made = serve(model(args=["--more"], env=[{"name": "A", "value": "1"}]))
    assert made["status"]["clusterServingRuntimeName"] == "kserve-sklearnserver"
    pod = pod_spec(bench)
    served = pod["containers"][0]
    assert served["command"][-1] == "kserve"
    assert served["args"] == [
        "--http_port=$(PORT)",
        "--model_name=s",
        "--model_dir=/mnt/models",
        "--model_format=sklearn",
        "--more",
    ]
    assert served["env"] == [{"name": "A", "value": "1"}]
    assert served["volumeMounts"] == [
        {"name": "kserve-pvc-source", "mountPath": "/mnt/models", "subPath": "iris", "readOnly": True}
    ]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == "models"


@pytest.mark.parametrize(
    ("uri", "volume"),
    [("file:///data/m", "/data/m"), ("/data/m", "/data/m"), ("https://example.org/m.tgz", None)],
)
def test_storage(bench, serve, uri, volume):
    """A folder of this machine is mounted; what lies elsewhere is downloaded by an init container."""
    serve(model(uri))
    pod = pod_spec(bench)
    if volume:
        assert pod["volumes"][0]["hostPath"]["path"] == volume
        assert "initContainers" not in pod
    else:
        assert "emptyDir" in pod["volumes"][0]
        assert pod["initContainers"][0]["command"][-2:] == [uri, "/mnt/models"]


def test_own_runtime(bench, serve):
    """A runtime of the namespace comes before those of the cluster, and its places are filled in."""
    container = {
        **SERVER,
        "command": ["own", "{{.Name}}", "{{ .Namespace }}", "{{.Annotations.tier}}", "{{.Annotations.none}}"],
        "ports": [{"containerPort": 9000}],
    }
    spec = {
        "supportedModelFormats": [{"name": "sklearn", "version": "1", "autoSelect": True}],
        "containers": [container, {"name": "beside", "image": "example/beside:1", "command": ["x"]}],
        "nodeSelector": {"disk": "fast"},
    }
    bench.objects.create(RUNTIMES, {"metadata": {"name": "own"}, "spec": spec}, "default")
    made = serve(model(resources={"limits": {"cpu": "1"}}), {"tier": "gold"})
    assert made["status"]["servingRuntimeName"] == "own"
    pod = pod_spec(bench)
    assert pod["containers"][0]["command"] == ["own", "s", "default", "gold", ""]
    assert pod["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert [one["name"] for one in pod["containers"]] == ["kserve-container", "beside"]
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert bench.read(SERVICES, "s-predictor")["spec"]["ports"][0]["targetPort"] == 9000


@pytest.mark.parametrize(
    ("fields", "reason", "words"),
    [
        ({"form": "pmml"}, "NoSupportingRuntime", "no runtime supports the model format pmml"),
        ({"runtime": "gone"}, "RuntimeNotRecognized", 'no runtime "gone"; the cluster has kserve-'),
        ({"runtime": "kserve-xgbserver"}, "NoSupportingRuntime", "does not support the model format sklearn"),
        ({"protocolVersion": "grpc-v2"}, "NoSupportingRuntime", "protocol grpc-v2"),
        ({"uri": "oci://example/m"}, "InvalidPredictorSpec", "cannot download oci://"),
        ({"uri": "models/m"}, "InvalidPredictorSpec", "must be an absolute path"),
    ],
)
def test_unusable_models(bench, serve, fields, reason, words):
    """A model that nothing can serve is named with the reason that KServe gives, and starts nothing."""
    made = serve(model(**fields))
    info = made["status"]["modelStatus"]["lastFailureInfo"]
    assert (info["reason"], made["status"]["modelStatus"]["transitionStatus"]) == (reason, "InvalidSpec")
    assert words in info["message"]
    assert words in conditions(made)["Ready"][1]
    assert bench.messages("s", reason) == [info["message"]]
    assert bench.pods() == {}


def test_a_runtime_that_comes_later(bench, serve):
    """A model that waits for its runtime is served as soon as there is one."""
    assert bench.pods() == {}
    serve(model(runtime="late"))
    spec = {"supportedModelFormats": [{"name": "sklearn"}], "containers": [SERVER]}
    bench.objects.create(CLUSTER_RUNTIMES, {"metadata": {"name": "late"}, "spec": spec})
    bench.settled()
    assert len(bench.pods()) == 1


def test_failing_model(bench, serve):
    """A pod that ends is named with its exit code and the last error that it wrote."""
    serve()
    name = next(iter(bench.pods()))
    text = "loading\nValueError: bad magic number\nshutting down\n"
    ended = {"exitCode": 1, "reason": "Error", "message": text, "finishedAt": "2026-01-31T12:00:00Z"}
    status = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "kserve-container", "image": "x", "imageID": "", "ready": False, "restartCount": 1,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended},
            }
        ],
    }  # fmt: skip
    bench.objects.patch(PODS, name, {"status": status}, "default", "status")
    made = bench.settled().read(INFERENCE_SERVICES, "s")
    found = made["status"]["modelStatus"]
    assert (found["transitionStatus"], found["states"]["targetModelState"]) == (
        "BlockedByFailedLoad",
        "FailedToLoad",
    )
    assert found["lastFailureInfo"] == {
        "reason": "ModelLoadFailed",
        "exitCode": 1,
        "location": name,
        "message": "ValueError: bad magic number",
        "modelRevisionName": "s-predictor-00001",
        "time": "2026-01-31T12:00:00Z",
    }
    assert conditions(made)["PredictorReady"] == ("False", "ValueError: bad magic number")
    assert bench.messages("s", "ModelLoadFailed") == ["ValueError: bad magic number"]
    assert found["copies"]["failedCopies"] == 1


def test_update_without_canary(bench, serve):
    """A changed predictor is a new revision of the one Deployment; an unchanged one is not."""
    serve(custom("a"))
    ready(bench)
    serve(custom("a"), {"unrelated": "note", "serving.kserve.io/x": "y"})
    assert list(traffic(ready(bench))) == ["s-predictor-00002"]
    serve(custom("b"), {"unrelated": "note", "serving.kserve.io/x": "z"})
    made = ready(bench)
    assert traffic(made) == {"s-predictor-00003": 100}
    found = made["status"]["components"]["predictor"]
    assert (found["latestRolledoutRevision"], found["previousRolledoutRevision"]) == (
        "s-predictor-00003", "s-predictor-00002",
    )  # fmt: skip
    serve(custom("b"), {"unrelated": "note", "serving.kserve.io/x": "w"})
    assert traffic(ready(bench)) == {"s-predictor-00003": 100}
    assert [one["metadata"]["name"] for one in bench.objects.list(DEPLOYMENTS, "default")] == ["s-predictor"]


@pytest.fixture
def canary(bench, serve):
    """The InferenceService with a canary of 10 % that is ready."""
    serve(custom("a"))
    ready(bench)
    serve(custom("b", canaryTrafficPercent=10))
    return ready(bench)


def test_canary(bench, canary):
    """A changed predictor with canaryTrafficPercent runs beside the former one, and gets that share."""
    assert traffic(canary) == {"s-predictor-00001": 90, "s-predictor-00002": 10}
    assert pod_spec(bench)["containers"][0]["command"] == ["a"]
    assert pod_spec(bench, "s-predictor-canary")["containers"][0]["command"] == ["b"]
    assert canary["status"]["components"]["predictor"]["latestReadyRevision"] == "s-predictor-00002"
    assert canary["status"]["components"]["predictor"]["latestRolledoutRevision"] == "s-predictor-00001"


@pytest.mark.usefixtures("canary")
def test_the_requests_are_split(bench):
    """The Service splits its traffic by the shares, and each Deployment has a Service of its own."""
    found = traffic_of.shares(bench.read(SERVICES, "s-predictor"))
    assert [tuple(one) for one in found] == [("s-predictor", 90, 0), ("s-predictor-canary", 10, 0)]
    for name in ("s-predictor", "s-predictor-canary"):
        labels = bench.read(SERVICES, name)["spec"]["selector"]
        (pod,) = bench.pods(f"app={labels['app']}").values()
        assert pod["metadata"]["name"].startswith(f"{name}-")


def test_canary_gets_nothing_before_it_is_ready(bench, serve):
    """All requests go to the former revision while the new one has no ready pod."""
    serve(custom("a"))
    ready(bench)
    assert traffic(serve(custom("b", canaryTrafficPercent=10))) == {"s-predictor-00001": 100}


@pytest.mark.parametrize("promoted", [{}, {"canaryTrafficPercent": 100}])
@pytest.mark.usefixtures("canary")
def test_promotion(bench, serve, promoted):
    """Without the share, or with 100, the canary's revision replaces the former one, and keeps its name."""
    serve(custom("b", **promoted))
    assert {one["metadata"]["name"] for one in bench.objects.list(DEPLOYMENTS, "default")} == {
        "s-predictor", "s-predictor-canary",
    }  # fmt: skip
    made = ready(bench)
    assert traffic(made) == {"s-predictor-00002": 100}
    assert TRAFFIC not in bench.read(SERVICES, "s-predictor")["metadata"]["annotations"]
    assert pod_spec(bench)["containers"][0]["command"] == ["b"]
    assert [one["metadata"]["name"] for one in bench.objects.list(DEPLOYMENTS, "default")] == ["s-predictor"]


@pytest.mark.usefixtures("canary")
def test_rollback(bench, serve):
    """A share of 0 gives all requests to the former revision; the former predictor ends the canary."""
    serve(custom("b", canaryTrafficPercent=0))
    assert traffic(ready(bench)) == {"s-predictor-00001": 100, "s-predictor-00002": 0}
    serve(custom("a"))
    assert traffic(ready(bench)) == {"s-predictor-00001": 100}
    assert bench.read(DEPLOYMENTS, "s-predictor-canary") is None


def test_named_canaries(bench, serve):
    """The canaries that the spec names have Deployments of their own, fixed shares, and a status."""
    notes = {MODE: STANDARD}
    one = {"trafficPercent": 20, "predictor": custom("b", name="two")}
    serve(custom("a"), notes, canary=[one])
    made = ready(bench)
    assert sorted(traffic(made).values()) == [20, 80]
    assert pod_spec(bench, "s-two-predictor")["containers"][0]["command"] == ["b"]
    assert made["status"]["canaryStatuses"] == [{"name": "two", "ready": True, "trafficPercent": 20}]
    assert conditions(made)["CanaryPredictorReady"][0] == "True"
    made = serve(custom("a"), notes)
    assert bench.read(DEPLOYMENTS, "s-two-predictor") is None
    assert "CanaryPredictorReady" not in conditions(made)


def test_transformer(bench, serve):
    """A transformer is told its name and where the predictor is; its URL is the service's."""
    serve(transformer=custom("shape", minReplicas=2))
    made = ready(bench)
    predictor = made["status"]["components"]["predictor"]["url"]
    args = pod_spec(bench, "s-transformer")["containers"][0]["args"]
    assert args == [
        "--model_name", "s", "--predictor_host", predictor.removeprefix("http://"), "--http_port", "$(PORT)",
    ]  # fmt: skip
    assert made["status"]["url"] == made["status"]["components"]["transformer"]["url"] != predictor
    assert conditions(made)["TransformerReady"][0] == "True"
    assert len(bench.pods("component=transformer")) == 2
    serve()
    bench.bury()
    assert (bench.read(SERVICES, "s-transformer"), bench.pods("component=transformer")) == (None, {})


def test_stop(bench, serve):
    """The annotation stops everything, and the removal of it starts everything again."""
    serve()
    ready(bench)
    made = serve(annotations={STOP: "true"})
    bench.bury()
    assert bench.pods() == {}
    assert bench.objects.list(SERVICES, "default") == []
    assert (conditions(made)["Stopped"][0], conditions(made)["Ready"][0]) == ("True", "False")
    assert "url" not in made["status"]
    serve(annotations={STOP: None})
    assert conditions(ready(bench))["Ready"][0] == "True"


def test_replicas(bench, serve):
    """minReplicas is the number of pods, and a change of it keeps the revision."""
    serve(custom(minReplicas=3, maxReplicas=3))
    assert len(bench.pods()) == 3
    serve(custom(minReplicas=1, maxReplicas=1))
    assert traffic(ready(bench)) == {"s-predictor-00001": 100}
    assert len(bench.pods()) == 1


def test_autoscaler(bench, serve):
    """With maxReplicas, an autoscaler decides within the limits, unless the annotation names another one."""
    serve(custom(minReplicas=2, maxReplicas=4, scaleMetric="cpu", scaleTarget=60))
    spec = bench.read(AUTOSCALERS, "s-predictor")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 4)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    bench.objects.patch(DEPLOYMENTS, "s-predictor", {"spec": {"replicas": 3}}, "default")
    bench.settled()
    assert bench.read(DEPLOYMENTS, "s-predictor")["spec"]["replicas"] == 3
    serve(custom(minReplicas=2, maxReplicas=5, scaleMetric="memory", scaleTarget=512))
    spec = bench.read(AUTOSCALERS, "s-predictor")["spec"]
    assert spec["maxReplicas"] == 5
    assert spec["metrics"][0]["resource"]["target"] == {"type": "AverageValue", "averageValue": "512Mi"}
    serve(custom(minReplicas=2, maxReplicas=5, scaleMetric="rps", scaleTarget=50))
    (metric,) = bench.read(AUTOSCALERS, "s-predictor")["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "requests_per_second"
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "50"}
    serve(custom(minReplicas=2, maxReplicas=4), {"serving.kserve.io/autoscalerClass": "none"})
    assert bench.read(AUTOSCALERS, "s-predictor") is None
    assert bench.read(DEPLOYMENTS, "s-predictor")["spec"]["replicas"] == 2


def test_scale_to_zero(bench, serve):
    """Without requests for the window the last pod goes; a request waits at the Service and starts one."""
    serve(custom(minReplicas=0), {"autoscaling.knative.dev/window": "90s"})
    ready(bench)
    assert bench.read(SERVICES, "s-predictor")["metadata"]["annotations"][HOLD] == "300"
    bench.later(80)
    assert len(bench.pods()) == 1
    bench.later(11).bury()
    made = bench.read(INFERENCE_SERVICES, "s")
    assert bench.pods() == {}
    assert conditions(made)["Ready"][0] == "True"
    assert made["status"]["modelStatus"]["states"]["targetModelState"] == "Standby"
    bench.later(1000)
    assert bench.pods() == {}
    ask(bench)
    assert len(bench.pods()) == 1
    ready(bench)
    bench.later(80)
    ask(bench)
    bench.later(80)
    assert len(bench.pods()) == 1
    bench.later(20).bury()
    assert bench.pods() == {}


def ask(bench):
    """The proxy: a request waits for a pod."""
    note = {"metadata": {"annotations": {DEMAND: stamp(bench.now)}}}
    bench.objects.patch(SERVICES, "s-predictor", note, "default")
    bench.settled()


def test_nothing_is_left(bench, serve):
    """With the InferenceService, all that it owns goes."""
    serve(transformer=custom("shape"))
    ready(bench)
    bench.objects.delete(INFERENCE_SERVICES, "s", "default")
    bench.settled()
    bench.bury()
    assert bench.pods() == {}
    assert bench.objects.list(DEPLOYMENTS, "default") == bench.objects.list(SERVICES, "default") == []


@pytest.mark.parametrize("name", ["sklearn", "xgboost", "triton"])
def test_former_fields(serve, name):
    """A field that names a framework becomes `model`, as KServe's webhook does."""
    made = serve({name: {"storageUri": "s3://b/m"}})
    found = made["spec"]["predictor"]
    assert name not in found
    assert found["model"]["modelFormat"] == {"name": name}
    assert found["model"].get("protocolVersion") == ("v2" if name == "triton" else None)


KNATIVE = {MODE: "Serverless"}
HPA = {"serving.kserve.io/autoscalerClass": "hpa"}
OK = {"predictor": custom()}


@pytest.mark.parametrize(
    ("spec", "notes", "words"),
    [
        ({"predictor": {}}, {}, "exactly one of"),
        ({"predictor": {**model(), **custom()}}, {}, "exactly one of"),
        ({"predictor": {**model(), "sklearn": {"storageUri": "s3://b/m"}}}, {}, "exactly one of"),
        ({"predictor": model(name="x")}, {}, "the 'name' field is not allowed"),
        ({"predictor": model("ftp://b/m")}, {}, "must be one of: [gs://"),
        ({"predictor": model("gs://b/m", storage={"key": "k"})}, {}, "beside storage"),
        (
            {"predictor": {**model(), "storageUris": [{"uri": "s3://b/m"}]}},
            {},
            "both storageUri and storageUris",
        ),
        ({"predictor": custom(minReplicas=3, maxReplicas=2)}, {}, "cannot be greater than maxReplicas"),
        ({"predictor": custom(minReplicas=-1)}, {}, "greater than or equal to 0"),
        ({"predictor": custom(containerConcurrency=-1)}, {}, "greater than or equal to 0"),
        ({"predictor": custom(canaryTrafficPercent=101)}, {}, "between 0 and 100"),
        ({"predictor": custom(logger={"mode": "some"})}, {}, "logger.mode"),
        ({"predictor": custom(scaleMetric="cpu")}, KNATIVE, "scaleMetric"),
        ({"predictor": custom(scaleMetric="rps")}, HPA, "scaleMetric"),
        ({"predictor": custom(scaleTarget=101)}, HPA, "between 1 and 100"),
        ({"predictor": custom(deploymentStrategy={"type": "Recreate"})}, KNATIVE, "only supported for"),
        (OK, {"serving.kserve.io/autoscalerClass": "magic"}, '"hpa", "keda", "external", "none"'),
        ({**OK, "transformer": {}}, {}, "custom containers only"),
        (
            {**OK, "canary": [{"trafficPercent": 1, "predictor": custom(name="c")}]},
            {},
            "requires the annotation",
        ),
        (
            {**OK, "canary": [{"trafficPercent": 1, "predictor": custom()}]},
            {MODE: STANDARD},
            "name: Required",
        ),
        (
            {**OK, "canary": [{"trafficPercent": 60, "predictor": custom(name="c")}] * 2},
            {MODE: STANDARD},
            "must not exceed 100 in sum",
        ),
        (
            {**OK, "canary": [{"trafficPercent": 1, "predictor": custom(name="c", maxReplicas=2)}]},
            {MODE: STANDARD},
            "fixed number of replicas",
        ),
    ],
)
def test_refusals(bench, spec, notes, words):
    """What KServe's webhook refuses is refused."""
    body = {"metadata": {"name": "s", "annotations": notes}, "spec": copy.deepcopy(spec)}
    with pytest.raises(Refused, match=r".*") as refused:
        bench.submit(INFERENCE_SERVICES, body)
    assert refused.value.code == 422
    assert words in refused.value.message


@pytest.mark.parametrize("name", ["1st", "a" * 54])
def test_names(bench, name):
    """The name must leave room for those of its Services."""
    with pytest.raises(Refused, match=r"metadata\.name"):
        bench.submit(INFERENCE_SERVICES, {"metadata": {"name": name}, "spec": OK})


def test_the_mode_stays(bench, serve):
    """The deployment mode cannot change, by either of its names."""
    serve(annotations={MODE: "RawDeployment"})
    change = {"metadata": {"annotations": {MODE: STANDARD}}}
    bench.objects.patch(INFERENCE_SERVICES, "s", change, "default")

    def other(old):
        return {**old, "metadata": {**old["metadata"], "annotations": {MODE: "Serverless"}}}

    with pytest.raises(Refused, match="cannot be changed"):
        bench.objects.change(INFERENCE_SERVICES, "s", "default", other, how=WriteOptions(manager="test"))


def ignored(bench):
    """How often each Event about fields without effect was told, by its message."""
    events = [one for one in bench.objects.list(EVENTS, "default") if one["reason"] == "FieldsIgnored"]
    return {(one["type"], one["message"]): one.get("count", 1) for one in events}


def test_fields_without_effect(bench, serve):
    """What the local cluster ignores is told once for each change of the spec, and holds nothing up."""
    notes = {MODE: STANDARD}
    serve(custom(containerConcurrency=0), notes)
    assert not ignored(bench)
    canary = {"predictor": custom(name="next", containerConcurrency=4), "trafficPercent": 10}
    serve(custom(logger={"mode": "all"}), notes, transformer=custom(batcher={}), canary=[canary])
    text = (
        "the local cluster ignores predictor.logger, transformer.batcher, "
        "canary[0].predictor.containerConcurrency: requests are neither logged, batched nor limited"
    )
    assert ignored(bench) == {("Warning", text): 1}
    made = ready(bench)
    assert conditions(made)["Ready"][0] == "True"
    assert ignored(bench) == {("Warning", text): 1}
    scaling = {
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]
    }
    serve(custom(logger=None, autoScaling=scaling), notes, transformer=custom(batcher=None))
    text = "the local cluster ignores predictor.autoScaling: there is no KEDA"
    assert ignored(bench)["Warning", text] == 1
