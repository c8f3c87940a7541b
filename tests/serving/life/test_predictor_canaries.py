"""Guarded canaries of SeldonDeployments with real programs and real requests on the local cluster."""

import json
import shutil
import sys
from collections.abc import Iterator

import pytest
from product import quoted, until
from served import MODEL, Served

from arena import labels
from arena.errors import NotFound
from arena.kinds.serving.seldon import DEPLOYMENTS as SELDON_DEPLOYMENTS
from arena.resources import DEPLOYMENTS

pytestmark = pytest.mark.long

NAME = "digits"
CHANGE = ("serve", "update", NAME, "-e", "ANSWER=2")
GUARD = ("--canary", "20%", "--guard", "p95<2s,errors<1%", "--sample", "[[1]]", "--rps", "20")


@pytest.fixture
def seldon(arena: Served) -> Iterator[Served]:
    """The product with a SeldonDeployment of two instances."""
    program = arena.home / MODEL.name
    shutil.copy(MODEL, program)
    arena.must(
        "serve", "seldon", "--name", NAME, "--image", "i", "--protocol", "tensorflow", "--replicas", "2",
        "-e", "ANSWER=1", "-e", "PORT=9000", "--wait", quoted(sys.executable, program), seconds=90,
    )  # fmt: skip
    yield arena
    arena.must("serve", "delete", NAME)


def nothing_is_left(arena: Served, number: str) -> None:
    """Check that only one predictor is there, that of the programs with this number, and no canary."""
    until(lambda: arena.answers() == [number] * 2, what="the end of the other programs")
    cluster = arena.cluster()
    until(lambda: len([*cluster.names(DEPLOYMENTS, "default")]) == 1, what="the end of the canary")
    obj = cluster.get(SELDON_DEPLOYMENTS, "default", NAME)
    assert [(one["name"], "traffic" in one) for one in obj["spec"]["predictors"]] == [("default", False)]
    assert labels.CANARY not in obj["metadata"]["annotations"]
    assert json.loads(obj["metadata"]["annotations"][labels.SPEC])["env"]["ANSWER"] == number
    found = arena.get(NAME)
    assert (found["canary"], found["revisionTraffic"]) == ("", [])


def test_a_good_predictor_is_promoted(seldon: Served) -> None:
    """A canary that keeps its guard becomes the serving; one that breaks it leaves the serving as it was."""
    guard = ("--canary", "20%", "--guard", "p50<200ms", "--for", "3s", "--sample", "[[1]]")
    ended = seldon.run(*CHANGE, "-e", "SLOW=0.3", *guard, seconds=120)
    assert ended.code == 7, ended
    assert "broke its guard: p50<200ms" in ended.err
    nothing_is_left(seldon, "1")
    ended = seldon.run(*CHANGE, *GUARD, "--for", "3s", seconds=120)
    assert ended.code == 0, ended
    assert ended.out.splitlines() == [f"canary {NAME} started", f"canary {NAME} promoted"]
    assert f"traffic split by predictors of SeldonDeployment {NAME}" in ended.err
    for predictor in ("default", "default-canary"):
        assert f"\n{NAME}-{predictor}: 60 requests, p50 " in ended.err
    nothing_is_left(seldon, "2")


def test_what_a_killed_client_leaves(seldon: Served) -> None:
    """The state is on the object: get explains it, other changes are refused, promote or rollback ends it."""
    for end, number in (("rollback", "1"), ("promote", "2")):
        running = seldon.start(*CHANGE, *GUARD, "--for", "5m")
        lines = seldon.lines(running.stderr)
        until(lambda lines=lines: any("of 300s" in line for line in lines), 60, "the measurement")
        running.kill()
        running.wait(60)
        page = seldon.must("serve", "get", NAME)
        assert "20%: --env, guard p95<2s,errors<1%; end it by arena serve promote or rollback" in page
        assert "20% default-canary, 80% default" in page
        assert sorted(seldon.answers()) == ["1", "1", "2"]
        refused = seldon.run(*CHANGE)
        assert (refused.code, "has a canary already" in refused.err) == (5, True), refused
        seldon.must("serve", end, NAME, seconds=120)
        nothing_is_left(seldon, number)
    assert seldon.run("serve", "promote", NAME).code == NotFound.exit_code


def test_a_promotion_that_was_cut_off(seldon: Served) -> None:
    """A serving that runs the change already, but still has its canary, is rolled back nevertheless."""
    running = seldon.start(*CHANGE, *GUARD, "--for", "5m")
    lines = seldon.lines(running.stderr)
    until(lambda: any("of 300s" in line for line in lines), 60, "the measurement")
    running.kill()
    cluster = seldon.cluster()
    meta = cluster.get(SELDON_DEPLOYMENTS, "default", NAME)["metadata"]
    note = {labels.CANARY: meta["annotations"][labels.CANARY]}
    for end, number in (("promote", "2"), ("rollback", "1"), ("rollback", "1")):
        cluster.patch(SELDON_DEPLOYMENTS, "default", NAME, {"metadata": {"annotations": note}})
        seldon.must("serve", end, NAME, seconds=120)
        nothing_is_left(seldon, number)
