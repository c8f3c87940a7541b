"""The curves of a metric of several jobs over each other, as text, SVG and PNG."""

from collections.abc import Sequence
from itertools import pairwise

from arena.curve_lines import drawable
from arena.model.curves import Curves, Point
from arena.views.pictures import axes, headed, png, styles, svg, terminal
from arena.views.pictures.cells import Ink
from arena.views.pictures.scene import CROSS, DOT, RING, SQUARE, STAR, Box, Device, Key, Line, Mark, Scene

SHAPES = (DOT, RING, CROSS, SQUARE, STAR)
"""The marks at the ends of curves: as many jobs can be told apart without colours."""
METRICS = 12
"""Maximum number of metrics in a picture."""
_ROWS, _HEIGHT, _WIDTH = 14, 280.0, 828.0


def as_text(found: Sequence[Curves], metrics: Sequence[str], columns: int, ink: Ink) -> str:
    """Plots for a terminal, without a final line end."""
    device = terminal.device(columns, _ROWS)
    return "\n\n".join(terminal.text(one, ink) for one in _scenes(found, metrics, device))


def as_svg(found: Sequence[Curves], metrics: Sequence[str]) -> str:
    """The text of an SVG file."""
    return svg.picture(headed.headed(_scenes(found, metrics, Device(_WIDTH, _HEIGHT))))


def as_png(found: Sequence[Curves], metrics: Sequence[str]) -> bytes:
    """The content of a PNG file.

    Raises:
        ArenaError: Pillow is not installed.
    """
    return png.picture(headed.headed(_scenes(found, metrics, Device(_WIDTH, _HEIGHT))))


def _scenes(found: Sequence[Curves], metrics: Sequence[str], device: Device) -> list[Scene]:
    return [draw(found, metric, device) for metric in metrics[:METRICS]]


def draw(found: Sequence[Curves], metric: str, device: Device) -> Scene:
    """One curve for each of the first jobs that report the metric more than once."""
    every = {one.name: drawable({metric: one.metrics.get(metric, ())}).get(metric, ()) for one in found}
    several = {name: points for name, points in every.items() if points}
    shown = dict(list(several.items())[: len(SHAPES)])
    if not shown:
        return Scene(title=metric, device=device, notes=("There are no two finite values.",))
    is_stepped = all(_has_steps(points) for points in shown.values())
    lines = {name: _places(points, is_stepped) for name, points in shown.items()}
    x = axes.numbers(
        "step" if is_stepped else "value", [x for one in lines.values() for x, _ in one], whole=True
    )
    y = axes.numbers("", [y for one in lines.values() for _, y in one])
    plot = axes.plot(device, Box(0, 0, device.width, device.height), x, y)
    shapes, marks, legend = list(plot.shapes), [], []
    for at, (name, points) in enumerate(lines.items()):
        placed = tuple((plot.across.at(x), plot.up.at(y)) for x, y in points)
        shapes.append(Line(placed, styles.JOBS[at]))
        marks.append(Mark(*placed[-1], SHAPES[at], styles.JOBS[at]))
        legend.append(Key(SHAPES[at], styles.JOBS[at], f"{name} {points[-1][1]:.6g}"))
    notes = [f"The first {len(shown)} of {len(several)} jobs are shown."] if len(several) > len(shown) else []
    return Scene(
        title=metric,
        device=device,
        shapes=(*shapes, *marks),
        legend=tuple(legend),
        notes=tuple(notes),
    )


def _has_steps(points: Sequence[Point]) -> bool:
    """Whether the steps never go back, as those do that start again in each epoch."""
    steps = [one.step for one in points if one.step is not None]
    return len(steps) == len(points) and all(before <= after for before, after in pairwise(steps))


def _places(points: Sequence[Point], is_stepped: bool) -> list[tuple[float, float]]:
    return [
        (one.step if is_stepped and one.step is not None else at, one.value)
        for at, one in enumerate(points, 1)
    ]
