"""Values of metrics in output, as points of curves."""

import math

import pytest

from arena.dashboard import series


def found(*lines: str) -> dict[str, list[tuple[float | None, float]]]:
    """Metric -> its steps and values."""
    told = series.series((b"2030-01-01T00:00:00Z", one.encode()) for one in lines)
    return {name: [(one.step, one.value) for one in points] for name, points in told.items()}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("step=1 loss=0.5", "step=2 loss=0.25"), {"loss": [(1, 0.5), (2, 0.25)]}),
        (("loss: 1.5e-3", "loss: -2"), {"loss": [(None, 0.0015), (None, -2)]}),
        (('{"epoch": 1, "acc": .5}', '{"epoch": 2, "acc": 1.}'), {"acc": [(1, 0.5), (2, 1)]}),
        (("epoch=1 global_step=7 a/b=1", "epoch=1 global_step=8 a/b=2"), {"a/b": [(7, 1), (8, 2)]}),
        (("loss=nan", "loss=1", "loss=inf", "loss=2"), {"loss": [(None, 1), (None, 2)]}),
        (("loss=1",), {}),
        (("10:15:00 INFO:12:a", "at 10:15:01 v1.2.3"), {}),
        (("host=10.0.0.1 port: 80/tcp", "host=10.0.0.1 port: 80/tcp"), {}),
        (("a=1e999", "a=1e999"), {}),
        (("", "=", ":", "= 1"), {}),
    ],
)
def test_values(lines: tuple[str, ...], expected: dict[str, list[tuple[float, float]]]) -> None:
    """Names with values are found in the usual forms; times, versions and what occurs once are none."""
    assert found(*lines) == expected


def test_many_metrics_and_points() -> None:
    """A job has at most 40 metrics of 400 points, which keep both ends and the extremes."""
    lines = [" ".join(f"m{at}={at}" for at in range(60)) for _ in range(3)]
    assert len(found(*lines)) == series.METRICS
    values = [math.sin(at / 50) for at in range(5000)]
    values[1234], values[4321] = 9.0, -9.0
    [points] = found(*(f"step={at} x={value}" for at, value in enumerate(values))).values()
    assert len(points) <= series.POINTS
    assert points[0] == (0, 0.0)
    assert points[-1][0] == 4999
    assert (1234, 9.0) in points
    assert (4321, -9.0) in points
    assert points == sorted(points)
