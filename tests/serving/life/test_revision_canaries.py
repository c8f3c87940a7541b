"""Guarded canaries of InferenceServices with real programs and real requests on the local cluster."""

import json
import shutil
import signal
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from product import quoted, until
from served import MODEL, Served, answer

from arena import labels
from arena.kinds.serving.kserve import SERVICES as INFERENCE_SERVICES
from arena.resources import DEPLOYMENTS, SERVICES, Resource

pytestmark = pytest.mark.long

NAME = "digits"
GUARD = ("--canary", "20%", "--guard", "p95<2s,errors<1%")
SAMPLE = ("--sample", "[[1]]", "--rps", "20")
CHANGE = ("serve", "update", NAME, "-e", "ANSWER=2")


def serve(arena: Served) -> str:
    """Serve by KServe's operator; the URL."""
    program = arena.home / MODEL.name
    shutil.copy(MODEL, program)
    arena.must(
        "serve", "kserve", "--name", NAME, "--image", "i", "--port", "8080", "--protocol-version", "v1",
        "--model-name", "m", "-e", "ANSWER=1", "-e", "PORT=8080", "--wait", quoted(sys.executable, program),
    )  # fmt: skip
    return str(arena.get(NAME)["url"])


def routed(arena: Served) -> list[int]:
    """The percentages of the revisions, the newest first."""
    return [one["percent"] for one in arena.get(NAME)["revisionTraffic"]]


def nothing_is_left(arena: Served, number: str) -> None:
    """Check that only one revision is there, that of the programs with this number, and no canary."""
    until(lambda: arena.answers() == [number], what="the end of the other revision")
    cluster = arena.cluster()

    def names(resource: Resource) -> set[str]:
        return {*cluster.names(resource, "default")} - {"kubernetes"}

    for resource in (DEPLOYMENTS, SERVICES):
        until(lambda one=resource: names(one) == {f"{NAME}-predictor"}, what="the end of the canary")
    until(lambda: routed(arena) == [100], what="the end of the split")
    obj = cluster.get(INFERENCE_SERVICES, "default", NAME)
    assert "canaryTrafficPercent" not in obj["spec"]["predictor"]
    assert labels.CANARY not in obj["metadata"]["annotations"]
    env = obj["spec"]["predictor"]["containers"][0]["env"]
    assert {"name": "ANSWER", "value": number} in env
    assert json.loads(obj["metadata"]["annotations"][labels.SPEC])["env"]["ANSWER"] == number


def test_a_good_revision_is_promoted(arena: Served) -> None:
    """A canary that keeps its guard gets its share, then all requests, and none fails meanwhile."""
    url = serve(arena)
    canary = arena.start(*CHANGE, *GUARD, *SAMPLE, "--for", "3s")
    out, err = arena.lines(canary.stdout), arena.lines(canary.stderr)
    versions = set()
    while canary.poll() is None:
        versions.add(answer(url)["version"])
    assert canary.wait(120) == 0, err.whole()
    assert versions == {"1", "2"}
    assert out.whole() == [f"canary {NAME} started\n", f"canary {NAME} promoted\n"]
    told = "".join(err.whole())
    assert f"traffic split by canaryTrafficPercent of InferenceService {NAME}" in told
    for revision in (f"{NAME}-predictor-00001", f"{NAME}-predictor-00002"):
        assert f"\n{revision}: 60 requests, p50 " in told
    nothing_is_left(arena, "2")
    [now, before] = arena.get(NAME)["revisions"]
    assert (now["cause"], now["current"], before["current"]) == ("arena serve update --env", True, False)
    arena.must("serve", "rollback", NAME, "--wait", seconds=120)
    nothing_is_left(arena, "1")


def test_a_bad_revision_is_rolled_back(arena: Served) -> None:
    """A canary that breaks its guard, or does not start, ends with 7, and the serving is as it was."""
    serve(arena)
    guard = ("--canary", "20%", "--guard", "p50<200ms", "--for", "3s", *SAMPLE)
    ended = arena.run(*CHANGE, "-e", "SLOW=0.3", *guard, seconds=120)
    assert ended.code == 7, ended
    assert "broke its guard: p50<200ms" in ended.err
    nothing_is_left(arena, "1")
    ended = arena.run(*CHANGE, "-e", "FAULT=bad magic number", *guard, seconds=120)
    assert ended.code == 7, ended
    assert "bad magic number" in ended.err
    assert "the canary was rolled back" in ended.err
    nothing_is_left(arena, "1")


