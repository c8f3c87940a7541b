"""A picture of measurements as SVG: latency over time, and its distribution."""

from collections.abc import Iterator, Sequence

from arena.model.benchmarks import Benchmark, Distribution
from arena.views.benchmarks import grouped, loading, short
from arena.views.pictures import svg
from arena.views.pictures.scales import Scale, powers, steps
from arena.views.pictures.scene import Text
from arena.views.pictures.svg import line

_WIDTH, _LEFT, _RIGHT, _PANEL, _GAP, _LINE = 860, 76, 24, 220, 72, 18
_COLOURS = 6
"""Colours of the style, which further servers use again."""
_STYLE = """
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  .paper { fill: #ffffff; stroke: none; } text { fill: #24292f; }
  .faint { fill: #6e7781; } .title { font-size: 15px; font-weight: 600; }
  path { fill: none; stroke-width: 1.8; }
  .grid { stroke: #d0d7de; stroke-width: 1; } .axis { stroke: #6e7781; stroke-width: 1; }
  .p99 { stroke-width: 1; stroke-dasharray: 3 2; } .band { stroke: none; opacity: 0.12; }
  .bar { opacity: 0.18; stroke: none; } .error { stroke: #cf222e; stroke-width: 2; }
  .s0 { stroke: #0969da; } .f0 { fill: #0969da; } .s1 { stroke: #bc4c00; } .f1 { fill: #bc4c00; }
  .s2 { stroke: #1a7f37; } .f2 { fill: #1a7f37; } .s3 { stroke: #8250df; } .f3 { fill: #8250df; }
  .s4 { stroke: #bf3989; } .f4 { fill: #bf3989; } .s5 { stroke: #57606a; } .f5 { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } text { fill: #e6edf3; } .faint { fill: #8d96a0; } .grid { stroke: #30363d; }
    .s0 { stroke: #58a6ff; } .f0 { fill: #58a6ff; } .s1 { stroke: #f0883e; } .f1 { fill: #f0883e; }
    .s2 { stroke: #3fb950; } .f2 { fill: #3fb950; } .s3 { stroke: #bc8cff; } .f3 { fill: #bc8cff; }
    .s4 { stroke: #f778ba; } .f4 { fill: #f778ba; } .s5 { stroke: #8d96a0; } .f5 { fill: #8d96a0; }
  }
"""


def picture(found: Sequence[Benchmark]) -> str:
    """The text of an SVG file.

    The upper panel shows p50 as a line, p99 as a dashed one, and errors as ticks on the axis; the lower one
    how many answers took how long. Both have logarithmic axes of latency.
    """
    head = 26 + _LINE * (len(found) + 3)
    height = head + 2 * _PANEL + _GAP + 36
    times = _times(found, head)
    spread = _spread(found, head + _PANEL + _GAP)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        _text(_LEFT, 26, "Latency under load", css="title"),
        *_legend(found),
        *times,
        *spread,
        "</svg>",
        "",
    ])  # fmt: skip


def _legend(found: Sequence[Benchmark]) -> Iterator[str]:
    yield _text(_LEFT, 26 + _LINE, loading(found[0].load), css="faint")
    for number, one in enumerate(found):
        y = 26 + _LINE * (number + 2)
        figures = one.latency
        said = ", ".join(f"{name} {short(getattr(figures, name))}" for name in ("p50", "p95", "p99", "max"))
        yield f'<rect class="f{number % _COLOURS}" x="{_LEFT}" y="{y - 9}" width="10" height="10" rx="2"/>'
        yield _text(_LEFT + 16, y, f"{one.name}: {one.throughput:.1f}/s, {said}, {one.failed} errors")


def _times(found: Sequence[Benchmark], top: float) -> Iterator[str]:
    """Latency over time."""
    slots = [slot for one in found for slot in one.slots]
    known = [slot for slot in slots if slot.count]
    end = max((slot.start + slot.seconds for slot in slots), default=1.0)
    across = Scale(0.0, end, _LEFT, _WIDTH - _RIGHT)
    up = _latencies([figure for slot in known for figure in (slot.p50, slot.p99)], top + _PANEL, top + 14)
    yield _text(_LEFT, top + 4, "Latency over time: p50, and p99 dashed", css="faint")
    yield from _levels(up)
    yield from _marks(across, top + _PANEL, "seconds")
    for number, one in enumerate(found):
        yield from _curves(one, number % _COLOURS, across, up)
    for one in found:
        for slot in one.slots:
            if slot.errors:
                place = f"M{across.at(slot.start + slot.seconds / 2):.1f} {top + _PANEL:.1f}v-7"
                yield f'<path class="error" d="{place}"><title>{slot.errors} errors</title></path>'


