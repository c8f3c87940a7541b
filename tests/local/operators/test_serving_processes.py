"""InferenceServices with the real node: model servers are processes here, and answer requests."""

import http.server
import json
import sys
import threading
import urllib.request
import zipfile
from pathlib import Path

import modelserver
import pytest
from product import until

from arena.local.api import Api
from arena.local.machinery.runner import Runner
from arena.local.node.kubelet import Kubelet
from arena.local.node.node_context import Pace
from arena.local.objects import DEPLOYMENTS, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES
from arena.local.operators.kserve.kinds import INFERENCE_SERVICES, RUNTIMES

RUNTIME = {
    "supportedModelFormats": [{"name": "weights", "autoSelect": True}],
    "protocolVersions": ["v1"],
    "containers": [
        {
            "name": "kserve-container",
            "image": "example/server:1",
            "command": [sys.executable, modelserver.__file__],
            "args": ["--model_name={{.Name}}", "--model_dir=/mnt/models"],
            "ports": [{"containerPort": 8080}],
        }
    ],
}


@pytest.fixture
def cluster(tmp_path):
    """API, operators and node, with a runtime for the format `weights`; at the end no process is left."""
    api = Api(":memory:")
    runner, node = (
        Runner(api),
        Kubelet(api, tmp_path / "node", pace=Pace(backoff=0.2, ceiling=0.5, retry=0.1)),
    )
    node.start()
    runner.start(str(tmp_path))
    api.create(RUNTIMES, {"metadata": {"name": "weights"}, "spec": RUNTIME}, "default")
    yield api
    for one in api.list(INFERENCE_SERVICES):
        api.delete(INFERENCE_SERVICES, one["metadata"]["name"], "default")
    until(lambda: not api.list(PODS))
    assert api.list(DEPLOYMENTS) == api.list(SERVICES) == []
    runner.stop()
    node.stop()
    api.close()


def model(folder: Path, *weights: float) -> str:
    """The URI of a model of these weights."""
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps({"weights": weights}))
    return f"file://{folder}"


def predictor(uri, **fields):
    """A predictor of a model of the format `weights`."""
    return {"model": {"modelFormat": {"name": "weights"}, "storageUri": uri}, **fields}


def serve(api, **spec):
    """Create the InferenceService `m`."""
    api.create(INFERENCE_SERVICES, {"metadata": {"name": "m"}, "spec": spec}, "default")


def status(api):
    """Its status."""
    return api.get(INFERENCE_SERVICES, "m", "default").get("status") or {}


def is_ready(api):
    """Whether it is ready."""
    found = {one["type"]: one["status"] for one in status(api).get("conditions") or []}
    return found.get("Ready") == "True"


def ask(api, *rows):
    """What it predicts; None while nobody answers."""
    found = answer(api, *rows)
    return found and found["predictions"]


def answer(api, *rows):
    """The answer at the URL in its status; None while nobody answers."""
    body = json.dumps({"instances": rows}).encode()
    url = status(api).get("url", "http://127.0.0.1:9")
    try:
        with urllib.request.urlopen(f"{url}/v1/models/m:predict", body, timeout=30) as found:
            return json.load(found)
    except OSError:
        return None


def test_a_model_answers(cluster, tmp_path):
    """A model in a folder is served by the runtime for its format, and answers at the URL in the status."""
    serve(cluster, predictor=predictor(model(tmp_path / "one", 1, 2)))
    until(lambda: is_ready(cluster))
    assert until(lambda: ask(cluster, [1, 1], [3, 4])) == [3, 11]
    change = {"spec": {"predictor": predictor(model(tmp_path / "two", 5, 5))}}
    cluster.patch(INFERENCE_SERVICES, "m", change, "default")
    until(lambda: ask(cluster, [1, 1]) == [10])
    found = status(cluster)["components"]["predictor"]["latestCreatedRevision"]
    assert found == "m-predictor-00002"


