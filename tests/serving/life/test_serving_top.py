"""`serve top`: traffic as engines count it, read from real programs."""

import json
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from product import quoted
from served import Served

from arena.actions.serving.metrics import scrape


def test_traffic_is_measured(arena: Served) -> None:
    """Requests, errors and latency of all instances are shown; the proxy counts those of other programs."""
    counting = quoted(sys.executable, Path(__file__).with_name("counting.py"))
    words = ("serve", "custom", "--version", "1", "--image", "i", "--restful-port", "8080", "--name")
    arena.must(*words, "counts", "--replicas", "2", "--wait", counting)
    arena.serve("digits", "1", "--wait")
    url, other = arena.get("counts")["ip"], arena.get("digits")["ip"]
    top = arena.start("serve", "top", "-o", "json", "--interval", "1s")
    for number in range(10_000):  # until it has ended
        if top.poll() is not None:
            break
        path = "" if number % 4 else "fail"
        for asked in (f"{url}/{path}", f"{other}/status/{500 if path else 404}"):
            with suppress(urllib.error.HTTPError), urllib.request.urlopen(asked, timeout=10):
                pass
    assert top.wait(30) == 0
    digits, counts = json.loads(top.stdout.read())
    assert (counts["name"], counts["metrics"], counts["measuredInstances"]) == ("counts", "HTTP", 2)
    assert counts["requestsPerSecond"] > 5
    assert counts["errorsPerSecond"] / counts["requestsPerSecond"] == pytest.approx(0.25, abs=0.1)
    assert counts["meanSeconds"] == pytest.approx(0.0375, abs=0.005)
    assert counts["p50Seconds"] == pytest.approx(0.05)
    assert (digits["name"], digits["metrics"], digits["measuredInstances"]) == ("digits", "proxy", 1)
    assert digits["requestsPerSecond"] > 5
    assert 0 < digits["errorsPerSecond"] < digits["requestsPerSecond"] / 2
    assert 0 < digits["p50Seconds"] <= digits["p95Seconds"] < 1
    assert digits["meanSeconds"] > 0
    shown = arena.must("serve", "top", "digits", "--interval", "1s").splitlines()
    assert shown[1].split() == ["digits", "1", "1", "0", "0", "-", "-", "-", "0", "proxy"]


def test_nobody_is_asked_twice_for_nothing(arena: Served) -> None:
    """An instance without metrics is asked once at each place where they may be, and not measured again."""
    counting = quoted(sys.executable, Path(__file__).with_name("counting.py"))
    words = ("serve", "custom", "--version", "1", "--image", "i", "--restful-port", "8080", "-e", "SILENT=1")
    arena.must(*words, "--name", "silent", "--wait", counting)
    arena.must("serve", "top", "silent", "--interval", "1s")
    assert arena.must("serve", "logs", "silent").split() == list(scrape.PATHS)
