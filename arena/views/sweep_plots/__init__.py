"""Plots of sweeps: history, parallel coordinates, importance, slices, contours, curves and the Pareto front.

Each module makes scenes of a `Study`; `plots` finds them, `page` is the web page with all of them.
"""

KINDS = ("history", "parallel", "importance", "slice", "contour", "curves", "pareto")
"""The names of the plots, in the order in which they are shown."""
UNRANKED = frozenset({"history", "curves", "pareto"})
"""Those that do not depend on the importance of parameters."""


def fitting(metrics: int) -> tuple[str, ...]:
    """The plots that make sense for a number of metrics: only several have a Pareto front."""
    return tuple(kind for kind in KINDS if kind != "pareto" or metrics > 1)
