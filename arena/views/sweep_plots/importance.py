"""How much of the differences between trials each parameter explains."""

from collections.abc import Sequence

from arena.views.pictures.scene import Box, Device, Frame, Scene, Shape, Text
from arena.views.sweep_plots.study import Study

TITLE = "Importance of parameters"
_MOST = 20
"""Maximum number of bars of a metric."""


def draw(study: Study, device: Device) -> Scene:
    """Bars for each objective whose importance is known."""
    line = device.line if device.cells else device.line * 1.35
    shapes: list[Shape] = []
    notes: list[str] = []
    top = 0.0
    names = [name for shares in study.importance.values() for name in shares]
    left = min(max(map(device.breadth, names), default=0.0), device.width * 0.35 // 2 * 2) + device.char
    left += left % 2 if device.cells else 0
    for goal in study.objectives:
        shares = sorted(study.importance.get(goal.metric, {}).items(), key=lambda one: (-one[1], one[0]))
        if not shares:
            continue
        shapes.append(Text(0, top + line / 2, device.fit(f"for {goal.metric}", device.width), "axis-title"))
        shapes += _bars(device, shares[:_MOST], Box(left, top + line, device.width, top + 2 * line))
        top += line * (min(len(shares), _MOST) + 2)
        if len(shares) > _MOST:
            notes.append(f"{len(shares) - _MOST} less important parameters are not shown.")
    if not shapes:
        notes.append("The importance is unknown until several trials with different values have ended.")
    return Scene(title=TITLE, device=device._replace(height=top), shapes=tuple(shapes), notes=tuple(notes))


def _bars(device: Device, shares: Sequence[tuple[str, float]], first: Box) -> list[Shape]:
    """Bars below each other, of which the first one has this room."""
    left, top, line = first.left, first.top, first.height
    names = [device.fit(name, left - device.char) for name, _ in shares]
    room = device.width - left - 6 * device.char
    most = max(share for _, share in shares) or 1.0
    thick = 0 if device.cells else line * 0.16
    shapes: list[Shape] = [Frame(left, top, left, top + line * len(shares) - (1 if device.cells else 0))]
    for at, (shown, (name, share)) in enumerate(zip(names, shares, strict=True)):
        y = top + at * line
        start = left + (2 if device.cells else 0)
        end = start + room * max(share, 0.0) / most
        shapes += [
            Text(left - device.char, y + line / 2, shown, "", "end", name),
            Box(start, y + thick, end, y + line - thick, "bar"),
            Text(end + device.char * (1.5 if device.cells else 0.8), y + line / 2, _percent(share), "faint"),
        ]
    return shapes


def _percent(share: float) -> str:
    return "< 1%" if 0 < share < 0.01 else f"{100 * share:.0f}%"
