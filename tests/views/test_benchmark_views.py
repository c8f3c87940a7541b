"""Measurements as pages, bars and pictures, whatever was measured."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.actions.serving.bench.histogram import Histogram
from arena.actions.serving.bench.tally import Timeline
from arena.model.benchmarks import Benchmark, Distribution, Failure, Load, Tokens
from arena.views import benchmarks
from arena.views.benchmark_picture import picture

DURATIONS = st.lists(st.floats(0, 1e5, allow_subnormal=False), max_size=40)
SVG = "{http://www.w3.org/2000/svg}"


def distribution(durations: list[float]) -> Distribution:
    made = Histogram()
    for one in durations:
        made.add(one)
    return made.distribution()


@st.composite
def measured(draw: st.DrawFn) -> Benchmark:
    durations = draw(DURATIONS)
    timeline, errors = Timeline(), draw(st.integers(0, 3))
    for number, one in enumerate(durations):
        timeline.at(number * draw(st.sampled_from([0.01, 1.0, 50.0])))[0].add(one)
    if errors:
        timeline.at(0.5)[1][0] += errors
    return Benchmark(
        name=draw(st.sampled_from(["digits@1", "<a&b>", "\x1b[31m'\"", "é\ud800"])),
        url="http://127.0.0.1:80",
        load=Load(rps=draw(st.sampled_from([None, 0.5, 200.0]))),
        seconds=draw(st.floats(0, 1e4)),
        succeeded=len(durations),
        failures=(Failure(kind="status 500", count=errors, example="\x07no"),) if errors else (),
        latency=distribution(durations),
        tokens=draw(st.sampled_from([None, Tokens(), Tokens(count=3, first=distribution([0.1]))])),
        slots=tuple(timeline.slots()),
    )


@given(st.lists(measured(), min_size=1, max_size=8))
def test_pictures(found: list[Benchmark]) -> None:
    """Every picture is well-formed, has no control characters, and nothing of it is outside of its frame."""
    text = picture(found)
    text.encode()
    root = ElementTree.fromstring(text)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for path in root.iter(f"{SVG}path"):
        assert "nan" not in path.attrib["d"]
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    for one in root.iter(f"{SVG}text"):
        assert (one.text or " ").isprintable()


@given(st.lists(measured(), min_size=1, max_size=3))
def test_pages(found: list[Benchmark]) -> None:
    """Every page names every server in its first line, and has no control characters but line ends."""
    text = benchmarks.comparison(found)
    assert text.replace("\n", "").isprintable()
    assert benchmarks.live(found)
    head = text.splitlines()[0]
    assert all(one.name in head for one in found if one.name.isprintable())


@given(DURATIONS)
def test_bars(durations: list[float]) -> None:
    """Bars count every duration, are at most 14 and 80 cells wide, and the longest fills the width."""
    text = benchmarks.bars(distribution(durations))
    lines = text.splitlines()
    assert sum(int(line.split()[-1]) for line in lines) == len(durations)
    assert len(lines) <= 14
    assert max(map(len, lines), default=80) <= 80
    if durations:
        assert max(line.count("#") for line in lines) > 40


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 µs"),
        (4.2e-8, "0.04 µs"),
        (0.0000012, "1.20 µs"),
        (0.0009994, "999 µs"),
        (0.0009996, "1.00 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1.00 s"),
        (75, "75.0 s"),
        (4000, "4000 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """Durations have three digits and the unit in which these are before the point or just behind."""
    assert benchmarks.short(seconds) == text


@given(st.floats(1e-6, 1e4))
def test_durations_are_near(seconds: float) -> None:
    """What is shown differs from the duration by at most half of its last digit."""
    number, unit = benchmarks.short(seconds).split()
    shown = float(number) * {"µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    assert math.isclose(shown, seconds, rel_tol=0.0051)
