"""The story of a serving of KServe: trained, served, updated under load, split, rolled back, asleep, gone.

The tests with a small server and those with the real engine tell it with models of their own.
"""

import http.client
import json
import signal
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psutil
from product import Product, quoted, until

from arena.resources import (
    AUTOSCALERS,
    DEPLOYMENTS,
    HTTP_ROUTES,
    PODS,
    REPLICASETS,
    SERVICES,
    VIRTUAL_SERVICES,
    Resource,
)

NAME = "model"
INFERENCE_SERVICES = Resource("serving.kserve.io", "v1beta1", "inferenceservices", kind="InferenceService")
TYPES = (
    *(INFERENCE_SERVICES, DEPLOYMENTS, REPLICASETS, PODS, SERVICES),
    *(AUTOSCALERS, HTTP_ROUTES, VIRTUAL_SERVICES),
)
WINDOW = "autoscaling.knative.dev/window=1s"
"""After a second without requests, a serving that may sleep does."""
SHARE, REQUESTS = 0.1, 600
STANDARD_ERROR = (SHARE * (1 - SHARE) / REQUESTS) ** 0.5
PERIOD = ("--rps", "40", "--duration", "10m", "--warmup", "0s")
"""More than any update takes: it is interrupted."""


class Trainer(NamedTuple):
    """What trains two models that answer the same question differently.

    Attributes:
        python: the Python that has what the program needs.
        text: a program; its arguments are `first` or `second`, and the folder of the model.
        row: the question.
        answers: what the first and the second model answer, to six digits.
        words: the flags of `arena serve kserve` that serve the model.
    """

    python: str
    text: str
    row: Sequence[float]
    answers: tuple[float, float]
    words: Sequence[str]


class Told:
    """The story, as far as it is told."""

    def __init__(self, arena: Product, trainer: Trainer) -> None:
        self.arena = arena
        self.trainer = trainer
        self.address = ""

    def train(self, which: str) -> None:
        """Train a model by a job, which leaves it in `out/WHICH`."""
        program = self.arena.home / "train.py"
        program.write_text(self.trainer.text, encoding="utf-8")
        model = ("--model-name", NAME, "--model-source", f"out/{which}")
        line = quoted(self.trainer.python, program, which, f"out/{which}")
        self.arena.must("submit", "job", "--name", which, *model, line)
        self.arena.must("wait", which, "--timeout", "60s")

    def serve(self) -> None:
        """Serve what the first job wrote."""
        named = ("--name", NAME, "--from-job", "first", "--annotation", WINDOW)
        self.arena.must("serve", "kserve", *named, *self.trainer.words)
        self.ready()
        [listed] = json.loads(self.arena.must("serve", "list", "-o", "json"))
        self.address = listed["url"]
        assert f" {self.address} " in self.arena.must("serve", "list")

    def ready(self) -> None:
        """Wait until it is ready."""
        self.arena.must("serve", "wait", NAME, "--timeout", "100s", seconds=110)

    def update(self, which: str, *words: str) -> None:
        """Change the model, and wait for the end of the rollout."""
        model = str(self.arena.home / "out" / which)
        self.arena.must(
            "serve", "update", "kserve", "--name", NAME, "--model", model, *words, "--wait", seconds=110
        )

    def predicted(self) -> float:
        """What `predict` prints through the address that the list shows."""
        named = ("--url", self.address, "--protocol", "v1", "--model", NAME)
        return float(self.arena.must("serve", "predict", *named, json.dumps([self.trainer.row])))

    def ask(self, times: int = 1) -> list[float]:
        """The answers to so many requests, which are sent on one connection."""
        body = json.dumps({"instances": [self.trainer.row]}).encode()
        found = []
        with closing(http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)) as connection:
            for _ in range(times):
                connection.request("POST", f"/v1/models/{NAME}:predict", body)
                found.append(float(json.load(connection.getresponse())["predictions"][0]))
        return found

    def all_answer(self, value: float, times: int = 1) -> bool:
        """Whether all of so many requests get this answer."""
        return all(is_near(one, value) for one in self.ask(times))

    def update_under_load(self, which: str) -> dict[str, Any]:
        """Change the model while `bench` sends requests; what bench measured."""
        sample = ("--input", json.dumps([self.trainer.row]))
        measuring = self.arena.start("serve", "bench", NAME, *sample, *PERIOD, "-o", "json")
        out, err = (self.arena.lines(one) for one in (measuring.stdout, measuring.stderr))
        until(lambda: has_clients(self.address), what="the first requests")
        self.update(which)
        measuring.send_signal(signal.SIGINT)
        measuring.wait(60)
        assert out.whole(), err.whole()
        found: dict[str, Any] = json.loads("".join(out))
        return found

    def share(self, value: float) -> float:
        """The part of many requests that has this answer."""
        return sum(is_near(one, value) for one in self.ask(REQUESTS)) / REQUESTS

    def instances(self) -> int:
        """The number of its pods."""
        return len(
            list(self.arena.cluster().list(PODS, "default", f"serving.kserve.io/inferenceservice={NAME}"))
        )


