"""`arena events` on a local cluster with real jobs."""

import json
import re
from collections.abc import Iterator

import pytest
from product import Product, product, until


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A cluster with a job that waits for GPUs, and one that has ended."""
    with product(tmp_path_factory.mktemp("events")) as arena:
        arena.must("submit", "job", "--name", "short", "--gpus", "99", "true")
        arena.must("submit", "job", "--name", "done", "--wait", "true")
        until(lambda: "FailedScheduling" in arena.must("events", "short"), what="the event")
        yield arena


def test_the_events_of_a_job_its_pods_and_of_all(waiting: Product) -> None:
    """With a job, only its own events and those of its pods are shown; without one, all of the namespace."""
    short = waiting.must("events", "short", "--warnings")
    assert short.splitlines()[0].split() == ["SOURCE", "TYPE", "AGE", "MESSAGE"]
    assert re.search(r"pod/short-\S+ +Warning +\S+ +\[FailedScheduling\] .*nvidia.com/gpu", short)
    assert "done" not in short
    done = json.loads(waiting.must("events", "done", "-o", "json"))
    assert {one["source"].partition("-")[0] for one in done} == {"job/done", "pod/done"}
    assert all(one["namespace"] == "default" and one["firstTimestamp"] for one in done)
    everything = waiting.must("events", "-A")
    assert everything.startswith("NAMESPACE")
    assert "pod/short-" in everything
    assert "job/done" in everything


def test_nothing_to_show(waiting: Product) -> None:
    """Where there are no events, one line says so; a wrong job and a useless flag are refused."""
    code, out, err = waiting.run("events", "done", "--warnings")
    assert (code, out) == (0, "")
    assert err.endswith('no warnings about job "done"; clusters forget them soon\n')
    assert waiting.run("events", "dome").code == 3
    for words in (("events", "done", "-A"), ("events", "-T", "job")):
        assert waiting.run(*words).code == 2


def test_events_are_followed(waiting: Product) -> None:
    """-w prints what there is, and then each new event of the job once, also of pods that come later."""
    lines = waiting.lines(waiting.start("events", "short", "-w").stdout)
    until(lambda: "FailedScheduling" in str(lines), what="the first event")
    waiting.must("suspend", "short")
    until(lambda: "Suspended" in str(lines), what="the next event")
    assert "done" not in str(lines)
