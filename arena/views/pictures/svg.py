"""Scenes as SVG."""

import html
from collections.abc import Iterator, Sequence

from arena import visible
from arena.views.pictures import styles
from arena.views.pictures.scene import FILLED, PATHS, Box, Frame, Line, Mark, Point, Scene, Text

FONT = "12px system-ui, sans-serif"


def picture(scene: Scene) -> str:
    """The text of an SVG file, which has no scripts and needs nothing from elsewhere."""
    width, height = f"{scene.device.width:g}", f"{scene.device.height:g}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">',
        f"<title>{escaped(scene.title)}</title>",
        f"<style>{style()}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *_shapes(scene),
        "</svg>",
        "",
    ])  # fmt: skip


def style() -> str:
    """The style sheet of pictures, with the colours of light and dark paper."""
    return "\n".join([
        "",
        "rect { shape-rendering: crispEdges; }",
        f"svg {{ color-scheme: light dark; font: {FONT}; }} path, circle {{ stroke-linejoin: round; }}",
        "path { fill: none; } .frame, .grid { stroke-width: 1; }",
        ".title { font-size: 14px; font-weight: 600; }",
        "text { stroke-width: 3; paint-order: stroke; stroke-linejoin: round; }",
        *(f".{name} {{ {_strokes(one)} }}" for name, one in styles.ALL.items()),
        *_colours(0),
        "@media (prefers-color-scheme: dark) {",
        *_colours(1),
        "}",
        "",
    ])  # fmt: skip


def _strokes(one: styles.Style) -> str:
    dash = f" stroke-dasharray: {one.dash};" if one.dash else ""
    faint = f" opacity: {one.opacity:g};" if one.opacity < 1 else ""
    return f"stroke-width: {one.width:g};{dash}{faint}"


def _colours(theme: int) -> Iterator[str]:
    paper = styles.PAPER[theme]
    yield f".paper {{ fill: {paper}; }} text {{ fill: {styles.TEXTS[''][theme]}; stroke: {paper}; }}"
    yield f".faint {{ fill: {styles.TEXTS['faint'][theme]}; }}"
    yield f".frame {{ stroke: {styles.FRAME[theme]}; }} .grid {{ stroke: {styles.GRID[theme]}; }}"
    for name, one in styles.ALL.items():
        yield f".{name} {{ stroke: {one[theme]}; }} .{name}.full {{ fill: {one[theme]}; }}"
    yield f"path.full {{ stroke: {paper}; stroke-width: 1; paint-order: stroke; }}"
    yield "rect.full { stroke: none; }"


def _shapes(scene: Scene) -> Iterator[str]:
    for one in scene.shapes:
        if isinstance(one, Frame):
            yield from _frame(one)
        elif isinstance(one, Line):
            yield f'<path class="{one.style}" d="{line(one.points)}"/>'
        elif isinstance(one, Box):
            size = f'width="{one.width:.1f}" height="{one.height:.1f}"'
            yield f'<rect class="{one.style} full" x="{one.left:.1f}" y="{one.top:.1f}" {size}/>'
        elif isinstance(one, Mark):
            yield _mark(one, scene.tips.get(one.trial, ""))
        else:
            yield text(one)


def _frame(one: Frame) -> Iterator[str]:
    levels = "".join(f"M{one.left:.1f} {y:.1f}H{one.right:.1f}" for y in one.up)
    if levels:
        yield f'<path class="grid" d="{levels}"/>'
    marks = "".join(f"M{x:.1f} {one.bottom:.1f}v4" for x in one.across)
    yield f'<path class="frame" d="M{one.left:.1f} {one.top:.1f}V{one.bottom:.1f}H{one.right:.1f}{marks}"/>'


def _mark(one: Mark, tip: str) -> str:
    full = " full" if one.shape in FILLED else ""
    place = f'<path class="{one.style}{full}" d="M{one.x:.1f} {one.y:.1f}{PATHS[one.shape]}"'
    return f"{place}><title>{escaped(tip)}</title></path>" if tip else f"{place}/>"


def line(points: Sequence[Point]) -> str:
    """The path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def text(one: Text) -> str:
    """A text; its whole form is shown under the pointer if it was shortened."""
    css = f' class="{one.style}"' if one.style else ""
    tip = f"<title>{escaped(one.full)}</title>" if one.full not in ("", one.text) else ""
    place = f'x="{one.x:.1f}" y="{one.y + 4:.1f}" text-anchor="{one.anchor}"'
    return f"<text{css} {place}>{tip}{escaped(one.text)}</text>"


def escaped(text: str) -> str:
    """Foreign text as content of an element, or as the value of an attribute."""
    return html.escape(visible.encodable(visible.line(text)))
