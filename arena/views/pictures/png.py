"""Scenes as PNG, drawn by Pillow at three times their size and made smaller, so that lines are smooth."""

import io
from typing import TYPE_CHECKING

from arena.errors import ArenaError
from arena.tuples import NamedTuple
from arena.views.pictures import styles
from arena.views.pictures.scene import CROSS, DOT, RING, SQUARE, Box, Frame, Line, Mark, Point, Scene, Text

if TYPE_CHECKING:
    from PIL import ImageDraw

_SCALE, _SMOOTH = 2, 2
"""Pixels for each unit of a scene, and how many times more are drawn in each direction."""
_FACTOR = _SCALE * _SMOOTH
_SIZES = {"title": 14.0}
_SIZE = 12.0
_STAR = ((0, -7), (1.8, -2.6), (6.6, -2.2), (2.9, 0.9), (4.1, 5.6), (0, 3.1), (-4.1, 5.6), (-2.9, 0.9),
         (-6.6, -2.2), (-1.8, -2.6))  # fmt: skip


def picture(scene: Scene) -> bytes:
    """The content of a PNG file on light paper, with two pixels for each unit.

    Raises:
        ArenaError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as cause:
        raise ArenaError(
            "PNG pictures need Pillow", "pip install 'arena-jobs[sweep]', or save an SVG picture instead"
        ) from cause
    width, height = round(scene.device.width * _SCALE), round(scene.device.height * _SCALE)
    image = Image.new("RGB", (width * _SMOOTH, height * _SMOOTH), styles.PAPER.light)
    painter = _Painter(ImageDraw.Draw(image, "RGBA"), {})
    for one in scene.shapes:
        if not isinstance(one, Text):
            painter.paint(one)
    image = image.resize((width, height), Image.Resampling.BOX)
    _write(ImageDraw.Draw(image), scene)
    content = io.BytesIO()
    image.save(content, "png", optimize=True)
    return content.getvalue()


class _Painter(NamedTuple):
    """Draws shapes, with each unit of the scene as several pixels."""

    draw: "ImageDraw.ImageDraw"
    colours: dict[str, tuple[int, int, int, int]]

    def paint(self, one: Box | Frame | Line | Mark) -> None:
        if isinstance(one, Frame):
            self._frame(one)
        elif isinstance(one, Line):
            self._line(one.points, one.style)
        elif isinstance(one, Box):
            corners = [at * _FACTOR for at in (one.left, one.top, one.right, one.bottom)]
            self.draw.rectangle(corners, fill=self._colour(one.style))
        else:
            self._mark(one)

    def _frame(self, one: Frame) -> None:
        grid, axis = styles.GRID.light, styles.FRAME.light
        for y in one.up:
            self._stroke([(one.left, y), (one.right, y)], grid, 1.0)
        self._stroke([(one.left, one.top), (one.left, one.bottom), (one.right, one.bottom)], axis, 1.0)
        for x in one.across:
            self._stroke([(x, one.bottom), (x, one.bottom + 4)], axis, 1.0)

    def _line(self, points: tuple[Point, ...], style: str) -> None:
        self._stroke(list(points), self._colour(style), styles.ALL[style].width)

    def _stroke(self, points: list[Point], colour: "str | tuple[int, ...]", width: float) -> None:
        places = [(x * _FACTOR, y * _FACTOR) for x, y in points]
        self.draw.line(places, fill=colour, width=round(width * _FACTOR), joint="curve")

    def _mark(self, one: Mark) -> None:
        colour, width = self._colour(one.style), styles.ALL[one.style].width
        if one.shape == CROSS:
            for slope in (1, -1):
                ends = [(one.x - 3.5, one.y - 3.5 * slope), (one.x + 3.5, one.y + 3.5 * slope)]
                self._stroke(ends, colour, width)
        elif one.shape == DOT:
            self.draw.ellipse(self._around(one, 3.5), fill=styles.PAPER.light)
            self.draw.ellipse(self._around(one, 3), fill=colour)
        elif one.shape == RING:
            self.draw.ellipse(self._around(one, 3.5), outline=colour, width=round(width * _FACTOR))
        elif one.shape == SQUARE:
            self.draw.rectangle(self._around(one, 3), outline=colour, width=round(width * _FACTOR))
        else:
            self.draw.polygon([((one.x + x) * _FACTOR, (one.y + y) * _FACTOR) for x, y in _STAR], fill=colour)

    def _around(self, one: Mark, size: float) -> list[float]:
        low, high = (one.x - size, one.y - size), (one.x + size, one.y + size)
        return [at * _FACTOR for at in (*low, *high)]

    def _colour(self, style: str) -> tuple[int, int, int, int]:
        if style not in self.colours:
            one = styles.ALL[style]
            red, green, blue = bytes.fromhex(one.light[1:])
            self.colours[style] = (red, green, blue, round(255 * one.opacity))
        return self.colours[style]


def _write(draw: "ImageDraw.ImageDraw", scene: Scene) -> None:
    """Write the texts, which stay sharp if they are not made smaller."""
    from PIL import ImageFont

    fonts = {size: ImageFont.load_default(size * _SCALE) for size in (_SIZE, *_SIZES.values())}
    for one in scene.shapes:
        if isinstance(one, Text):
            draw.text(
                (one.x * _SCALE, one.y * _SCALE),
                one.text,
                styles.TEXTS[one.style].light,
                fonts[_SIZES.get(one.style, _SIZE)],
                {"start": "lm", "middle": "mm", "end": "rm"}[one.anchor],
                stroke_width=3,
                stroke_fill=styles.PAPER.light,
            )
