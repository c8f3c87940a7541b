"""Values of metrics in output, as points of curves."""

import math

import pytest

from arena import curve_lines


def found(*lines: str) -> dict[str, list[tuple[float | None, float]]]:
    """Metric -> its steps and values."""
    told = curve_lines.drawable(curve_lines.series((b"2030-01-01T00:00:00Z", one.encode()) for one in lines))
    return {name: [(one.step, one.value) for one in points] for name, points in told.items()}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("step=1 loss=0.5", "step=2 loss=0.25"), {"loss": [(1, 0.5), (2, 0.25)]}),
        (("loss: 1.5e-3", "loss: -2"), {"loss": [(None, 0.0015), (None, -2)]}),
        (('{"epoch": 1, "acc": .5}', '{"epoch": 2, "acc": 1.}'), {"acc": [(1, 0.5), (2, 1)]}),
        (("epoch=1 global_step=7 a/b=1", "epoch=1 global_step=8 a/b=2"), {"a/b": [(7, 1), (8, 2)]}),
        (("loss=nan", "loss=1", "loss=inf", "loss=2"), {"loss": [(None, 1), (None, 2)]}),
        (
            ("|loss=4|acc=1|", "|loss=2|acc=2|"),
            {"loss": [(None, 4), (None, 2)], "acc": [(None, 1), (None, 2)]},
        ),
        (("Epoch: 1 Loss: 4", "Epoch: 2 Loss: 2"), {"Loss": [(1, 4), (2, 2)]}),
        (("epoch 3/10 loss=4", "Epoch [4/10], Step [7/9], loss=2"), {"loss": [(3, 4), (7, 2)]}),
        (("loss=1",), {}),
        (
            ("\x1b[32mloss\x1b[0m: \x1b[1m0.5\x1b[0m", "{'loss': '0.25'}"),
            {"loss": [(None, 0.5), (None, 0.25)]},
        ),
        (("port: 80", "port: 80", "seed=1 Rank=2", "seed=1 Rank=2"), {}),
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
    assert len(found(*lines)) == curve_lines.METRICS
    values = [math.sin(at / 50) for at in range(5000)]
    values[1234], values[4321] = 9.0, -9.0
    [points] = found(*(f"step={at} x={value}" for at, value in enumerate(values))).values()
    assert len(points) <= curve_lines.POINTS
    assert points[0] == (0, 0.0)
    assert points[-1][0] == 4999
    assert (1234, 9.0) in points
    assert (4321, -9.0) in points
    assert points == sorted(points)


def test_all_values() -> None:
    """Before they are drawn, values that occur once and those that are no numbers are kept."""
    lines = [b"step=1 loss=2", b"step=2 loss=NaN", b"loss: -inf", b"test accuracy: 0.9"]
    told = curve_lines.series((b"", one) for one in lines)
    assert [(one.step, str(one.value)) for one in told["loss"]] == [(1, "2.0"), (2, "nan"), (None, "-inf")]
    assert [one.value for one in told["accuracy"]] == [0.9]