def test_what_a_killed_client_leaves(arena: Served) -> None:
    """The state is on the object: get explains it, other changes are refused, promote or rollback ends it."""
    serve(arena)
    words = (*CHANGE, *GUARD, *SAMPLE, "--for", "5m")
    for number, end in ((signal.SIGKILL, "rollback"), (signal.SIGINT, "promote")):
        running = arena.start(*words)
        lines = arena.lines(running.stderr)
        until(lambda lines=lines: any("of 300s" in line for line in lines), 60, "the measurement")
        running.send_signal(number)
        running.wait(60)
        page = arena.must("serve", "get", NAME)
        assert "20%: --env, guard p95<2s,errors<1%; end it by arena serve promote or rollback" in page
        assert routed(arena) == [20, 80]
        for refused in (words, CHANGE, ("serve", "rollback", NAME, "--to", "1")):
            ended = arena.run(*refused)
            assert (ended.code, "has a canary already" in ended.err) == (5, True), ended
        arena.must("serve", end, NAME, seconds=120)
        nothing_is_left(arena, "1" if end == "rollback" else "2")


def test_promotions_and_rollbacks_can_be_repeated(arena: Served) -> None:
    """A client that dies between the steps of a promotion leaves what a second one ends either way."""
    serve(arena)
    running = arena.start(*CHANGE, *GUARD, *SAMPLE, "--for", "5m")
    lines = arena.lines(running.stderr)
    until(lambda: any("of 300s" in line for line in lines), 60, "the measurement")
    running.kill()
    cluster = arena.cluster()
    meta = cluster.get(INFERENCE_SERVICES, "default", NAME)["metadata"]
    note = {labels.CANARY: meta["annotations"][labels.CANARY]}
    for end, number in (("promote", "2"), ("promote", "2"), ("rollback", "1"), ("rollback", "1")):
        cluster.patch(INFERENCE_SERVICES, "default", NAME, {"metadata": {"annotations": note}})
        arena.must("serve", end, NAME, seconds=120)
        nothing_is_left(arena, number)


def test_what_a_revision_cannot_try(arena: Served) -> None:
    """What has no effect on the predictor, or on it alone, is refused before anything changes."""
    serve(arena)
    kind = ("serve", "update", "kserve", "--name", NAME, *GUARD, *SAMPLE)
    for words, message in (
        ((*CHANGE[:3], "-e", "ANSWER=1", *GUARD, *SAMPLE), "what the serving runs already"),
        ((*kind, "--transformer-image", "i"), "only the predictor"),
        ((*kind, "--canary-traffic-percent", "5"), "mutually exclusive"),
        ((*CHANGE, *GUARD[:3], "max<1s"), "do not tell max"),
    ):
        refused = arena.run(*words)
        assert (refused.code, message in refused.err) == (2, True), refused
    arena.must("serve", "update", "kserve", "--name", NAME, "-e", "ANSWER=2",
               "--canary-traffic-percent", "30", "--wait", seconds=120)  # fmt: skip
    refused = arena.run(*CHANGE[:3], "-e", "ANSWER=3", *GUARD, *SAMPLE)
    assert refused.code == 5
    assert f"two revisions already: {NAME}-predictor-00002, and {NAME}-predictor-00001" in refused.err


def test_engines_measure_revisions(arena: Served) -> None:
    """Without samples, the metrics of both revisions' pods are compared under the traffic that comes."""
    counting = quoted(sys.executable, Path(__file__).with_name("counting.py"))
    words = ("--image", "i", "--port", "8080", "-e", "PORT=8080", "--wait")
    arena.must("serve", "kserve", "--name", NAME, *words, counting)
    url = arena.get(NAME)["url"]
    for told, code in (("1", 7), ("0.1", 0)):
        guard = ("--canary", "50%", "--guard", "p95<500ms,errors<1%", "--for", "4s")
        canary = arena.start("serve", "update", NAME, "-e", f"TOLD={told}", *guard)
        lines = arena.lines(canary.stderr)
        while canary.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{url}/", timeout=10):
                pass
        assert canary.wait(60) == code, lines.whole()
    assert arena.get(NAME)["canary"] == ""
