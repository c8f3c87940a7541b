"""Pictures as data: scales, axes and shapes, and what draws them as SVG, as PNG and in a terminal."""
