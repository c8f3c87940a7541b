"""The first metric over each parameter."""

import math

from arena.views.pictures import axes
from arena.views.pictures.scene import Box, Device, Scene, Shape
from arena.views.sweep_plots import marks
from arena.views.sweep_plots.study import Dimension, Study, objective, tips

TITLE = "Slices"
_MOST = 12
"""Maximum number of parameters."""


def draw(study: Study, device: Device) -> Scene:
    """A plot for each parameter, the most important one first."""
    across = max(1, int(device.width / device.char / (36 if device.cells else 30)))
    dimensions = study.ranked()[: 6 if device.cells else _MOST]
    notes = []
    if len(study.dimensions) > len(dimensions):
        notes.append(f"{len(study.dimensions) - len(dimensions)} less important parameters are not shown.")
    if not study.known():
        return Scene(title=TITLE, device=device, notes=("No trial has a value yet.",))
    if not dimensions:
        return Scene(title=TITLE, device=device, notes=("No parameter has several values.",))
    rows = math.ceil(len(dimensions) / across)
    across = math.ceil(len(dimensions) / rows)
    width, height = device.width / across, 13 * device.line if device.cells else 220.0
    shapes: list[Shape] = []
    for at, one in enumerate(dimensions):
        left, top = at % across * width, at // across * height
        if device.cells:
            left = left // 2 * 2
        room = Box(left, top, left + width - device.char, top + height)
        shapes += _slice(study, one, room, device)
    _, beyond = objective(study, 0)
    if beyond:
        notes.append(f"{beyond} of the worst values are beyond the axis.")
    return Scene(
        title=f"{TITLE} of {study.objectives[0].metric}",
        device=device._replace(height=rows * height),
        shapes=tuple(shapes),
        legend=marks.legend(shapes),
        notes=tuple(notes),
        tips=tips(study),
    )


def _slice(study: Study, one: Dimension, room: Box, device: Device) -> list[Shape]:
    axis, _ = objective(study, 0)
    plot = axes.plot(device, room, one.axis, axis._replace(title=study.objectives[0].metric))
    places = {
        at: (plot.across.at(one.places[at]), plot.up.at(study.rows[at].values[0]))
        for at in study.known()
        if math.isfinite(one.places[at])
    }
    return [*plot.shapes, *marks.placed(study, places, device)]
