"""A scene with its title, its legend and its notes as shapes."""

from collections.abc import Iterator, Sequence

from arena.values import replace
from arena.views.pictures.scene import Box, Device, Frame, Key, Line, Mark, Scene, Shape, Text

_MARGIN, _TITLE = 16.0, 30.0
_TIPS = 200
"""Up to how many trials have a text for the pointer, which each of their marks repeats."""


def headed(scenes: Sequence[Scene]) -> Scene:
    """One scene with the scenes below each other, each under its title and legend."""
    device = scenes[0].device
    shapes: list[Shape] = []
    top = 0.0
    for scene in scenes:
        shapes.append(_title(scene, top))
        top += _TITLE
        legend, rows = _legend(scene, top)
        shapes += legend
        top += rows * device.line + (6 if rows else 0)
        shapes += (moved(one, _MARGIN, top) for one in scene.shapes)
        top += scene.device.height if scene.shapes else 0
        for note in scene.notes:
            fitting = device.fit(note, device.width)
            shapes.append(Text(_MARGIN, top + device.line / 2, fitting, "faint", "start", note))
            top += device.line
        top += _MARGIN
    size = Device(device.width + 2 * _MARGIN, top, device.char, device.line)
    tips = {at: tip for scene in scenes for at, tip in scene.tips.items()}
    tips = tips if len(tips) <= _TIPS else {}
    return replace(scenes[0], device=size, shapes=tuple(shapes), legend=(), notes=(), tips=tips)


def moved(one: Shape, x: float, y: float) -> Shape:
    """The shape at another place."""
    if isinstance(one, Box):
        return Box(one.left + x, one.top + y, one.right + x, one.bottom + y, one.style, one.trial)
    if isinstance(one, Frame):
        ticks = tuple(at + x for at in one.across), tuple(at + y for at in one.up)
        return Frame(one.left + x, one.top + y, one.right + x, one.bottom + y, *ticks)
    if isinstance(one, Line):
        return Line(tuple((px + x, py + y) for px, py in one.points), one.style, one.trial)
    return one._replace(x=one.x + x, y=one.y + y)


def _title(scene: Scene, top: float) -> Text:
    # Its font is larger than that of the device.
    room = scene.device.width * 0.8
    return Text(_MARGIN, top + 18, scene.device.fit(scene.title, room), "title", "start", scene.title)


def _legend(scene: Scene, top: float) -> tuple[list[Shape], int]:
    """The shapes of the legend, and the number of its lines."""
    device, x, row = scene.device, 0.0, 0
    shapes: list[Shape] = []
    for key in scene.legend:
        text = device.fit(key.text, device.width - 30)
        breadth = device.breadth(text) + 34
        if x and x + breadth > device.width:
            x, row = 0.0, row + 1
        y = top + (row + 0.5) * device.line
        shapes += _key(key, _MARGIN + x, y)
        shapes.append(Text(_MARGIN + x + 16, y, text, "faint"))
        x += breadth
    return shapes, row + 1 if scene.legend else 0


def _key(key: Key, x: float, y: float) -> Iterator[Shape]:
    if key.shape:
        yield Mark(x + 5, y, key.shape, key.style)
    elif key.style.startswith(("area", "bar")):
        yield Box(x, y - 5, x + 11, y + 5, key.style)
    else:
        yield Line(((x, y), (x + 11, y)), key.style)
