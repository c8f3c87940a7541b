"""When jobs in queues start: from the quota, those ahead, and how long earlier ones took."""

from datetime import datetime, timedelta, timezone

import pytest

from arena.scheduling import forecasts
from arena.scheduling.forecasts import Line, Run

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
GPU = "nvidia.com/gpu"
HOUR = 3600.0


def run(gpus, hours):
    """A job that has been running for some hours."""
    return Run({GPU: gpus}, NOW - timedelta(hours=hours))


def line(free, ahead=(), runs=(), durations=(2 * HOUR,) * 4):
    return Line({GPU: free}, [{GPU: one} for one in ahead], runs, durations)


@pytest.mark.parametrize(
    ("known", "hours"),
    [
        (line(8), 0),
        (line(0, runs=[run(8, 0.5)]), 1.5),
        (line(4, runs=[run(2, 0.5), run(2, 1)]), 1.5),
        # Those ahead take what is freed, and give it back.
        (line(0, ahead=[8], runs=[run(8, 1)]), 3),
        (line(0, ahead=[4], runs=[run(8, 1)]), 3),
        # What runs longer than any job before says nothing, and neither do too few jobs.
        (line(0, runs=[run(8, 5)]), None),
        (line(0, runs=[run(8, 1)], durations=[HOUR]), None),
        (line(0), None),
    ],
)
def test_start(known, hours):
    """A job starts when enough of the quota comes back, or that is unknown."""
    found = forecasts.start(known, {GPU: 8, "cpu": 4000}, NOW)
    if hours is None:
        assert found is None
    else:
        assert found
        assert found[1] == NOW + timedelta(hours=hours)


def test_range():
    """The range shows how much earlier jobs differed."""
    durations = [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR]
    found = forecasts.start(line(0, runs=[run(8, 0)], durations=durations), {GPU: 8}, NOW)
    assert found == tuple(NOW + timedelta(hours=one) for one in (2, 3, 4))
