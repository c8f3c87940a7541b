"""Timelines: from what is known of each instance to the stages of a job."""

from datetime import datetime, timedelta, timezone

import pytest

from arena.model.timelines import Milestones, Stage, laggard, medians, stages, together

START = datetime(2030, 1, 1, tzinfo=timezone.utc)


def at(seconds: float | None) -> datetime | None:
    """A moment, in seconds after the job was submitted."""
    return None if seconds is None else START + timedelta(seconds=seconds)


def reached(*seconds: float | None) -> Milestones:
    """Milestones in seconds, in the order of their fields."""
    return Milestones(*(at(one) for one in seconds))


def spans(found: list[Stage]) -> dict[str, tuple[float, float | None]]:
    """Each stage with its begin and its end in seconds."""
    return {
        one.name: ((one.began - START).total_seconds(), one.ended and (one.ended - START).total_seconds())
        for one in found
    }


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (reached(), {"queued": (0, None)}),
        (reached(5), {"queued": (0, 5), "scheduling": (5, None)}),
        (
            reached(5, 6, 8),
            {"queued": (0, 5), "scheduling": (5, 6), "preparing": (6, 8), "pulling": (8, None)},
        ),
        (
            reached(5, 6, 8, 20, 21, 30, 90),
            {"queued": (0, 5), "scheduling": (5, 6), "preparing": (6, 8), "pulling": (8, 20),
             "initializing": (20, 21), "silent": (21, 30), "running": (30, 90)},
        ),
        # The events are gone; nothing was printed.
        (
            reached(5, 6, None, None, 9, None, 90),
            {"queued": (0, 5), "scheduling": (5, 6), "starting": (6, 9), "running": (9, 90)},
        ),
        # It failed before its program began.
        (
            reached(5, 6, 8, None, None, None, 12),
            {"queued": (0, 5), "scheduling": (5, 6), "preparing": (6, 8), "pulling": (8, 12)},
        ),
        # A clock that is late never makes a negative stage.
        (
            reached(5, 4, None, None, 6),
            {"queued": (0, 5), "scheduling": (5, 5), "starting": (5, 6), "silent": (6, None)},
        ),
    ],
    ids=["queued", "scheduling", "pulling", "whole", "forgotten", "failed", "skewed"],
)  # fmt: skip
def test_stages(times: Milestones, expected: dict[str, tuple[float, float | None]]) -> None:
    """Stages follow each other without gaps, up to the milestone that has not been reached."""
    assert spans(stages(START, times)) == expected


def test_a_job_is_as_far_as_its_last_instance() -> None:
    """A milestone of a job is reached when every instance has reached it; output of one is enough."""
    assert together({"a": reached(1, 2, None, None, 5), "b": reached(1, 9)}) == reached(1, 9)
    said = {"a": reached(1, 2, None, None, 5, 7), "b": reached(1, 2, None, None, 5)}
    assert together(said).spoke == at(7)
    assert together({}) == reached()


def test_the_instance_that_all_wait_for() -> None:
    """An instance is named if it took much longer than half of the others, for that stage only."""
    of = {
        name: stages(None, reached(0, 1, 2, 2 + seconds, 3 + seconds))
        for name, seconds in (("w-0", 2), ("w-1", 3), ("w-2", 60))
    }
    assert laggard("pulling", of, START) == "w-2"
    assert laggard("scheduling", of, START) == ""
    assert laggard("pulling", {"w-2": of["w-2"]}, START) == ""


def test_what_is_usual() -> None:
    """Only stages that have ended count."""
    runs = [stages(START, reached(took, took + 1)) for took in (1, 5, 30)]
    assert medians(runs) == {"queued": timedelta(seconds=5), "scheduling": timedelta(seconds=1)}
