"""Scales, ticks and numbers of pictures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import assert_readable

from arena.views.pictures import axes, scales, terminal
from arena.views.pictures.cells import Ink
from arena.views.pictures.scales import Scale, ticks
from arena.views.pictures.scene import DOT, Box, Device, Line, Mark, Scene, Text

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
POSITIVE = st.floats(1e-12, 1e12)


@given(st.lists(NUMBERS, max_size=8), st.integers(2, 12), st.booleans())
def test_ticks(values, most, whole):
    """Ticks of any values ascend, are on the axis, have different short labels, and are not too many."""
    axis = axes.numbers("x", values, whole=whole)
    found = ticks(axis.scale(0, 100), most, whole=whole)
    assert len(found) <= most
    places = [tick.value for tick in found]
    assert places == sorted(set(places))
    span = axis.high - axis.low
    assert all(axis.low - 1e-6 * span <= one <= axis.high + 1e-6 * span for one in places)
    assert len({tick.label for tick in found}) == len(found)
    assert not whole or all(one == int(one) for one in places)


@given(st.lists(POSITIVE, min_size=1, max_size=8), st.integers(2, 12))
def test_ticks_of_logarithmic_axes(values, most):
    """They ascend, are on the axis, and their labels are the numbers that they are at."""
    axis = axes.numbers("x", values, logarithmic=True)
    assert axis.logarithmic
    found = ticks(axis.scale(0, 100), most)
    assert len(found) <= most
    places = [tick.value for tick in found]
    assert places == sorted(set(places))
    assert all(axis.low * 0.999 <= one <= axis.high * 1.001 for one in places)
    assert all(math.isclose(float(tick.label), tick.value, rel_tol=0.01) for tick in found)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5), st.booleans())
def test_scales(values, logarithmic):
    """Every value, however large, has a place between the ends, in the order of the values."""
    scale = axes.numbers("x", values, logarithmic=logarithmic).scale(10, 90)
    places = [scale.at(one) for one in sorted(values)]
    assert all(10 <= one <= 90 for one in places)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, "0 0.2 0.4 0.6 0.8 1.0"),
        (1, 60, "10 20 30 40 50 60"),
        (0.99991, 0.99996, "0.99991 0.99992 0.99993 0.99994 0.99995 0.99996"),
        (-3e7, 5e7, "-2e7 0 2e7 4e7"),
        (0, 1e-4, "0 2e-5 4e-5 6e-5 8e-5 1e-4"),
        (5000, 5002.5, "5000.0 5000.5 5001.0 5001.5 5002.0 5002.5"),
    ],
)
def test_labels(low, high, labels):
    """Labels of an axis have the same digits, as many as tell them apart."""
    assert " ".join(tick.label for tick in ticks(Scale(low, high, 0, 1), 7)) == labels


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (0.97134, "0.9713"), (1.23456e-5, "1.235e-5"), (2e9, "2e9"), (-0.5, "-0.5"),
     (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "-∞"), (999999.0, "999999")],
)  # fmt: skip
def test_numbers(value, text):
    """Measured values are short."""
    assert scales.number(value) == text


def test_fit():
    """A text that is too wide for its room shows its beginning and its end, and no control characters."""
    device = Device(100, 100, 10, 20)
    assert device.fit("abcdef", 60) == "abcdef"
    assert device.fit("abcdefg", 60) == "abc…fg"
    assert device.fit("数値数値", 60) == "数…値"
    assert device.fit("a\x1bb", 100) == "a\\x1bb"
    assert device.fit("abc", 9) == ""


def test_terminal():
    """Bars end in an eighth of a cell, lines are dots of Braille, marks are over them, texts over all."""
    device = terminal.device(12, 4)
    shapes = (
        Text(0, 14, "end"),
        Mark(9, 5, DOT, "succeeded", 0),
        Line(((0, 5), (23, 5)), "so-far"),
        Box(0, 0, 11, 4, "bar"),
        Text(24, 10, "wide 数", anchor="end"),
    )
    scene = Scene(title="t", device=device, shapes=shapes)
    assert terminal.text(scene, Ink()).splitlines() == ["t", "█████▌", "⠒⠒⠒⠒•⠒⠒⠒⠒⠒⠒⠒", "     wide 数", "end"]
    assert terminal.text(scene, Ink(unicode=False)).splitlines() == [
        "t", "#####", "''''o'''''''", "     wide ?", "end"
    ]  # fmt: skip
    coloured = terminal.text(scene, Ink(colour=True)).splitlines()
    assert coloured[2] == "\x1b[33m⠒⠒⠒⠒\x1b[0m\x1b[36m•\x1b[0m\x1b[33m⠒⠒⠒⠒⠒⠒⠒\x1b[0m"


@st.composite
def drawn_axes(draw):
    """An axis of numbers or of categories."""
    if draw(st.booleans()):
        return axes.categories("category", draw(st.lists(st.text(max_size=30), min_size=1, max_size=30)))
    values = draw(st.lists(st.one_of(POSITIVE, st.integers(0, 999)), max_size=4))
    return axes.numbers("a number", values, logarithmic=draw(st.booleans()), whole=draw(st.booleans()))


@given(drawn_axes(), drawn_axes(), st.integers(20, 130), st.integers(8, 30), st.booleans())
def test_axes(x, y, columns, rows, cells):
    """Labels of axes of any size stay inside of the picture and do not overlap; ticks are on the axes."""
    device = terminal.device(columns, rows) if cells else Device(columns * 6.9, rows * 17.0)
    made = axes.plot(device, Box(0, 0, device.width, device.height), x, y)
    assert_readable(device, made.shapes)
    frame = made.frame
    assert frame.left < frame.right
    assert frame.top < frame.bottom
    assert all(frame.left <= at <= frame.right for at in frame.across)
    assert all(frame.top <= at <= frame.bottom for at in frame.up)
