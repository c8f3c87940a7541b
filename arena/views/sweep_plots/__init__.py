"""Plots of sweeps: history, parallel coordinates, importance, slices, contours, curves and the Pareto front.

Each module makes scenes of a `Study`; `plots` finds them, `page` is the web page with all of them.
"""
