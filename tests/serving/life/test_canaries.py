"""Guarded canaries with real programs and real requests on the local cluster."""

import signal
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from product import quoted, until
from served import Served

from arena import labels
from arena.errors import NotFound
from arena.resources import DEPLOYMENTS, SERVICES

CANARY = ("--canary", "20%", "--guard", "p95<2s,errors<1%", "--sample", "[[1]]", "--rps", "20")


def serve(arena: Served) -> None:
    """A serving with two instances."""
    arena.serve("digits", "1", "--replicas", "2", "--protocol", "v1", "--model-name", "m")
    arena.ready("digits")


def nothing_is_left(arena: Served) -> None:
    """Check that no canary is there any more."""
    cluster = arena.cluster()
    assert [one["metadata"]["name"] for one in cluster.list(DEPLOYMENTS, "default")] == [
        "digits-1-custom-serving"
    ]
    until(lambda: "digits-1-canary" not in cluster.names(SERVICES, "default"), what="the end of the Service")
    assert arena.get("digits")["canary"] == ""
    assert arena.get("digits")["traffic"]["percent"] == 100


def test_a_good_canary_is_promoted(arena: Served) -> None:
    """A canary that keeps its guard becomes the serving, and nothing of it is left."""
    serve(arena)
    ended = arena.run("serve", "update", "digits", "-e", "ANSWER=2", *CANARY, "--for", "3s", seconds=120)
    assert ended.code == 0, ended
    assert ended.out.splitlines()[0] == "canary digits 1-canary started"
    assert ended.out.splitlines()[-1] == "canary digits 1-canary promoted"
    assert "traffic split by HTTPRoute digits" in ended.err
    assert "digits@1-canary: " in ended.err
    until(lambda: arena.answers() == ["2", "2"], what="the end of the others")
    nothing_is_left(arena)


def test_a_bad_canary_is_rolled_back(arena: Served) -> None:
    """A canary that breaks its guard ends with 7, the condition is named, and the serving is as it was."""
    serve(arena)
    change = ("-e", "ANSWER=2", "-e", "SLOW=0.3")
    guard = ("--canary", "20%", "--guard", "p50<200ms", "--sample", "[[1]]", "--for", "3s")
    ended = arena.run("serve", "update", "digits", *change, *guard, seconds=120)
    assert ended.code == 7, ended
    assert "broke its guard: p50<200ms" in ended.err
    until(lambda: arena.answers() == ["1", "1"], what="the end of the canary")
    nothing_is_left(arena)


@pytest.mark.long
def test_what_a_killed_client_leaves(arena: Served) -> None:
    """A canary outlives a killed client and Ctrl-C: get explains it, promote or rollback ends it."""
    serve(arena)
    words = ("serve", "update", "digits", "-e", "ANSWER=2", *CANARY, "--for", "5m")
    for number, end in ((signal.SIGKILL, "rollback"), (signal.SIGINT, "promote")):
        running = arena.start(*words)
        lines = arena.lines(running.stderr)
        until(lambda lines=lines: any("of 300s" in line for line in lines), 60, "the measurement")
        running.send_signal(number)
        running.wait(60)
        assert "20%: --env, guard p95<2s,errors<1%" in arena.must("serve", "get", "digits@1")
        assert arena.run(*words).code == 5
        arena.must("serve", end, "digits", seconds=120)
    until(lambda: arena.answers() == ["2", "2"], what="the end of the others")
    nothing_is_left(arena)


@pytest.mark.long
def test_a_promotion_that_was_cut_off(arena: Served) -> None:
    """A serving that runs the change already, but still has its canary, is promoted or rolled back."""
    serve(arena)
    running = arena.start("serve", "update", "digits", "-e", "ANSWER=2", *CANARY, "--for", "5m")
    lines = arena.lines(running.stderr)
    until(lambda: any("of 300s" in line for line in lines), 60, "the measurement")
    running.kill()
    cluster, name = arena.cluster(), "digits-1-custom-serving"
    meta = cluster.get(DEPLOYMENTS, "default", name)["metadata"]
    note = {labels.CANARY: meta["annotations"][labels.CANARY]}
    for end, number in (("promote", "2"), ("promote", "2"), ("rollback", "1"), ("rollback", "1")):
        cluster.patch(DEPLOYMENTS, "default", name, {"metadata": {"annotations": note}})
        arena.must("serve", end, "digits", seconds=120)
        until(lambda number=number: arena.answers() == [number] * 2, what="the end of the others")
        nothing_is_left(arena)


def test_bad_canaries(arena: Served) -> None:
    """A canary that cannot be started or judged is refused before anything is created."""
    serve(arena)
    for words, message in (
        (("--canary", "0"), "no percentage"),
        (("--canary", "10", "--guard", "p95<fast", "--sample", "[1]"), "is not a condition"),
        (("--canary", "10", "--sample", "[1]"), "--guard is empty"),
        (("--canary", "10", "--guard", "max<1s"), "--sample"),
        ((*CANARY, "-e", "ANSWER=1"), "what the serving runs already"),
    ):
        refused = arena.run("serve", "update", "digits", "--image", "i", *words)
        assert (refused.code, message in refused.err) == (2, True), refused
    ended = arena.run("serve", "promote", "digits")
    assert (ended.code, "has no canary" in ended.err) == (NotFound.exit_code, True)
    assert arena.answers() == ["1", "1"]


@pytest.mark.long
def test_engines_measure_canaries(arena: Served) -> None:
    """Without samples, the metrics of the engine judge a canary under the traffic that comes."""
    counting = quoted(sys.executable, Path(__file__).with_name("counting.py"))
    words = ("serve", "custom", "--version", "1", "--image", "i", "--restful-port", "8080", "--name")
    arena.must(*words, "counts", "--wait", counting)
    refused = ("serve", "update", "counts", "-e", "TOLD=1", "--canary", "50%", "--guard", "max<1s")
    assert "do not tell max" in arena.run(*refused).err
    guard = ("--canary", "50%", "--guard", "p95<500ms,errors<1%", "--for", "4s")
    for told, code in (("1", 7), ("0.1", 0)):
        canary = arena.start("serve", "update", "counts", "-e", f"TOLD={told}", *guard)
        while canary.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{common(arena)}/", timeout=10):
                pass
        assert canary.wait(60) == code, canary.stderr.read()
    assert arena.get("counts")["canary"] == ""
    silent = arena.run("serve", "update", "counts", "-e", "TOLD=0.2", *guard, seconds=120)
    assert "had 0 requests in 4s, too few to judge it" in silent.err
    assert "the canary was rolled back" in silent.err


@pytest.mark.long
def test_the_proxy_measures_canaries(arena: Served) -> None:
    """Where an engine has no metrics, the proxy's judge a canary under the traffic that comes."""
    serve(arena)
    guard = ("--canary", "50%", "--guard", "p95<300ms,errors<1%", "--for", "5s")
    for change, code in (("SLOW=0.4", 7), ("STATUS=503", 7), ("ANSWER=2", 0)):
        canary = arena.start("serve", "update", "digits", "-e", change, *guard)
        with ThreadPoolExecutor(4) as clients:
            while canary.poll() is None:
                list(clients.map(ask, [common(arena, "digits")] * 12))
        assert canary.wait(60) == code, canary.stderr.read()
    assert arena.get("digits")["canary"] == ""


def ask(url: str) -> None:
    """Send a request, whatever the answer."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=10):
        pass


def common(arena: Served, name: str = "counts") -> str:
    """The address of all versions of the serving together, once there is one, else its own."""
    found = arena.get(f"{name}@1")
    return str((found.get("traffic") or {}).get("url") or found["ip"])
