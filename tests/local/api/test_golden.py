"""The local API against a real API server, answer by answer.

What the real one said is kept in `cases/golden`; with ARENA_TEST_KUBECONFIG it is asked anew, and with
ARENA_TEST_RECORD besides the files are written.
"""

import base64
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from golden import SPACE, STORIES, TRIAL, Ask
from product import until

CASES = Path(__file__).parents[2] / "cases" / "golden"


class Api:
    """The smallest client."""

    def __init__(self, url: str, token: str = "", trust: ssl.SSLContext | None = None) -> None:
        self._url, self._token, self._trust = url, token, trust

    @classmethod
    def of(cls, kubeconfig: str) -> "Api":
        """The server of a kubeconfig with a token."""
        config = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(cluster["server"], user["token"], ssl.create_default_context(cadata=authority))

    def ask(self, ask: Ask, before: Any = None, version: str = "") -> tuple[int, Any]:
        """The status and the JSON (or text) of the answer; a list of the events of a watch."""
        meta = before.get("metadata", {}) if isinstance(before, dict) else {}
        path = ask.path.replace("<continue>", meta.get("continue", "")).replace("<version>", version)
        data = ask.body if isinstance(ask.body, str) or ask.body is None else json.dumps(ask.body)
        request = urllib.request.Request(
            self._url + path, data if data is None else data.encode(), method=ask.method
        )
        request.add_header("Content-Type", ask.form)
        request.add_header("Accept", ask.accept)
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            answer = urllib.request.urlopen(request, timeout=30, context=self._trust)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
        try:
            if "watch=1" in ask.path and answer.status == 200:
                return answer.status, [json.loads(line) for line in text.splitlines()]
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def tell(self, story: str) -> list[dict[str, Any]]:
        """The answers to a story in a namespace of its own."""
        spaces = "/api/v1/namespaces"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
        until(lambda: self.ask(Ask("POST", spaces, body))[0] == 201)
        if self._token:  # controllers make what pods need: an account, and on older servers its secret
            until(lambda: self.ask(TRIAL)[0] == 201, what="a namespace that takes pods")
        try:
            found, before, version = [], None, ""
            for ask in STORIES[story]:
                code, before = self.ask(ask, before, version)
                if isinstance(before, dict):
                    version = version or before.get("metadata", {}).get("resourceVersion", "")
                found.append({"ask": f"{ask.method} {ask.path}", "code": code, "body": before})
            return found
        finally:
            self.ask(Ask("DELETE", f"{spaces}/{SPACE}"))
            until(lambda: self.ask(Ask("GET", f"{spaces}/{SPACE}"))[0] == 404, 90)


DIFFERENT: dict[str, str] = {
    "uid resourceVersion creationTimestamp deletionTimestamp continue": "new every time",
    "managedFields": "the tests of patches compare them",
    "message": "for people: the local API has sentences of its own",
    "clusterIP clusterIPs internalTrafficPolicy ipFamilies ipFamilyPolicy": "Services live on the loopback",
    "completionMode suspend podReplacementPolicy persistentVolumeClaimRetentionPolicy": "newer than the "
    "recorded server",
    "preemptionPolicy tolerations serviceAccount": "the local node neither preempts nor knows accounts",
    "volumes volumeMounts": "of the token that a pod gets for its service account, which is not needed here",
}
"""Keys that are left out of the comparison, and why."""
LEFT_OUT = {key for keys in DIFFERENT for key in keys.split()}
COLUMN = ("name", "priority")
"""What of a column clients read; the rest changes with every release."""
WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "Job")
"""Kinds whose status is left out: the operators of the real cluster are at work, here are none."""
NEWER = ("batch.kubernetes.io/", "local.arena.io/", "kubernetes.io/metadata.name",
         "deployment.kubernetes.io/", "controller-uid")  # fmt: skip
"""Labels and annotations that newer servers, the local cluster or a controller set."""
CHANGED = {
    ("refusals", 1): "a group that is not there: plain text there, a Status here",
    ("refusals", 11): "a resourceVersion on create: 500 there, 400 here, as it is the client's mistake",
    ("patches", 9): "a patch that is not JSON: 500 there, 400 here",
    ("patches", 6): "an unknown operation: newer servers answer 400, as here",
    ("subresources", 4): "a missing object's scale: newer servers name the object, as here",
    ("values", 15): "a Service's name that begins with a digit: newer servers allow it, as here",
    ("tables", 6): "of Jobs: newer servers show their status, as here",
    ("tables", 8): "of claims: newer servers show their VolumeAttributesClass, as here",
    ("watches", 9): "a version that is none: 500 there, 400 here",
    ("endings", 6): "another uid: newer servers name the type, as here",
}
"""Answers that differ on purpose."""
AGE = re.compile(r"\d+[smhd](\d+[smh])?")
"""A cell that depends on when it was asked for."""


def plain(value: Any) -> Any:
    """An answer without what may differ."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("kind", "")
    if kind.endswith("List") and "items" in value:  # items name their kind here, a real server leaves it out
        rest = [{k: v for k, v in one.items() if k not in ("kind", "apiVersion")} for one in value["items"]]
        value = {**value, "items": rest}
    if kind == "Pod" and "metadata" in value:  # newer servers count generations of pods, as here
        meta = {key: one for key, one in value["metadata"].items() if key != "generation"}
        value = {**value, "metadata": meta}
    if kind == "Table":
        columns = [
            {key: one[key] for key in COLUMN if key in one} for one in value.get("columnDefinitions") or []
        ]
        value = {**value, "columnDefinitions": columns}
    left_out = LEFT_OUT | ({"status"} if kind in WORKLOADS else set())
    if "cells" in value:
        cells = ["<age>" if AGE.fullmatch(str(cell)) else cell for cell in value["cells"]]
        value = {**value, "cells": cells}
    kept = {key: one for key, one in value.items() if key not in left_out and not key.startswith(NEWER)}
    inner = {key: plain(one) for key, one in kept.items()}
    if "generateName" in inner:
        inner["name"] = inner["generateName"] + "?" * (len(inner["name"]) - len(inner["generateName"]))
    if kind == "Job":
        inner["metadata"].pop("generation", None)  # newer servers count it
    return {key: one for key, one in inner.items() if one not in ({}, [], "", None, 0)}


def compare(story: str, real: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    """Assert that both answered the same."""
    for number, (theirs, mine) in enumerate(zip(real, ours, strict=True)):
        assert theirs["ask"] == mine["ask"], "the recording is of another story: record it anew"
        if (story, number) not in CHANGED:
            expected = {**theirs, "body": plain(theirs["body"])}
            assert {**mine, "body": plain(mine["body"])} == expected, f"{story}, answer {number}"


@pytest.mark.parametrize("story", STORIES)
def test_the_local_api_answers_as_a_real_one_did(server, story):
    """Every answer of the local API is that of a real API server, except for what is listed above."""
    recorded = json.loads((CASES / f"{story}.json").read_text(encoding="utf-8"))
    compare(story, recorded, Api(server.url).tell(story))


@pytest.mark.cluster
@pytest.mark.parametrize("story", STORIES)
def test_the_real_api_answers_like_the_local_one(server, story):
    """The same against a real API server that is there now; its answers are kept when asked for."""
    said = Api.of(os.environ["ARENA_TEST_KUBECONFIG"]).tell(story)
    if os.environ.get("ARENA_TEST_RECORD"):
        CASES.mkdir(exist_ok=True)
        kept = [{**one, "body": plain(one["body"])} for one in said]
        (CASES / f"{story}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    compare(story, said, Api(server.url).tell(story))