def test_a_model_in_a_claim(cluster, tmp_path):
    """The status names a claim that is missing, and then a model that is; with both, the model is served."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = {"metadata": {"name": "models"}, "spec": claim}
    serve(cluster, predictor=predictor("pvc://models/best"))
    until(lambda: 'persistentvolumeclaim "models" not found' in why(cluster))
    cluster.create(PERSISTENT_VOLUME_CLAIMS, body, "default")
    until(lambda: why(cluster) == "error: no model in best: model.json is missing")
    (tmp_path / "node/claims/default/models/best/model.json").write_text('{"weights": [3]}')
    until(lambda: ask(cluster, [2]) == [6])


def why(api):
    """Why it is not ready."""
    found = {one["type"]: one.get("message", "") for one in status(api).get("conditions") or []}
    return found.get("Ready", "")


def test_a_transformer(cluster, tmp_path):
    """A transformer finds its predictor by the arguments that it is given."""
    container = {
        "name": "kserve-container",
        "image": "example/server:1",
        "command": [sys.executable, modelserver.__file__],
    }
    serve(
        cluster,
        predictor=predictor(model(tmp_path / "one", 1, 2)),
        transformer={"containers": [container]},
    )
    until(lambda: is_ready(cluster))
    assert until(lambda: ask(cluster, [1, 1])) == [6]


def test_a_model_that_does_not_load(cluster, tmp_path):
    """What the engine says of a model that is missing is in the status within seconds, and a model helps."""
    serve(cluster, predictor=predictor(f"file://{tmp_path}/later"))
    info = until(lambda: (status(cluster).get("modelStatus") or {}).get("lastFailureInfo"), seconds=20)
    assert info["message"] == "error: no model in later: model.json is missing"
    assert (info["reason"], info["exitCode"]) == ("ModelLoadFailed", 1)
    assert status(cluster)["modelStatus"]["transitionStatus"] == "BlockedByFailedLoad"
    model(tmp_path / "later", 1)
    until(lambda: is_ready(cluster))
    assert "lastFailureInfo" not in status(cluster)["modelStatus"]
    assert until(lambda: ask(cluster, [7])) == [7]


def revised(uri, revision, **fields):
    """A predictor whose answers name its revision."""
    made = predictor(uri, **fields)
    made["model"]["env"] = [{"name": "REVISION", "value": revision}]
    return made


def test_a_canary_gets_its_share(cluster, tmp_path):
    """Of many requests the canary answers its share, within four standard errors, and none fails."""
    uri = model(tmp_path / "one", 1)
    serve(cluster, predictor=revised(uri, "one"))
    until(lambda: is_ready(cluster))
    change = {"spec": {"predictor": revised(uri, "two", canaryTrafficPercent=30)}}
    cluster.patch(INFERENCE_SERVICES, "m", change, "default")
    until(lambda: (answer(cluster, [1]) or {}).get("revision") == "two")
    found = [answer(cluster, [1])["revision"] for _ in range(300)]
    assert abs(found.count("two") / 300 - 0.3) < 4 * (0.3 * 0.7 / 300) ** 0.5
    assert set(found) == {"one", "two"}


def test_a_request_wakes_it(cluster, tmp_path):
    """Its last pod goes when no request comes, and the next request waits for a new one."""
    notes = {"autoscaling.knative.dev/window": "2s"}
    serve(cluster, predictor=predictor(model(tmp_path / "one", 2), minReplicas=0, annotations=notes))
    until(lambda: ask(cluster, [3]) == [6])
    until(lambda: not cluster.list(PODS))
    assert is_ready(cluster)
    assert ask(cluster, [4]) == [8]


@pytest.fixture
def site(tmp_path):
    """The URL of a web server with the files of a folder."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=str(folder))

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def test_a_model_from_the_web(cluster, site, tmp_path, monkeypatch):
    """An archive is downloaded and unpacked before the server starts; without it, the status says why."""
    monkeypatch.setenv("HOME", str(tmp_path))
    url, folder = site
    serve(cluster, predictor=predictor(f"{url}/m.zip"))
    until(lambda: "404" in why(cluster))
    with zipfile.ZipFile(folder / "m.zip", "w") as archive:
        archive.writestr("model.json", '{"weights": [4]}')
    until(lambda: ask(cluster, [2]) == [8])


def test_a_missing_engine_is_named(cluster, tmp_path, monkeypatch):
    """Without the engine of a format, the status says how to install it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    uri = model(tmp_path / "one", 1)
    serve(cluster, predictor={"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}})
    text = "error: the engine kserve is not installed here: arena serve engines install kserve"
    until(lambda: why(cluster) == text)
