"""`arena timeline` on a local cluster with real jobs."""

import json

import pytest
from product import Product

pytestmark = pytest.mark.timeout(60)


def test_where_the_time_went(arena: Product) -> None:
    """The stages of a job and its instances are shown, and what is usual by an earlier run."""
    line = "sleep 0.3; echo out; sleep 0.2"
    for name in ("first", "again"):
        arena.must("submit", "job", "--name", name, "--workers", "2", "--wait", line)
    arena.must("submit", "job", "--name", "other", "--wait", "true")
    page = arena.must("timeline", "again").splitlines()
    assert page[0].startswith("job again SUCCEEDED, ")
    assert page[2].split() == ["STAGE", "BEGAN", "TOOK", "USUALLY", "SHARE"]
    names = [one.split()[0] for one in page[3:8]]
    assert names == ["queued", "scheduling", "starting", "silent", "running"]
    assert page[-1] == "As quick to start as 1 earlier run"

    found = json.loads(arena.must("timeline", "again", "-o", "json"))
    assert found["earlierRuns"] == ["first"]
    took = {one["stage"]: one["seconds"] for one in found["stages"]}
    assert 0.2 < took["silent"] < 30
    assert len(found["instances"]) == 2
    alone = json.loads(arena.must("timeline", "other", "-o", "json"))
    assert (alone["earlierRuns"], alone["usualSeconds"]) == ([], {})
    assert "silent" not in [one["stage"] for one in alone["stages"]]


def test_a_job_that_waits(arena: Product) -> None:
    """A stage that goes on is the last, and the reason stands above; an unknown job is exit 3."""
    arena.must("submit", "job", "--name", "waits", "--gpus", "99", "true")
    page = arena.must("timeline", "waits").splitlines()
    assert page[-1].split()[0] == "scheduling"
    assert "..." in page[-1]
    assert arena.run("timeline", "wait").code == 3
