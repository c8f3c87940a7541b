"""Colours of pictures, on light and on dark paper, and in a terminal."""

from arena.tuples import NamedTuple


class Style(NamedTuple):
    """How something is drawn.

    Colour is never the only difference: marks have shapes, lines have widths and dashes, areas have shades.
    """

    light: str
    dark: str
    ansi: str
    """The parameters of the control sequence that selects the colour in a terminal."""
    width: float = 1.5
    dash: str = ""
    opacity: float = 1.0
    shade: int = 4
    """How full the cells of an area are in a terminal, up to 4."""


PAPER = Style("#ffffff", "#0d1117", "")
TEXTS = {
    "": Style("#1f2328", "#e6edf3", ""),
    "title": Style("#1f2328", "#e6edf3", "1"),
    "axis-title": Style("#1f2328", "#e6edf3", ""),
    "faint": Style("#59636e", "#9198a1", "2"),
}
FRAME = Style("#818b98", "#656c76", "2", 1.0)
GRID = Style("#e3e8ee", "#262c36", "", 1.0)
DRAWN = {
    "succeeded": Style("#0969da", "#58a6ff", "36"),
    "failed": Style("#cf222e", "#ff7b72", "31"),
    "stopped": Style("#8250df", "#bc8cff", "35"),
    "running": Style("#1a7f37", "#3fb950", "32"),
    "best": Style("#bc4c00", "#f0883e", "33", 2.2),
    "so-far": Style("#bc4c00", "#f0883e", "33", 2.0),
    "spot": Style("#1f2328", "#e6edf3", "", opacity=0.75),
    "bar": Style("#0969da", "#58a6ff", "36", 1.0),
}
_RAMP = (
    ("#d3dae2", "#2b3542", "2"),
    ("#a9c8e6", "#2d5580", "34"),
    ("#6ea9de", "#3a7dbd", "34"),
    ("#2b7fce", "#62a8ea", "36"),
    ("#084a94", "#b3d8ff", "1;36"),
)
LEVELS = len(_RAMP)
_LINES = (
    ("#b3bfcc", "#6a7a8c"),
    ("#8fb1d6", "#4a74a3"),
    ("#5f9fd8", "#3a7dbd"),
    *((light, dark) for light, dark, _ in _RAMP[3:]),
)
LINES = {
    f"{name}{at}": Style(light, dark, _RAMP[at][2], width + 0.15 * at, opacity=opacity + 0.1 * at)
    for name, width, opacity in (("line", 1.1, 0.6), ("thin", 0.7, 0.4))
    for at, (light, dark) in enumerate(_LINES)
}
"""Lines of trials from the worst values to the best, and the same where there are many."""
AREAS = {f"area{at}": Style(light, dark, ansi, 0.0, shade=at) for at, (light, dark, ansi) in enumerate(_RAMP)}
"""Areas of the values from the worst to the best."""
_JOBS = {
    "job0": Style("#0969da", "#58a6ff", "36", 1.8),
    "job1": Style("#bc4c00", "#f0883e", "33", 1.8, dash="7 3"),
    "job2": Style("#1a7f37", "#3fb950", "32", 1.8, dash="2 3"),
    "job3": Style("#8250df", "#bc8cff", "35", 1.8, dash="9 3 2 3"),
    "job4": Style("#1f2328", "#e6edf3", "", 1.2),
}
JOBS = tuple(_JOBS)
"""The names of the styles of jobs over each other."""
ALL = {**DRAWN, **LINES, **AREAS, **_JOBS}


def level(share: float) -> int:
    """The step of the ramp for a value between the worst, 0, and the best, 1."""
    return min(int(share * LEVELS), LEVELS - 1)
