"""The first metric over two parameters, estimated from the trials around each place."""

import itertools
import math
from collections.abc import Sequence

from arena.tuples import NamedTuple
from arena.views.pictures import axes, styles
from arena.views.pictures.axes import Plot
from arena.views.pictures.scene import DOT, Box, Device, Key, Mark, Point, Scene, Shape
from arena.views.sweep_plots import marks
from arena.views.sweep_plots.study import Dimension, Study, objective, tips

TITLE = "Contour"
_MOST = 600
"""Maximum number of trials that the estimate is made from."""
_CATEGORIES = 60
"""Maximum number of categories of a parameter: each has a cell of its own."""
_FEWEST = 4
"""The number of trials from which on there is something to estimate from."""
_NARROWEST, _WIDEST = 0.05, 0.15
"""How far a trial counts, as a share of the axis, if there are many and if there are few."""
_FAR = 2.2
"""How many times that far from any trial nothing is shown."""


def draw(study: Study, device: Device) -> Scene:
    """A plot for each pair of the three most important parameters; a terminal has one."""
    fitting = [one for one in study.ranked() if len(one.axis.names) <= _CATEGORIES]
    names = fitting[: 2 if device.cells else 3]
    pairs = list(itertools.combinations(names, 2))
    if not pairs or len(study.results()) < _FEWEST:
        why = (
            "A contour needs two parameters with several values."
            if not pairs
            else "Too few trials have a value."
        )
        return Scene(title=TITLE, device=device, notes=(why,))
    height = 20 * device.line if device.cells else 270.0
    across = 1 if device.cells else max(1, min(len(pairs), int(device.width / device.char / 30)))
    width = device.width / across
    shapes: list[Shape] = []
    for at, (x, y) in enumerate(pairs):
        left, top = at % across * width, at // across * height
        shapes += _pair(study, (x, y), Box(left, top, left + width - device.char, top + height), device)
    rows = math.ceil(len(pairs) / across)
    spots = [] if device.cells else [Key(DOT, "spot", "trial")]
    levels = [Key("", f"area{styles.LEVELS - 1}", "better"), Key("", "area0", "worse")]
    return Scene(
        title=f"{TITLE} of {study.objectives[0].metric}",
        device=device._replace(height=rows * height),
        shapes=tuple(shapes),
        legend=(*levels, *spots, *marks.legend(shapes)),
        notes=("Estimated from the trials; blank where there are none.",),
        tips=tips(study),
    )


def _pair(study: Study, pair: tuple[Dimension, Dimension], room: Box, device: Device) -> list[Shape]:
    x, y = pair
    plot = axes.plot(device, room, x.axis._replace(bare=True), y.axis._replace(bare=True))
    frame = plot.frame
    columns = len(x.axis.names) or int((frame.right - frame.left) / (2 if device.cells else 8))
    rows = len(y.axis.names) or int((frame.bottom - frame.top) / (4 if device.cells else 8))
    places = {
        at: (plot.across.at(x.places[at]), plot.up.at(y.places[at]))
        for at in study.results()
        if math.isfinite(x.places[at]) and math.isfinite(y.places[at])
    }
    field = _Field(plot, columns, rows, bool(x.axis.names), bool(y.axis.names))
    spots = [] if device.cells else [Mark(*place, DOT, "spot", at) for at, place in places.items()]
    best = {at: place for at, place in places.items() if at == study.best}
    # Some of many trials tell the same: each cell asks all of them.
    every = math.ceil(len(places) / _MOST) or 1
    shares = _shares(study)
    values = [(*place, shares[at]) for at, place in list(places.items())[::every]]
    return [*plot.shapes, *field.areas(values), *spots, *marks.placed(study, best, device)]


def _shares(study: Study) -> dict[int, float]:
    """For each result, its place between the worst, 0, and the best, 1, of the axis."""
    axis, _ = objective(study, 0)
    worst, best = (0.0, 1.0) if study.objectives[0].maximize else (1.0, 0.0)
    scale = axis.scale(worst, best)
    return {at: scale.at(study.rows[at].values[0]) for at in study.results()}


class _Field(NamedTuple):
    """The cells of a plot, whose sides along categories are these."""

    plot: Plot
    columns: int
    rows: int
    across_names: bool
    up_names: bool

    def areas(self, values: Sequence[tuple[float, float, float]]) -> list[Shape]:
        """The boxes with a constant step of the ramp, from the places and values of trials."""
        frame, found = self.plot.frame, list[Shape]()
        width, height = (frame.right - frame.left) / self.columns, (frame.bottom - frame.top) / self.rows
        for row in range(self.rows):
            top = frame.top + row * height
            levels = [
                self._level((frame.left + (column + 0.5) * width, top + height / 2), values)
                for column in range(self.columns)
            ]
            start = 0
            for level, run in itertools.groupby(levels):
                end = start + len(list(run))
                if level >= 0:
                    left, right = frame.left + start * width, frame.left + end * width
                    found.append(Box(left, top, right, top + height, f"area{level}"))
                start = end
        return found

    def _level(self, place: Point, values: Sequence[tuple[float, float, float]]) -> int:
        """The step of the ramp at a place; -1 if no trial is near."""
        frame = self.plot.frame
        width, height = frame.right - frame.left, frame.bottom - frame.top
        reach = min(_WIDEST, max(_NARROWEST, 0.35 / len(values) ** (1 / 3))) if values else 0.0
        most, total, weights = (_FAR * reach) ** 2, 0.0, 0.0
        for x, y, value in values:
            dx, dy = abs(x - place[0]) / width, abs(y - place[1]) / height
            # A category says nothing about another.
            if self.across_names:
                dx = 0.0 if dx < 0.5 / self.columns else 9.0
            if self.up_names:
                dy = 0.0 if dy < 0.5 / self.rows else 9.0
            distance = dx * dx + dy * dy
            if distance <= most:
                weight = math.exp(-distance / (2 * reach * reach))
                total, weights = total + weight * value, weights + weight
        return styles.level(total / weights) if weights else -1
