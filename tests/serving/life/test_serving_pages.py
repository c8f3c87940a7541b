"""get, autoscale and forward with real programs on the local cluster."""

import signal
from contextlib import suppress

from product import until
from served import Served, answer

from arena.resources import AUTOSCALERS


def test_the_page(arena: Served) -> None:
    """`get` shows conditions, revisions with their causes, probes, and why a container was restarted."""
    arena.serve("digits", "1", "--readiness-probe-action", "tcpSocket",
                "--readiness-probe-action-option", "port: 8080")  # fmt: skip
    arena.must("serve", "update", "digits", "-e", "ANSWER=2", "--wait")
    page = arena.must("serve", "get", "digits")
    assert "Conditions:\n" in page
    assert "MinimumReplicasAvailable" in page
    assert "arena serve update --env" in page
    assert "2 (current)" in page
    assert "readiness  TCP :8080" in page
    assert "Last restarts:" not in page
    arena.end("2")
    found = until(lambda: _restarted(arena), what="a restart")
    assert "Completed, exit code 0" in found
    data = arena.get("digits")
    assert [(one["revision"], one["current"]) for one in data["revisions"]] == [(2, True), (1, False)]
    assert {one["type"] for one in data["conditions"]} >= {"Available", "Progressing"}
    assert data["rollout"]["revision"] == 2


def _restarted(arena: Served) -> str:
    page = arena.must("serve", "get", "digits")
    return page if "Last restarts:" in page else ""


def test_autoscaled(arena: Served) -> None:
    """An autoscaler belongs to its serving: get shows it, --off ends it, and delete takes it along."""
    arena.serve("digits", "1", "--cpu", "100m")
    arena.ready("digits")
    told = arena.must("serve", "autoscale", "digits", "--min", "2", "--max", "4", "--cpu", "80")
    assert told == "serving digits is scaled between 2 and 4 instances by cpu 80%\n"
    until(lambda: arena.get("digits")["availableInstances"] == 2, what="two instances")
    arena.must("serve", "update", "digits", "-e", "ANSWER=2", "--wait")
    assert arena.get("digits")["desiredInstances"] == 2  # the update left the number to the autoscaler
    page = arena.must("serve", "get", "digits")
    assert "between 2 and 4 instances by cpu 80%" in page
    assert arena.must("serve", "autoscale", "digits", "--off").endswith("no longer scaled by its load\n")
    cluster = arena.cluster()
    assert list(cluster.list(AUTOSCALERS, "default")) == []
    arena.must("serve", "autoscale", "digits", "--max", "4", "--memory", "2Gi")
    arena.must("serve", "delete", "digits")
    until(lambda: not list(cluster.list(AUTOSCALERS, "default")), what="the end of the autoscaler")


def test_forwarded(arena: Served) -> None:
    """A forwarded port spreads connections over ready instances, and outlives the restart of all of them."""
    arena.serve("digits", "1", "--replicas", "2")
    arena.ready("digits")
    forwarding = arena.start("serve", "forward", "digits")
    lines, told = arena.lines(forwarding.stdout), arena.lines(forwarding.stderr)
    until(lambda: lines and told, what="the port")
    url = lines[0].strip()
    assert told[0] == "forwarding to 2 ready instances; press Ctrl-C to stop\n"
    pods = until(lambda: seen if len(seen := {answer(url)["pod"] for _ in range(8)}) == 2 else None)
    arena.must("serve", "update", "digits", "-e", "ANSWER=2", "--wait")
    until(lambda: _version(url) == "2", what="an answer of the new revision")
    assert answer(url)["pod"] not in pods
    forwarding.send_signal(signal.SIGINT)
    assert forwarding.wait(30) == 130


def _version(url: str) -> str:
    with suppress(OSError):
        return answer(url)["version"]
    return ""
