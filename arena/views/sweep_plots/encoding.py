"""Scenes as short JSON for the page: shapes of one style together, places in whole pixels."""

import itertools
from collections.abc import Iterable
from typing import Any

from arena import visible
from arena.views.pictures.scene import Box, Frame, Line, Mark, Scene, Shape, Text


def encoded(scene: Scene) -> dict[str, Any]:
    """A scene as plain data."""
    return {
        "title": shown(scene.title),
        "width": round(scene.device.width),
        "height": round(scene.device.height) if scene.shapes else 0,
        "legend": [list(one) for one in scene.legend],
        "notes": [shown(one) for one in scene.notes],
        "shapes": [
            one for _, group in itertools.groupby(scene.shapes, _kind) for one in _together(list(group))
        ],
    }


def shown(text: str) -> str:
    """Foreign text on one line without control characters."""
    return visible.encodable(visible.line(text))


def _kind(one: Shape) -> tuple[str, ...]:
    """What shapes that follow each other share if they are written together."""
    if isinstance(one, Mark):
        return "mark", one.shape, one.style
    return (type(one).__name__, one.style if isinstance(one, Box | Line) else "")


def _together(shapes: list[Any]) -> list[list[Any]]:
    first = shapes[0]
    if isinstance(first, Mark):
        places = [at for one in shapes for at in (one.trial, round(one.x), round(one.y))]
        return [["mark", first.shape, first.style, places]]
    if isinstance(first, Box):
        corners = [_pixels([one.left, one.top, one.right, one.bottom]) for one in shapes]
        return [["box", first.style, [at for corner in corners for at in corner]]]
    if isinstance(first, Line):
        return [
            [
                "line",
                first.style,
                [[one.trial, *_pixels(itertools.chain.from_iterable(one.points))] for one in shapes],
            ]
        ]
    return [_frame(one) if isinstance(one, Frame) else _text(one) for one in shapes]


def _frame(one: Frame) -> list[Any]:
    return [
        "frame",
        *_pixels([one.left, one.top, one.right, one.bottom]),
        _pixels(one.across),
        _pixels(one.up),
    ]


def _text(one: Text) -> list[Any]:
    full = shown(one.full) if one.full != one.text else ""
    return ["text", round(one.x), round(one.y), shown(one.text), one.style, one.anchor, full]


def _pixels(places: Iterable[float]) -> list[int]:
    return [round(at) for at in places]
