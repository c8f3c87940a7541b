"""Axes: their range, their ticks, and the room that these take around the data of a plot."""

import math
from collections.abc import Sequence
from itertools import pairwise

from arena.tuples import NamedTuple
from arena.views.pictures import scales
from arena.views.pictures.scales import Scale, Tick
from arena.views.pictures.scene import Box, Device, Frame, Point, Shape, Text

_LABELS = 0.3
"""The share of a plot's width that labels of its vertical axis may take."""


class Axis(NamedTuple):
    """What an axis shows: numbers, or categories, whose values are their indices."""

    title: str
    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False
    names: tuple[str, ...] = ()
    bare: bool = False
    """Whether the data may touch the ends of the axis, as bars do."""

    def scale(self, start: float, end: float) -> Scale:
        """The scale between two places."""
        return Scale(self.low, self.high, start, end, self.logarithmic)


def numbers(title: str, values: Sequence[float], *, logarithmic: bool = False, whole: bool = False) -> Axis:
    """An axis for these values; logarithmic only if all of them are positive."""
    logarithmic = logarithmic and min(values, default=0.0) > 0
    if logarithmic:
        low, high = min(values), max(values)
        low, high = (low, high) if high / low > 1 + 1e-9 else (low / 1.5, high * 1.5)
    else:
        low, high = scales.extended([*map(math.floor, values), *map(math.ceil, values)] if whole else values)
    return Axis(title, low, high, logarithmic, whole)


def categories(title: str, names: Sequence[str]) -> Axis:
    """An axis for categories."""
    return Axis(title, -0.5, max(len(names), 1) - 0.5, names=tuple(names))


class Plot(NamedTuple):
    """The axes of a plot: their shapes, and the scales for its data."""

    shapes: tuple[Shape, ...]
    across: Scale
    up: Scale
    frame: Frame


def plot(device: Device, room: Box, x: Axis, y: Axis, lane: float = 0.0) -> Plot:
    """Axes with ticks and titles that fill the room: a title above the data, labels and a title below it.

    Args:
        device: the device.
        room: what the axes, their labels and titles fill.
        x: the horizontal axis.
        y: the vertical axis.
        lane: the height that is left free between the lower axis and the data, for what has no value.
    """
    below = device.line * (1.5 if device.cells else 0.95)
    top = room.top + device.line * (1 if device.cells else 1.5)
    bottom = room.bottom - below - device.line * (1.55 if x.title else 0.55)
    if device.cells:
        top, bottom = _cell(top, device.line), _cell(bottom, device.line)
    inset = device.line / 4
    up = y.scale(bottom - lane - (0 if y.bare else inset), top + (0 if y.bare else inset))
    levels = _levels(device, y, up, room.width * _LABELS)
    left = room.left + max((device.breadth(one.label) for one in levels), default=0.0) + device.char
    right = room.right - 2 * device.char
    across = x.scale(left + (0 if x.bare else 1.5 * device.char), right - (0 if x.bare else device.char))
    placed, middles = _marks(device, x, across, room)
    places = [up.at(tick.value) for tick in levels]
    frame = Frame(left, top, right, bottom, tuple(across.at(tick.value) for tick in middles), tuple(places))
    labels = [
        *(Text(left - device.char, at, tick.label, "faint", "end", _full(y, tick))
          for at, tick in zip(places, levels, strict=True)),
        *(Text(at, bottom + below, tick.label, "faint", "middle", _full(x, tick)) for at, tick in placed),
    ]  # fmt: skip
    titles = [
        _title(device, y, (room.left, room.top + device.line / 2), room.width, "start"),
        _title(device, x, (right, bottom + below + device.line), right - room.left, "end"),
    ]
    return Plot((frame, *labels, *(one for one in titles if one.text)), across, up, frame)


def _cell(place: float, size: float) -> float:
    return math.floor(place / size) * size


def _title(device: Device, axis: Axis, at: Point, room: float, anchor: str) -> Text:
    return Text(*at, device.fit(axis.title, room), "axis-title", anchor, axis.title)


def _full(axis: Axis, tick: Tick) -> str:
    """The name of a category whose label may be shortened."""
    return axis.names[int(tick.value)] if axis.names else ""


def _levels(device: Device, axis: Axis, up: Scale, room: float) -> list[Tick]:
    """The ticks of a vertical axis, whose labels do not overlap."""
    height = abs(up.end - up.start)
    if axis.names:
        every = max(1, math.ceil(device.line * 1.1 * len(axis.names) / height))
        return [Tick(at, device.fit(axis.names[at], room)) for at in range(0, len(axis.names), every)]
    return scales.ticks(up, min(max(2, int(height / device.line / 1.6)), 8), whole=axis.whole)


def _marks(
    device: Device, axis: Axis, across: Scale, room: Box
) -> tuple[list[tuple[float, Tick]], list[Tick]]:
    """The labels of a horizontal axis with their middles, which do not overlap; and all of its ticks."""
    if axis.names:
        return _named(device, axis, across, room)
    found: list[Tick] = []
    for most in (8, 7, 6, 5, 4, 3, 2):
        found = scales.ticks(across, most, whole=axis.whole)
        placed = [(_inside(device, across.at(tick.value), tick, room), tick) for tick in found]
        if _is_free(device, placed):
            return placed, found
    return placed[:1], found[:1]


def _named(
    device: Device, axis: Axis, across: Scale, room: Box
) -> tuple[list[tuple[float, Tick]], list[Tick]]:
    """The labels of categories, shortened to their room; only some of them if there are many."""
    each = abs(across.end - across.start) / len(axis.names)
    widest = max(map(device.breadth, axis.names))
    every = max(1, math.ceil(min(widest + 2 * device.char, 6.5 * device.char) / each))
    own = each * every - 2 * device.char
    found = [Tick(at, device.fit(axis.names[at], own)) for at in range(0, len(axis.names), every)]
    placed = [(_inside(device, across.at(one.value), one, room), one) for one in found]
    return (placed if _is_free(device, placed) else placed[:1]), found


def _inside(device: Device, x: float, tick: Tick, room: Box) -> float:
    """The middle of a label at x, moved so that it does not leave the picture."""
    half = device.breadth(tick.label) / 2
    return max(min(x, room.right - half), room.left + half)


def _is_free(device: Device, placed: Sequence[tuple[float, Tick]]) -> bool:
    """Whether labels in a row are more than a character apart."""
    ordered = sorted((x, device.breadth(tick.label) / 2) for x, tick in placed)
    return all(x + half + 1.9 * device.char <= after - wide for (x, half), (after, wide) in pairwise(ordered))
