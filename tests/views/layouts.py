"""Where the data and the texts of a picture are."""

from arena import visible
from arena.views.pictures.cells import beginning
from arena.views.pictures.scene import Box, Line, Mark, Text


def points(one):
    """The places of data."""
    if isinstance(one, Mark):
        return [(one.x, one.y)]
    return list(one.points) if isinstance(one, Line) else []


def extent(device, one):
    """The rectangle that a text fills; in a terminal that of its cells."""
    if device.cells:
        column, row = beginning(device, one)
        return Box(column, row, column + visible.width(one.text), row + 1)
    width = device.breadth(one.text)
    left = one.x - {"start": 0, "middle": 0.5, "end": 1}[one.anchor] * width
    return Box(left, one.y - device.line * 0.45, left + width, one.y + device.line * 0.45)


def is_overlapping(one, other):
    return (one.left < other.right - 1e-6 and other.left < one.right - 1e-6
            and one.top < other.bottom - 1e-6 and other.top < one.bottom - 1e-6)  # fmt: skip


def assert_readable(size, shapes):
    """No text leaves the picture, overlaps another, or has characters that cannot be printed."""
    texts = [one for one in shapes if isinstance(one, Text)]
    bounds = Box(0, 0, size.width, size.height)
    if size.cells:
        bounds = Box(0, 0, size.width // 2, size.height // 4)
    places = [extent(size, one) for one in texts]
    for at, (one, place) in enumerate(zip(texts, places, strict=True)):
        assert visible.line(one.text) == one.text
        assert bounds.left - 0.5 <= place.left, one
        assert place.right <= bounds.right + 0.5, one
        assert bounds.top - 0.5 <= place.top, one
        assert place.bottom <= bounds.bottom + 0.5, one
        for before in range(at):
            assert not is_overlapping(place, places[before]), (texts[before], one)