def _curves(one: Benchmark, colour: int, across: Scale, up: Scale) -> Iterator[str]:
    """p50 and p99, interrupted where nothing was answered."""
    runs: list[list[tuple[float, float, float]]] = [[]]
    for slot in one.slots:
        if slot.count:
            x = across.at(slot.start + slot.seconds / 2)
            runs[-1].append((x, up.at(slot.p50), up.at(slot.p99)))
        elif runs[-1]:
            runs.append([])
    for run in filter(None, runs):
        low = [(x, p50) for x, p50, _ in run]
        high = [(x, p99) for x, _, p99 in run]
        yield f'<path class="band f{colour}" d="{line([*low, *reversed(high)])}Z"/>'
        yield f'<path class="s{colour}" d="{line(low)}"/>'
        yield f'<path class="s{colour} p99" d="{line(high)}"/>'


def _spread(found: Sequence[Benchmark], top: float) -> Iterator[str]:
    """The distribution."""
    all_rows = [grouped(one.latency, 60) for one in found]
    edges = [edge for rows in all_rows for low, high, _ in rows for edge in (low, high)]
    across = _latencies(edges, _LEFT, _WIDTH - _RIGHT)
    most = max((count / one.latency.count for one, rows in zip(found, all_rows, strict=True)
                for _, _, count in rows), default=1.0)  # fmt: skip
    up = Scale(0.0, most or 1.0, top + _PANEL, top + 14)
    yield _text(_LEFT, top + 4, "Distribution: share of the answers that took so long", css="faint")
    for share in steps(0.0, up.high):
        yield from _level(up.at(share), f"{100 * share:g}%")
    for value in powers(across.low, across.high):
        yield from _mark(across.at(value), top + _PANEL, _round(value))
    yield f'<path class="axis" d="M{_LEFT} {top + _PANEL}H{_WIDTH - _RIGHT}"/>'
    for number, (one, rows) in enumerate(zip(found, all_rows, strict=True)):
        yield from _outline(one.latency, rows, number % _COLOURS, across, up)


def _outline(
    whole: Distribution, rows: Sequence[tuple[float, float, int]], colour: int, across: Scale, up: Scale
) -> Iterator[str]:
    points = [(across.at(rows[0][0]), up.at(0.0))] if rows else []
    for low, high, count in rows:
        y = up.at(count / whole.count)
        points += [(across.at(low), y), (across.at(high), y)]
    if points:
        points.append((points[-1][0], up.at(0.0)))
        yield f'<path class="bar f{colour}" d="{line(points)}Z"/>'
        yield f'<path class="s{colour}" d="{line(points)}"/>'


def _latencies(values: Sequence[float], start: float, end: float) -> Scale:
    """A logarithmic scale for durations, with some room at both ends."""
    known = [one for one in values if one > 0]
    low, high = min(known, default=1e-3) / 1.15, max(known, default=1e-2) * 1.15
    return Scale(low, max(high, low * 2), start, end, logarithmic=True)


def _levels(up: Scale) -> Iterator[str]:
    for value in powers(up.low, up.high):
        yield from _level(up.at(value), _round(value))


def _level(y: float, label: str) -> Iterator[str]:
    yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
    yield _text(_LEFT - 8, y + 4, label, css="faint", anchor="end")


def _marks(across: Scale, y: float, unit: str) -> Iterator[str]:
    yield f'<path class="axis" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>'
    for value in steps(across.low, across.high):
        yield from _mark(across.at(value), y, f"{value:g}")
    yield _text(_WIDTH - _RIGHT, y + 34, unit, css="faint", anchor="end")


def _mark(x: float, y: float, label: str) -> Iterator[str]:
    yield f'<path class="axis" d="M{x:.1f} {y}v4"/>'
    yield _text(x, y + 18, label, css="faint", anchor="middle")


def _round(seconds: float) -> str:
    """A round duration: `20 ms`."""
    factor, unit = (1e6, "µs") if seconds < 1e-3 else (1e3, "ms") if seconds < 1 else (1, "s")
    return f"{seconds * factor:g} {unit}"


def _text(x: float, y: float, text: str, css: str = "", anchor: str = "start") -> str:
    return svg.text(Text(x, y - 4, text, css, anchor))
