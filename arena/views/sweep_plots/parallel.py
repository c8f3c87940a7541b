"""Parallel coordinates: a line for each trial through its parameters to its result."""

import math

from arena.tuples import NamedTuple
from arena.views.pictures import scales
from arena.views.pictures.axes import Axis
from arena.views.pictures.scales import Scale
from arena.views.pictures.scene import STAR, Device, Frame, Line, Mark, Point, Scene, Shape, Text
from arena.views.sweep_plots import curves
from arena.views.sweep_plots.study import BEST, Study, objective, tips

TITLE = "Parallel coordinates"
_TERMINAL = 8
"""Maximum number of lines in a terminal, where more cannot be told apart."""


class _Column(NamedTuple):
    """An axis with the places of all trials on it."""

    axis: Axis
    places: tuple[float, ...]


def draw(study: Study, device: Device) -> Scene:
    """Vertical axes: one for each parameter, then one for each objective."""
    chosen = study.results()
    if not chosen:
        return Scene(title=TITLE, device=device, notes=("No trial has a value yet.",))
    places = study.places()
    chosen.sort(key=lambda at: (at == study.best, places[at]))
    notes = []
    if device.cells and len(chosen) > _TERMINAL:
        notes.append(f"The best {_TERMINAL} of {len(chosen)} trials are shown.")
        chosen = chosen[-_TERMINAL:]
    columns, omitted = _columns(study, device)
    if omitted:
        notes.append(f"{omitted} less important parameters are not shown.")
    height = 18 * device.line if device.cells else 320.0
    layout = _Layout(device._replace(height=height), columns, chosen)
    shapes = [shape for at in range(len(columns)) for shape in layout.axis(at)]
    lines = [
        Line(tuple(layout.points(at)), curves.style(study, at, places, len(chosen)), at) for at in chosen
    ]
    return Scene(
        title=TITLE,
        device=layout.device,
        shapes=(*lines, *shapes, *_stars(study, layout)),
        legend=curves.legend(study, device),
        notes=tuple(notes),
        tips=tips(study),
    )


def _columns(study: Study, device: Device) -> tuple[list[_Column], int]:
    """The axes that fit, and the number of parameters that do not."""
    goals = min(len(study.objectives), 3)
    most = max(1, int(device.width / device.char / 10) - goals)
    kept = {one.name for one in study.ranked()[:most]}
    found = [_Column(one.axis, one.places) for one in study.dimensions if one.name in kept]
    for at in range(goals):
        axis, _ = objective(study, at)
        values = tuple(study.value(index, at) for index in range(len(study.rows)))
        places = tuple(math.nan if one is None else one for one in values)
        found.append(_Column(axis._replace(title=study.objectives[at].metric), places))
    return found, len(study.dimensions) - len(kept)


def _stars(study: Study, layout: "_Layout") -> list[Shape]:
    """The best trial on each axis; a picture has a star at its end alone, where nothing is behind it."""
    points = layout.points(study.best) if study.best >= 0 else []
    return [Mark(x, y, STAR, BEST, study.best) for x, y in (points if layout.device.cells else points[-1:])]


class _Layout:
    """Where the axes are, and the trials on them."""

    def __init__(self, device: Device, columns: list[_Column], chosen: list[int]) -> None:
        line = device.line
        self.device = device
        self._columns = columns
        self._each = device.width / len(columns)
        self._top, self._bottom = 2 * line, device.height - line
        if not device.cells:
            self._top, self._bottom = 1.5 * line, device.height - line / 2
        lacking = any(math.isnan(one.places[at]) for one in columns for at in chosen)
        self._lane = 1.5 * line if lacking else 0.0
        """The room below the axes for trials that lack a parameter."""
        inset = line / 4
        self._scales = [
            one.axis.scale(self._bottom - self._lane - inset, self._top + inset) for one in columns
        ]
        self._lacks = [any(math.isnan(one.places[at]) for at in chosen) for one in columns]

    def axis(self, at: int) -> list[Shape]:
        """The shapes of an axis: its title and its greatest value above, its least below."""
        device, axis, scale = self.device, self._columns[at].axis, self._scales[at]
        x = self._x(at)
        room = self._each - 1.5 * device.char
        low, high = self._ends(axis) if self.device.cells else ("", "")
        line = device.line
        texts = [
            Text(x, line * 0.5, device.fit(axis.title, room), "axis-title", "middle", axis.title),
            Text(x, line * 1.5, device.fit(high, room), "faint", "middle", high),
            Text(x, device.height - line / 2, device.fit(low, room), "faint", "middle", low),
        ]
        ticks = self._ticks(axis, scale)
        frame = Frame(x, self._top, x, self._bottom - self._lane - (1 if device.cells else 0), (),
                      tuple(scale.at(value) for value, _ in ticks))  # fmt: skip
        beside = x + 1.5 * device.char
        narrow = min(room - 2 * device.char, device.width - beside)
        inner = [
            Text(beside, scale.at(value), device.fit(label, narrow), "faint", full=label)
            for value, label in ticks
        ]
        lane = [Text(beside, self._bottom - self._lane / 3, "not set", "faint")]
        shown = [*texts, *inner, *(lane if self._lacks[at] and narrow > device.breadth("not set") else [])]
        return [frame, *(one for one in shown if one.text)]

    def points(self, index: int) -> list[Point]:
        """The points of a trial, which are below the axes of parameters that it lacks."""
        found = []
        for at, (column, scale) in enumerate(zip(self._columns, self._scales, strict=True)):
            place = column.places[index]
            y = self._bottom - self._lane / 3 if math.isnan(place) else scale.at(place)
            found.append((self._x(at), y))
        return found

    def _x(self, at: int) -> float:
        x = (at + 0.5) * self._each
        return x // 2 * 2 if self.device.cells else x

    def _ends(self, axis: Axis) -> tuple[str, str]:
        if axis.names:
            return "", ""
        return scales.number(axis.low, 3), scales.number(axis.high, 3)

    def _ticks(self, axis: Axis, scale: Scale) -> list[tuple[float, str]]:
        """The values beside an axis: categories, or a few round numbers if there is room."""
        height, line = scale.start - scale.end, self.device.line
        if axis.names:
            every = max(1, math.ceil(line * 1.1 * len(axis.names) / height))
            return [(float(at), axis.names[at]) for at in range(0, len(axis.names), every)]
        if self.device.cells:
            return []
        kept: list[tuple[float, str]] = []
        for tick in scales.ticks(scale, 6, whole=axis.whole):
            place = scale.at(tick.value)
            if not kept or abs(scale.at(kept[-1][0]) - place) > line * 1.1:
                kept.append((tick.value, tick.label))
        return kept
