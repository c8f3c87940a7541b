"""Scenes in a terminal: lines in dots of Braille, marks as characters, or all of it in ASCII."""

from collections.abc import Iterator, Sequence

from arena import visible
from arena.views.pictures import styles
from arena.views.pictures.cells import Grid, Ink, mark, plain, shade, styled
from arena.views.pictures.scene import Box, Device, Frame, Key, Line, Mark, Scene, Text

_ORDER = (Box, Line, Frame, Mark, Text)
"""What is drawn over what."""


def device(columns: int, rows: int) -> Device:
    """A part of a terminal, whose cells consist of 2 by 4 units, as the dots of Braille."""
    return Device(columns * 2.0, rows * 4.0, 2.0, 4.0, cells=True)


def text(scene: Scene, ink: Ink) -> str:
    """The lines of a scene with its title, legend and notes, without a final line end."""
    columns = int(scene.device.width // 2)
    title = plain(scene.device.fit(scene.title, scene.device.width), ink)
    lines = [styled(title, styles.TEXTS["title"].ansi, ink)]
    if scene.shapes:
        grid = Grid(scene.device, ink)
        for kind in _ORDER:
            for one in scene.shapes:
                if isinstance(one, kind):
                    grid.draw(one)
        lines += grid.lines()
    lines += _legend(scene.legend, columns, ink)
    for note in scene.notes:
        lines += (styled(part, styles.TEXTS["faint"].ansi, ink) for part in _wrapped(note, columns, ink))
    return "\n".join(lines)


def _legend(keys: Sequence[Key], columns: int, ink: Ink) -> Iterator[str]:
    line, used = "", 0
    for key in keys:
        sample, meaning = _sample(key, ink), visible.clip(plain(key.text, ink), columns - 3)
        breadth = visible.width(sample) + 1 + visible.width(meaning)
        entry = f"{styled(sample, styles.ALL[key.style].ansi, ink)} {meaning}"
        if used and used + 3 + breadth > columns:
            yield line
            line, used = "", 0
        line, used = (f"{line}   {entry}", used + 3 + breadth) if used else (entry, breadth)
    if line:
        yield line


def _sample(key: Key, ink: Ink) -> str:
    if key.shape:
        return mark(key.shape, ink)
    if key.style.startswith(("area", "bar")):
        return shade(key.style, ink) * 2
    return "⠤⠤" if ink.unicode else ".."


def _wrapped(note: str, columns: int, ink: Ink) -> Iterator[str]:
    line = ""
    for word in plain(note, ink).split():
        if line and visible.width(line) + 1 + visible.width(word) > columns:
            yield line
            line = ""
        line = f"{line} {word}" if line else visible.clip(word, columns)
    if line:
        yield line