def is_near(one: float, other: float) -> bool:
    """Whether two answers are the same but for rounding."""
    return abs(one - other) < 1e-4 * abs(other)


def objects(arena: Product) -> set[tuple[str, str]]:
    """Kind and name of all objects that belong to servings."""
    found = set()
    for resource in TYPES:
        for one in arena.cluster().list(resource, "default"):
            found.add((resource.kind, one["metadata"]["name"]))
    return found


def files(state: Path) -> set[Path]:
    """The folders of pods, and of what they leave, below a state folder."""
    return {one for name in ("pods", "jobs") for one in (state / name).glob("*")}


def has_clients(address: str) -> bool:
    """Whether somebody has a connection to the port of an address."""
    port = urlsplit(address).port
    found = psutil.net_connections("tcp")
    return any(one.raddr and one.raddr.port == port and one.status == "ESTABLISHED" for one in found)


def listens(address: str) -> bool:
    """Whether something listens at the port of an address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(address).port or 80)) == 0


def tell(arena: Product, trainer: Trainer) -> None:
    """The whole story; each step is checked."""
    told, (first, second) = Told(arena, trainer), trainer.answers
    for which in ("first", "second"):
        told.train(which)
    before = objects(arena), files(arena.state), {one.pid for one in arena.processes()}
    told.serve()
    assert is_near(told.predicted(), first)
    measured = told.update_under_load("second")
    assert (measured["failed"], measured["errors"]) == (0, [])
    assert measured["succeeded"] == measured["requests"] > 10
    assert is_near(told.predicted(), second)
    told.update("first", "--canary-traffic-percent", "0")
    assert told.all_answer(second, 20)
    arena.must("serve", "traffic-split", "--name", NAME, "-v", "latest:10", "-v", "previous:90")
    until(lambda: told.all_answer(first), what="an answer of the newest revision")
    split = json.loads(arena.must("serve", "get", NAME, "-o", "json"))["revisionTraffic"]
    assert [(one["percent"], one["latest"]) for one in split] == [(10, True), (90, False)]
    # Chance exceeds three standard errors once in 370 measurements, but not three times in a row.
    shares = (told.share(first) for _ in range(3))
    assert any(abs(share - SHARE) < 3 * STANDARD_ERROR for share in shares)
    arena.must("serve", "rollback", NAME, "--wait", seconds=110)
    until(lambda: told.instances() == 1, what="the end of the newest revision")
    assert told.all_answer(second, 20)
    arena.must("serve", "scale", NAME, "--replicas", "0")
    until(lambda: not told.instances(), what="the sleep")
    assert told.all_answer(second)
    arena.must("serve", "delete", NAME)
    until(lambda: objects(arena) == before[0], what="the end of all objects")
    until(lambda: {one.pid for one in arena.processes()} <= before[2], what="the end of all processes")
    until(lambda: files(arena.state) <= before[1], what="the end of all files")
    until(lambda: not listens(told.address), what="the end of the port")
