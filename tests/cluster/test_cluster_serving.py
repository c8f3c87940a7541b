"""Servings on a real cluster: Deployments, Services and autoscalers with real pods, from a job to nothing."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import cars
import modelserver
import pytest
import yaml
from field import RUNS, Field
from product import until

from arena.labels import SERVING_NAME
from arena.resources import AUTOSCALERS, DEPLOYMENTS, PODS, REPLICASETS, SERVICES, Resource

pytestmark = pytest.mark.cluster

DEPLOYMENT = "model-1-custom-serving"
SERVER = "python3 modelserver.py --host= --model_name=model --model_dir=$MODEL"
QUESTION = json.dumps([cars.ROW])
V1 = ("--protocol", "v1", "--model", "model")
WAIT = ("--wait", "--wait-timeout", "90s")
HPAS = (AUTOSCALERS, AUTOSCALERS._replace(version="v2beta2"))


class Served:
    """The serving `model`, with two models that a job has trained."""

    def __init__(self, ground: Field, folder: Path) -> None:
        self.ground = ground
        self.arena = ground.admin
        self.models = ("--data-dir", f"{folder}:/models")
        code = self.arena.home / "code"
        code.mkdir()
        for module in (cars, modelserver):
            shutil.copy(module.__file__, code)
        self.code = ("--code", str(code))

    def train(self) -> None:
        """Train both models by a job."""
        line = "python3 cars.py first /models/first && python3 cars.py second /models/second"
        self.arena.must("submit", "job", "--name", "train", *RUNS, *self.code, *self.models, line)
        self.arena.must("wait", "train", "--timeout", "60s", seconds=70)

    def serve(self, *words: str) -> None:
        """Serve the first model, with the volumes of the job, and wait until it is ready."""
        named = ("--name", "model", "--version", "1", "--restful-port", "8080", "--from-job", "train")
        env = ("-e", "MODEL=/models/first", "--model-name", "model", "--drain", "3")
        self.arena.must("serve", "custom", *named, *env, *RUNS, *self.code, *words, SERVER)
        self.ready()

    def ready(self) -> None:
        """Wait until it is ready."""
        self.arena.must("serve", "wait", "model", "--timeout", "90s", seconds=100)

    def update(self, *words: str) -> None:
        """Change it, and wait for the end of the rollout."""
        self.arena.must("serve", "update", "custom", "--name", "model", *words, *WAIT, seconds=100)

    def answers(self, which: int, *words: str) -> bool:
        """Whether it predicts what one of the models says."""
        said = self.arena.must("serve", "predict", *(words or ("model",)), QUESTION, *V1)
        return abs(float(said) - cars.ANSWERS[which]) < 1e-4

    def get(self) -> dict[str, Any]:
        """What `serve get -o json` prints."""
        found: dict[str, Any] = json.loads(self.arena.must("serve", "get", "model", "-o", "json"))
        return found

    def pods(self) -> list[dict[str, Any]]:
        """Its pods."""
        return list(self.ground.kube.list(PODS, self.ground.namespace, f"{SERVING_NAME}=model"))

    def left(self) -> list[str]:
        """What the namespace has of it."""
        kube, namespace = self.ground.kube, self.ground.namespace
        types = (DEPLOYMENTS, REPLICASETS, SERVICES, PODS, _autoscalers(self.ground))
        return [name for one in types for name in kube.names(one, namespace) if name.startswith("model")]

    def update_under_load(self, *words: str) -> dict[str, Any]:
        """Update it while requests go to its Service, by the API server; what `bench` measured."""
        user = yaml.safe_load(Path(self.arena.env["KUBECONFIG"]).read_text(encoding="utf-8"))
        server, token = user["clusters"][0]["cluster"]["server"], user["users"][0]["user"].get("token")
        if not token:
            pytest.skip("this kubeconfig has no token")
        path = f"/api/v1/namespaces/{self.ground.namespace}/services/model-1:http-serving/proxy"
        load = ("--rps", "20", "--duration", "10m", "--warmup", "0s", "-i", QUESTION, *V1)
        self.arena.env["ARENA_SERVE_TOKEN"] = token
        bench = self.arena.start(
            "serve", "bench", "--url", f"{server}{path}", *load, "--insecure", "-o", "json"
        )
        out, err = self.arena.lines(bench.stdout), self.arena.lines(bench.stderr)
        self.update(*words)
        bench.send_signal(signal.SIGINT)
        bench.wait(60)
        assert out.whole(), err.whole()
        found: dict[str, Any] = json.loads("".join(out))
        return found


def _autoscalers(ground: Field) -> Resource:
    return next(one for one in HPAS if ground.kube.serves(one))


@pytest.fixture
def served(ground: Field, tmp_path: Path) -> Served:
    """The serving."""
    folder = tmp_path / "models"
    folder.mkdir()
    made = Served(ground, folder)
    made.train()
    return made


def test_from_a_job_to_nothing(served: Served) -> None:
    """A model that a job trained is served, updated under load, rolled back, scaled and deleted."""
    served.serve("--replicas", "2")
    assert served.answers(0)
    measured = served.update_under_load("-e", "MODEL=/models/second")
    assert (measured["failed"], measured["errors"]) == (0, [])
    assert measured["succeeded"] > 20
    assert served.answers(1)
    served.arena.must("serve", "rollback", "model", *WAIT, seconds=100)
    assert served.answers(0)
    served.arena.must("serve", "autoscale", "model", "--min", "1", "--max", "3", "--cpu", "80")
    assert "between 1 and 3 instances by cpu 80%" in served.arena.must("serve", "get", "model")
    [scaler] = served.ground.kube.list(_autoscalers(served.ground), served.ground.namespace)
    assert scaler["spec"]["scaleTargetRef"]["name"] == DEPLOYMENT
    served.arena.must("serve", "autoscale", "model", "--off")
    served.arena.must("serve", "scale", "model", "--replicas", "0")
    until(lambda: not served.pods(), 60, "the end of all pods")
    served.arena.must("serve", "scale", "model", "--replicas", "1", *WAIT, seconds=100)
    assert served.answers(0)
    served.arena.must("serve", "delete", "model")
    until(lambda: not served.left(), 90, "the end of all objects")


def test_changed(served: Served) -> None:
    """An update keeps the number of pods that another client set; logs, exec and restart reach the pods."""
    served.serve()
    served.ground.kube.patch(DEPLOYMENTS, served.ground.namespace, DEPLOYMENT, {"spec": {"replicas": 2}})
    served.update("-e", "MODEL=/models/second")
    found = served.get()
    assert (found["desiredInstances"], found["availableInstances"]) == (2, 2)
    assert [one["revision"] for one in found["revisions"]] == [2, 1]
    show = ("serve", "exec", "model", "--", "sh", "-c", "echo $MODEL | tee /proc/1/fd/1")
    assert served.arena.must(*show) == "/models/second\n"
    until(lambda: "/models/second" in served.arena.must("serve", "logs", "model"), 60, "the log")
    before = {one["metadata"]["uid"] for one in served.pods()}
    served.arena.must("serve", "restart", "model", *WAIT, seconds=100)
    assert served.answers(1)
    until(lambda: not before & {one["metadata"]["uid"] for one in served.pods()}, 60, "the end of old pods")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--image", "none.invalid/x:1"), "Pull"),
        (("--command", "echo 'ValueError: bad model'; exit 3"), "ValueError: bad model"),
    ],
    ids=["image", "crash"],
)
def test_an_update_that_fails(served: Served, words: tuple[str, ...], reason: str) -> None:
    """What keeps new pods from starting is named, the old ones go on answering, and a rollback ends it."""
    served.serve()
    change = ("serve", "update", "custom", "--name", "model", *words, "--wait", "--wait-timeout", "15s")
    ended = served.arena.run(*change)
    assert ended.code in (6, 7)
    assert reason in ended.err
    assert served.answers(0)
    assert served.get()["availableInstances"] == 1
    served.arena.must("serve", "rollback", "model", *WAIT, seconds=100)
    assert served.answers(0)


def test_forwarded(served: Served) -> None:
    """A forwarded port leads to the pods that are ready: after one is deleted, and after an update."""
    served.serve("--replicas", "2")
    forwarding = served.arena.start("serve", "forward", "model")
    lines = served.arena.lines(forwarding.stdout)
    until(lambda: lines, 60, "the port")
    url = ("--url", lines[0].strip())
    assert served.answers(0, *url)
    served.ground.kube.delete(PODS, served.ground.namespace, served.pods()[0]["metadata"]["name"])
    served.ready()
    assert served.answers(0, *url)
    served.update("-e", "MODEL=/models/second")
    until(lambda: served.answers(1, *url), 60, "the next revision")
    forwarding.send_signal(signal.SIGINT)
    assert forwarding.wait(30) == 130
