"""Plots of sweeps: history, parallel coordinates, importance, slices, contours, curves and the Pareto front.

Each module makes scenes of a `Study`; `plots` finds them, `page` is the web page with all of them.
"""

KINDS = ("history", "parallel", "importance", "slice", "contour", "curves", "pareto")
"""The names of the plots, in the order in which they are shown."""
