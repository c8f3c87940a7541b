"""The first metric of each trial while it ran."""

import bisect
from collections.abc import Sequence

from arena.views.pictures import axes, styles
from arena.views.pictures.axes import Plot
from arena.views.pictures.scene import RING, STAR, Box, Device, Key, Line, Mark, Scene, Shape
from arena.views.sweep_plots.study import BEST, FAILED, RUNNING, Study, objective, tips, without_outliers

TITLE = "Intermediate values"
_TERMINAL = 8
"""Maximum number of curves in a terminal, where more cannot be told apart."""
_CROWD = 150
"""The number of lines from which on they are thin."""
_LEVELS = (0.35, 0.65, 0.85, 0.95)
"""The share of trials that are worse, for each further step of the ramp."""
_POINTS = 5000
"""Maximum number of points of all curves together."""


def draw(study: Study, device: Device) -> Scene:
    """One curve for each trial that reported values, in the colour of its result."""
    chosen = [at for at, row in enumerate(study.rows) if row.points]
    if all(len(study.rows[at].points) < 2 for at in chosen):
        why = "No trial has reported more than one value."
        return Scene(title=TITLE, device=device, notes=(why,))
    places = study.places()
    notes = []
    if device.cells and len(chosen) > _TERMINAL:
        notes.append(f"The best {_TERMINAL} of {len(chosen)} curves are shown.")
        chosen = sorted(chosen, key=lambda at: -places.get(at, -1.0))[:_TERMINAL]
    chosen.sort(key=lambda at: (at == study.best, places.get(at, -1.0)))
    height = 20 * device.line if device.cells else 320.0
    plot = _plot(study, chosen, Box(0, 0, device.width, height), device)
    shapes = [*plot.shapes, *(_curve(study, at, places, plot, len(chosen)) for at in chosen)]
    if study.best in chosen:
        step, value = study.rows[study.best].points[-1]
        shapes.append(Mark(plot.across.at(step), plot.up.at(value), STAR, BEST, study.best))
    return Scene(
        title=f"{TITLE} of {study.objectives[0].metric}",
        device=device._replace(height=height),
        shapes=tuple(shapes),
        legend=(*legend(study, device), *_unfinished(shapes)),
        notes=tuple(notes),
        tips=tips(study),
    )


def legend(study: Study, device: Device) -> tuple[Key, ...]:
    """What the colours of lines mean."""
    best = (Key(STAR, BEST, "best trial"),) if study.best >= 0 else ()
    if len(study.results()) < 2:
        return best
    if device.cells:
        return (*best, Key("", f"line{styles.LEVELS - 1}", "other trials"))
    return (*best, Key("", f"line{styles.LEVELS - 1}", "better"), Key("", "line0", "worse"))


def _unfinished(shapes: Sequence[Shape]) -> tuple[Key, ...]:
    """What the colours of the lines of trials without a result mean."""
    used = {one.style for one in shapes if isinstance(one, Line | Mark)}
    meanings = {RUNNING: "running", FAILED: "failed or without a value"}
    return tuple(Key("", style, meaning) for style, meaning in meanings.items() if style in used)


def style(study: Study, at: int, places: dict[int, float], count: int) -> str:
    """The style of the line of a trial, one of so many; those of the few best trials stand out."""
    if at == study.best:
        return "best"
    if at not in places:
        return FAILED if study.rows[at].ended else RUNNING
    level = bisect.bisect(_LEVELS, places[at])
    return f"{'line' if count < _CROWD else 'thin'}{level}"


def _plot(study: Study, chosen: list[int], room: Box, device: Device) -> Plot:
    """The axes for these trials; few values that are far worse than all others are beyond them."""
    axis, _ = objective(study, 0)
    points = [point for at in chosen for point in study.rows[at].points]
    values = sorted((value for _, value in points), key=study.objectives[0].loss)
    x = axes.numbers("step", [step for step, _ in points], whole=True)
    y = axes.numbers(axis.title, without_outliers(values), logarithmic=axis.logarithmic)
    return axes.plot(device, room, x, y)


def _curve(study: Study, at: int, places: dict[int, float], plot: Plot, count: int) -> Shape:
    points = study.rows[at].points
    # Every so many points, and the last one: more could not be told apart.
    every = max(1, len(points) * count // _POINTS)
    kept = [*points[:-1:every], points[-1]]
    found = tuple((plot.across.at(step), plot.up.at(value)) for step, value in kept)
    name = style(study, at, places, count)
    if len(found) == 1:
        return Mark(*found[0], RING, name, at)
    return Line(found, name, at)
