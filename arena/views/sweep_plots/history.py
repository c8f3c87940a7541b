"""The value of each trial in the order of their numbers, and the best one so far."""

from arena.views.pictures import axes
from arena.views.pictures.axes import Plot
from arena.views.pictures.scene import Box, Device, Key, Line, Mark, Point, Scene, Shape
from arena.views.sweep_plots import marks
from arena.views.sweep_plots.study import FAILED, SHAPES, Study, objective, tips

TITLE = "History"
_MOST = 4
"""Maximum number of objectives, each of which has a plot of its own."""


def draw(study: Study, device: Device) -> Scene:
    """One plot for each objective, below each other."""
    count = min(len(study.objectives), _MOST)
    height = 17 * 4.0 if device.cells else 250.0
    shapes: list[Shape] = []
    notes: list[str] = []
    for at in range(count):
        room = Box(0, at * height, device.width, (at + 1) * height)
        axis, beyond = objective(study, at)
        x = axes.numbers("trial", [row.number for row in study.rows], whole=True)
        plot = axes.plot(device, room, x, axis, device.line * bool(_lost(study, at)))
        shapes += [*plot.shapes, *_steps(study, at, plot), *_marks(study, at, plot, device)]
        if beyond:
            metric = study.objectives[at].metric
            notes.append(f"{beyond} of the worst values are beyond the axis of {metric}.")
    if count and (lost := len(_lost(study, 0))):
        notes.append(f"{lost} of {len(study.rows)} trials ended without a value; they are at the bottom.")
    if not study.known():
        notes.append("No trial has a value yet.")
    legend = marks.legend(shapes)
    line = (Key("", "so-far", "best so far"),) if study.known() else ()
    return Scene(
        title=TITLE,
        device=device._replace(height=count * height),
        shapes=tuple(shapes),
        legend=(*legend, *line),
        notes=tuple(notes),
        tips=tips(study),
    )


def best_so_far(study: Study, at: int) -> list[tuple[int, float]]:
    """The numbers of the trials that were the best when they ended, and their values of an objective."""
    loss, found = study.objectives[at].loss, list[tuple[int, float]]()
    for index in study.results(at):
        row, value = study.rows[index], study.rows[index].values[at]
        if row.ended and (not found or loss(value) < loss(found[-1][1])):
            found.append((row.number, value))
    return found


def _lost(study: Study, at: int) -> list[int]:
    """The indices of the trials that ended without a value of an objective."""
    return [index for index, row in enumerate(study.rows) if row.ended and study.value(index, at) is None]


def _steps(study: Study, at: int, plot: Plot) -> list[Shape]:
    """The best value so far, which lasts until a better one."""
    found = best_so_far(study, at)
    if not found:
        return []
    points: list[Point] = []
    for number, value in found:
        if points:
            points.append((plot.across.at(number), points[-1][1]))
        points.append((plot.across.at(number), plot.up.at(value)))
    points.append((plot.across.at(study.rows[-1].number), points[-1][1]))
    return [Line(tuple(points), "so-far")]


def _marks(study: Study, at: int, plot: Plot, device: Device) -> list[Shape]:
    """A mark for each trial; those without a value are below all others."""
    across = [plot.across.at(row.number) for row in study.rows]
    bottom = plot.frame.bottom - device.line * 0.6
    lost = [Mark(across[index], bottom, SHAPES[FAILED], FAILED, index) for index in _lost(study, at)]
    places = {index: (across[index], plot.up.at(study.rows[index].values[at])) for index in study.known(at)}
    return [*lost, *marks.placed(study, places, device)]
