"""The plots of a sweep by their names, as text, SVG, PNG and web page."""

from collections.abc import Callable, Sequence

from arena.values import replace
from arena.views.pictures import headed, png, svg, terminal
from arena.views.pictures.cells import Ink
from arena.views.pictures.scene import Device, Scene
from arena.views.sweep_plots import contour, curves, history, importance, parallel, pareto, slices
from arena.views.sweep_plots.study import Study

DRAWN: dict[str, Callable[[Study, Device], Scene]] = {
    "history": history.draw,
    "parallel": parallel.draw,
    "importance": importance.draw,
    "slice": slices.draw,
    "contour": contour.draw,
    "curves": curves.draw,
    "pareto": pareto.draw,
}
_WIDTH = 828.0
"""The width of a picture without its margins, in pixels."""


def as_text(study: Study, kinds: Sequence[str], columns: int, ink: Ink) -> str:
    """Plots for a terminal, without a final line end."""
    device = terminal.device(columns, 0)
    return "\n\n".join(terminal.text(DRAWN[kind](study, device), ink) for kind in kinds)


def as_svg(study: Study, kinds: Sequence[str]) -> str:
    """The text of an SVG file."""
    return svg.picture(_picture(study, kinds))


def as_png(study: Study, kinds: Sequence[str]) -> bytes:
    """The content of a PNG file.

    Raises:
        ArenaError: Pillow is not installed.
    """
    return png.picture(_picture(study, kinds))


def _picture(study: Study, kinds: Sequence[str]) -> Scene:
    first, *others = [DRAWN[kind](study, Device(_WIDTH, 0.0)) for kind in kinds]
    return headed.headed([replace(first, title=f"{study.name}: {first.title}"), *others])
