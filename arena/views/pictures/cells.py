"""The cells of a terminal that a scene is drawn in."""

from collections.abc import Iterator

from arena import visible
from arena.tuples import NamedTuple
from arena.views.pictures import styles
from arena.views.pictures.scene import (
    CROSS,
    DOT,
    RING,
    SQUARE,
    STAR,
    Box,
    Device,
    Frame,
    Line,
    Mark,
    Point,
    Shape,
    Text,
)


class Ink(NamedTuple):
    """What a terminal can show."""

    colour: bool = False
    """Whether to select colours by control sequences."""
    unicode: bool = True
    """Whether it has characters beyond ASCII."""


_MARKS = {DOT: "•", CROSS: "×", RING: "○", SQUARE: "□", STAR: "★"}
_ASCII_MARKS = {DOT: "o", CROSS: "x", RING: "+", SQUARE: "s", STAR: "@"}
_RANK = {STAR: 4, CROSS: 2, SQUARE: 2, RING: 3, DOT: 1}
"""Which of several marks in a cell is shown."""
_PLAIN = str.maketrans({"…": "~", "×": "x", "–": "-", "µ": "u", "∞": "i", "·": "."})
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_UPPER = 0x01 | 0x02 | 0x08 | 0x10
_SHADES, _ASCII_SHADES = "·░▒▓█", ".:*%#"
_PARTS = " ▏▎▍▌▋▊▉█"
_AXES = {"│": "|", "─": "-", "└": "+", "┤": "+", "┬": "+"}


def plain(text: str, ink: Ink) -> str:
    """The text without control characters, and in ASCII if the terminal has nothing else."""
    text = visible.encodable(visible.line(text))
    return text if ink.unicode else text.translate(_PLAIN).encode("ascii", "replace").decode()


def styled(text: str, ansi: str, ink: Ink) -> str:
    """The text with its colour, if the terminal has colours."""
    return f"\x1b[{ansi}m{text}\x1b[0m" if ink.colour and ansi and text.strip() else text


def mark(shape: str, ink: Ink) -> str:
    """The character of a mark."""
    return (_MARKS if ink.unicode else _ASCII_MARKS)[shape]


def shade(style: str, ink: Ink) -> str:
    """The character of an area."""
    return (_SHADES if ink.unicode else _ASCII_SHADES)[styles.ALL[style].shade]


def beginning(device: Device, one: Text) -> tuple[int, int]:
    """The column and the row of a text."""
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[one.anchor]
    column = round(one.x / device.char - visible.width(one.text) * share)
    return column, int(one.y // device.line)


class Grid:
    """Cells that shapes are drawn in, one over the other."""

    def __init__(self, device: Device, ink: Ink) -> None:
        self._device, self._ink = device, ink
        self._columns, self._rows = int(device.width // 2), int(device.height // 4)
        self._cells = [[_Cell() for _ in range(self._columns)] for _ in range(self._rows)]

    def draw(self, one: Shape) -> None:
        """Draw a shape over the others."""
        if isinstance(one, Box):
            self._box(one)
        elif isinstance(one, Frame):
            self._frame(one)
        elif isinstance(one, Line):
            self._line(one)
        elif isinstance(one, Mark):
            self._mark(one)
        else:
            self._text(one)

    def lines(self) -> Iterator[str]:
        """The rows without spaces at their end."""
        for row in self._cells:
            parts: list[str] = []
            run, before = "", ""
            last = max((at for at, cell in enumerate(row) if cell.text(self._ink) != " "), default=-1)
            for cell in row[: last + 1]:
                if cell.ansi != before:
                    parts.append(styled(run, before, self._ink))
                    run, before = "", cell.ansi
                run += cell.text(self._ink)
            yield "".join([*parts, styled(run, before, self._ink)]).rstrip()

    def _cell(self, column: int, row: int) -> "_Cell | None":
        inside = 0 <= column < self._columns and 0 <= row < self._rows
        return self._cells[row][column] if inside else None

    def _put(self, column: int, row: int, char: str, ansi: str, rank: int = 0) -> None:
        cell = self._cell(column, row)
        if cell and rank >= cell.rank:
            cell.char, cell.ansi, cell.dots, cell.rank = char, ansi, 0, rank

    def _box(self, one: Box) -> None:
        style = styles.ALL[one.style]
        char = shade(one.style, self._ink)
        first, last = one.left / 2, one.right / 2
        for row in range(round(one.top / 4), max(round(one.bottom / 4), round(one.top / 4) + 1)):
            for column in range(round(first), int(last)):
                self._put(column, row, char, style.ansi)
            part = _PARTS[int((last - int(last)) * 8)] if self._ink.unicode else " "
            if char == "█" and part != " ":
                self._put(int(last), row, part, style.ansi)

    def _frame(self, one: Frame) -> None:
        left, right, bottom = int(one.left // 2), int(one.right // 2), int(one.bottom // 4)
        for row in range(int(one.top // 4), bottom):
            self._axis(left, row, "│")
        for y in one.up:
            self._axis(left, int(y // 4), "┤")
        for column in range(left + 1, right + 1):
            self._axis(column, bottom, "─")
        for x in one.across:
            self._axis(int(x // 2), bottom, "┬")
        self._axis(left, bottom, "└" if right > left else "│")

    def _axis(self, column: int, row: int, char: str) -> None:
        self._put(column, row, char if self._ink.unicode else _AXES[char], styles.FRAME.ansi)

    def _line(self, one: Line) -> None:
        ansi = styles.ALL[one.style].ansi
        for start, end in zip(one.points, one.points[1:], strict=False):
            for x, y in _between(start, end):
                cell = self._cell(x // 2, y // 4)
                if cell:
                    cell.dots |= _BITS[y % 4][x % 2]
                    cell.ansi = ansi

    def _mark(self, one: Mark) -> None:
        ansi = styles.ALL[one.style].ansi
        self._put(int(one.x // 2), int(one.y // 4), mark(one.shape, self._ink), ansi, _RANK[one.shape])

    def _text(self, one: Text) -> None:
        column, row = beginning(self._device, one)
        ansi = styles.TEXTS[one.style].ansi
        for char in plain(one.text, self._ink):
            size = visible.width(char)
            if size:
                self._put(column, row, char, ansi, 9)
            elif (cell := self._cell(column - 1, row)) and cell.rank == 9:
                cell.char += char
            if size == 2:
                self._put(column + 1, row, "", ansi, 9)
            column += size


class _Cell:
    """One cell: a character, or the dots of lines."""

    __slots__ = ("ansi", "char", "dots", "rank")

    def __init__(self) -> None:
        self.char, self.ansi, self.dots, self.rank = " ", "", 0, 0

    def text(self, ink: Ink) -> str:
        """What the cell shows."""
        if not self.dots:
            return self.char
        if ink.unicode:
            return chr(0x2800 + self.dots)
        upper, lower = self.dots & _UPPER, self.dots & ~_UPPER
        return ":" if upper and lower else "'" if upper else "."


def _between(start: Point, end: Point) -> Iterator[tuple[int, int]]:
    """The dots of a straight line."""
    (x0, y0), (x1, y1) = start, end
    count = max(1, round(max(abs(x1 - x0), abs(y1 - y0))))
    for at in range(count + 1):
        yield int(x0 + (x1 - x0) * at / count), int(y0 + (y1 - y0) * at / count)
