"""The marks of trials, and what their shapes mean."""

from collections.abc import Iterable, Mapping

from arena.values import replace
from arena.views.pictures.scene import Device, Key, Line, Mark, Point, Shape
from arena.views.sweep_plots.study import BEST, FAILED, SHAPES, SUCCEEDED, Study

_CROWD = 150
"""The number of trials from which on a terminal shows the usual ones as dots smaller than a cell."""


def placed(study: Study, places: Mapping[int, Point], device: Device) -> list[Shape]:
    """The marks of trials at these places, the usual ones first, the best one last."""
    is_crowded = device.cells and len(places) > _CROWD
    usual: list[Shape] = []
    special: list[Shape] = []
    for at, (x, y) in places.items():
        state = style(study, at)
        if state == SUCCEEDED and is_crowded:
            usual.append(Line(((x, y), (x, y)), state, at))
        elif state == SUCCEEDED:
            usual.append(Mark(x, y, SHAPES[state], state, at))
        else:
            special.append(Mark(x, y, SHAPES[state], state, at))
    special.sort(key=lambda one: isinstance(one, Mark) and one.style == BEST)
    return [*usual, *special]


def others(study: Study, places: Mapping[int, Point], device: Device) -> list[Shape]:
    """The marks of trials of which none is the best."""
    return placed(replace(study, best=-1), places, device)


def style(study: Study, at: int) -> str:
    """The name of the style and the shape of a trial: its state, or that it is the best."""
    if at == study.best:
        return BEST
    # A trial that ended well but has no value is as little a success as one that failed.
    row = study.rows[at]
    return FAILED if row.ended and study.value(at) is None else row.state


def legend(shapes: Iterable[Shape]) -> tuple[Key, ...]:
    """What the marks among these shapes mean, in a constant order."""
    used = {one.style for one in shapes if isinstance(one, Mark | Line)}
    return tuple(Key(SHAPES[one], one, _MEANINGS[one]) for one in SHAPES if one in used)


_MEANINGS = {FAILED: "failed or without a value", BEST: "best trial", SUCCEEDED: "succeeded",
             "stopped": "stopped early", "running": "running"}  # fmt: skip
