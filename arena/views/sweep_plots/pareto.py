"""Two metrics over each other, and the trials on the Pareto front."""

from arena.views.pictures import axes
from arena.views.pictures.scene import DOT, STAR, Box, Device, Key, Line, Mark, Scene, Shape
from arena.views.sweep_plots import marks
from arena.views.sweep_plots.study import BEST, SUCCEEDED, Study, objective, tips

TITLE = "Pareto front"
_PAIRS = ((0, 1), (0, 2), (1, 2))


def draw(study: Study, device: Device) -> Scene:
    """A plot for each pair of the first three objectives."""
    count = len(study.objectives)
    if count < 2:
        return Scene(title=TITLE, device=device, notes=("A sweep with one metric has no Pareto front.",))
    height = 20 * device.line if device.cells else 320.0
    shapes: list[Shape] = []
    pairs = [pair for pair in _PAIRS if max(pair) < count]
    for at, pair in enumerate(pairs):
        room = Box(0, at * height, device.width, (at + 1) * height)
        shapes += _pair(study, pair, room, device)
    shown = [at for at in study.known(0) if study.value(at, 1) is not None]
    notes = [] if shown else ["No trial has values of both metrics yet."]
    front = len(study.front)
    if front:
        notes.append(f"{front} of {len(study.rows)} trials {'is' if front == 1 else 'are'} on the front.")
    return Scene(
        title=TITLE,
        device=device._replace(height=len(pairs) * height),
        shapes=tuple(shapes),
        legend=(Key(STAR, BEST, "on the front"), Key(DOT, SUCCEEDED, "other trials")),
        notes=tuple(notes),
        tips=tips(study),
    )


def _pair(study: Study, pair: tuple[int, int], room: Box, device: Device) -> list[Shape]:
    (x, _), (y, _) = objective(study, pair[0]), objective(study, pair[1])
    plot = axes.plot(device, room, x, y)
    places = {
        at: (plot.across.at(first), plot.up.at(second))
        for at in range(len(study.rows))
        if (first := study.value(at, pair[0])) is not None
        and (second := study.value(at, pair[1])) is not None
    }
    others = {at: place for at, place in places.items() if at not in study.front}
    found = sorted((place, at) for at, place in places.items() if at in study.front)
    line = (
        [Line(tuple(place for place, _ in found), "so-far")] if len(study.objectives) == 2 and found else []
    )
    return [
        *plot.shapes,
        *line,
        *marks.others(study, others, device),
        *(Mark(*place, STAR, BEST, at) for place, at in found),
    ]
