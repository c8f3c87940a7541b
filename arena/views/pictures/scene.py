"""A picture as data: shapes in the units of a device, which `svg`, `png`, `terminal` and the page draw.

Texts are placed by the middle of their line. Their width is estimated from the number of their cells, so that
layouts are the same everywhere.
"""

from collections.abc import Mapping

from arena import visible
from arena.tuples import NamedTuple
from arena.values import field, frozen

Point = tuple[float, float]
CROSS, DOT, RING, SQUARE, STAR = "cross", "dot", "ring", "square", "star"
PATHS = {
    CROSS: "m-3.5-3.5l7 7m0-7l-7 7",
    DOT: "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    RING: "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    SQUARE: "m-3-3h6v6h-6z",
    STAR: "m0-7l1.8 4.4 4.8.4-3.7 3.1 1.2 4.7-4.1-2.5-4.1 2.5 1.2-4.7-3.7-3.1 4.8-.4z",
}
"""The outlines of marks, relative to their middle, as paths of SVG."""
_ENDING = 3
"""The share of a shortened text that shows its end, as a divisor."""
FILLED = frozenset({DOT, STAR})


class Device(NamedTuple):
    """What a picture is made for: its size, and that of its text, in the same unit.

    A terminal has units of which 2 by 4 make a cell, as the dots of Braille.
    """

    width: float
    height: float
    char: float = 6.9
    line: float = 17.0
    cells: bool = False

    def breadth(self, text: str) -> float:
        """The width of a text."""
        return visible.width(text) * self.char

    def fit(self, text: str, room: float) -> str:
        """The text on one line, with an ellipsis if it is wider than the room.

        If there is some room, the end of the text is kept, too: long names often differ only there.
        """
        text = visible.encodable(visible.line(text))
        columns = int(room / self.char)
        if visible.width(text) <= columns:
            return text
        if columns < 2:
            return ""
        end = ""
        for char in reversed(text):
            if visible.width(char + end) > columns // _ENDING:
                break
            end = char + end
        return f"{visible.clip(text, columns - 1 - visible.width(end))}…{end}"


class Box(NamedTuple):
    """A rectangle, such as a bar."""

    left: float
    top: float
    right: float
    bottom: float
    style: str = ""
    trial: int = -1

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


class Frame(NamedTuple):
    """The left and the lower axis of a plot, with the places of ticks on them; data is inside."""

    left: float
    top: float
    right: float
    bottom: float
    across: tuple[float, ...] = ()
    up: tuple[float, ...] = ()


class Line(NamedTuple):
    """A line through points; of a trial, if its index is not negative."""

    points: tuple[Point, ...]
    style: str
    trial: int = -1


class Mark(NamedTuple):
    """A point of a trial."""

    x: float
    y: float
    shape: str
    style: str
    trial: int = -1


class Text(NamedTuple):
    """A text beside its anchor: `start`, `middle` or `end` is at x, the middle of the line at y."""

    x: float
    y: float
    text: str
    style: str = ""
    anchor: str = "start"
    full: str = ""
    """The whole text, if it was shortened."""


Shape = Box | Frame | Line | Mark | Text


class Key(NamedTuple):
    """An entry of the legend: a mark, or a line if it has no shape."""

    shape: str
    style: str
    text: str


@frozen
class Scene:
    """A whole picture."""

    title: str
    device: Device
    shapes: tuple[Shape, ...] = ()
    legend: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()
    """What somebody who reads the picture should know, such as what it omits, or why it is empty."""
    tips: Mapping[int, str] = field(default_factory=dict)
    """What to show of a trial under the pointer, by its index."""
