"""Distributions against exact figures."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from arena.actions.serving.bench.histogram import Histogram
from arena.actions.serving.bench.tally import Timeline

SHARES = (0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
DURATIONS = st.lists(st.floats(0, 1e4, allow_subnormal=False), min_size=1, max_size=300)


def filled(durations: list[float]) -> Histogram:
    made = Histogram()
    for one in durations:
        made.add(one)
    return made


def exact(durations: list[float], share: float) -> float:
    """The nearest rank."""
    return sorted(durations)[max(1, math.ceil(round(share * len(durations), 6))) - 1]


def is_near(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= wanted / 512 + 2e-9


@given(DURATIONS)
def test_percentiles_are_exact_to_a_512th(durations: list[float]) -> None:
    """Every percentile differs from the nearest rank of all durations by at most 1/512."""
    found = filled(durations).quantiles(*SHARES)
    for share, one in zip(SHARES, found, strict=True):
        assert is_near(one, exact(durations, share)), share


@given(DURATIONS)
def test_extremes_and_mean_are_exact(durations: list[float]) -> None:
    """Count, mean, least and greatest duration are exact to the nanosecond."""
    found = filled(durations).distribution()
    assert found.count == len(durations)
    for one, wanted in ((found.min, min(durations)), (found.max, max(durations))):
        assert abs(one - wanted) <= 2e-9
    assert math.isclose(found.mean, sum(durations) / len(durations), rel_tol=1e-9, abs_tol=2e-9)


@given(DURATIONS, DURATIONS)
def test_merged_histograms_are_those_of_all_durations(some: list[float], others: list[float]) -> None:
    """Merging gives what counting everything in one histogram gives."""
    merged, both = filled(some), filled(some + others)
    merged.merge(filled(others))
    assert merged.distribution() == both.distribution()


@given(DURATIONS)
def test_drawn_buckets_hold_every_duration(durations: list[float]) -> None:
    """The wide buckets are in order, do not overlap, hold all durations, and span the least and greatest."""
    buckets = filled(durations).distribution().buckets
    assert sum(one.count for one in buckets) == len(durations)
    edges = [edge for one in buckets for edge in (one.low, one.high)]
    assert edges == sorted(edges)
    slack = 1 + 1 / 256
    assert edges[0] <= min(durations) * slack + 2e-9
    assert max(durations) <= edges[-1] * slack + 2e-9


def test_an_empty_histogram_is_all_zero() -> None:
    """Without durations every figure is 0, and there is no bucket."""
    found = Histogram().distribution()
    assert (found.count, found.p99, found.max, found.mean, found.buckets) == (0, 0.0, 0.0, 0.0, ())


def test_a_long_measurement_keeps_few_slots() -> None:
    """Over an hour, slots grow in length, not in number, and none of the durations or errors is lost."""
    timeline, dice = Timeline(), random.Random(1)
    for second in range(3600):
        latencies, errors = timeline.at(second + dice.random())
        latencies.add(0.001 * (second + 1))
        errors[0] += second % 2
    slots = list(timeline.slots())
    assert len(slots) <= 120
    assert sum(one.count for one in slots) == 3600
    assert sum(one.errors for one in slots) == 1800
    for one in slots:
        assert one.max <= 0.001 * (one.start + one.seconds + 1)
