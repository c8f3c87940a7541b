"""Measurements of servers: figures side by side, distributions as bars, and the keys of their JSON."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from arena import visible
from arena.model.benchmarks import Benchmark, Distribution, Load
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import Column, plain

_ROWS, _WIDTH = 14, 80
_BUSY = 0.85
"""The share of a core from which on the client may limit the figures."""
Cell = Callable[[Benchmark], str]


def short(seconds: float) -> str:
    """A duration with three digits: `812 µs`, `12.3 ms`, `1.05 s`.

    >>> short(0.000812), short(0.01234), short(0)
    ('812 µs', '12.3 ms', '0 µs')
    """
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if float(f"{seconds * factor:.3g}") < 1000:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds)} s"


def _digits(value: float) -> str:
    """Three significant digits, without an exponent."""
    places = 0 if value >= 100 or value == 0 else 1 if value >= 10 else 2
    return f"{value:.{places}f}"


def loading(load: Load) -> str:
    """A load in words: `200 requests/s for 10s`."""
    how = f"{load.rps:g} requests/s" if load.rps else f"{load.concurrency} at a time"
    most = f", at most {load.requests} requests" if load.requests else ""
    return f"{how} for {load.duration:g}s{most}"


def live(found: Sequence[Benchmark]) -> str:
    """One line about a measurement that goes on."""
    return "  ".join(_live(one, named=len(found) > 1) for one in found)


def _live(one: Benchmark, *, named: bool) -> str:
    start = f"{one.name}: " if named else f"{one.seconds:.0f}s  "
    tokens = f"  {one.tokens.per_second:.0f} tokens/s" if one.tokens else ""
    errors = f"  {one.failed} errors" if one.failed else ""
    times = f"p50 {short(one.latency.p50)}  p99 {short(one.latency.p99)}"
    return f"{start}{one.throughput:.1f}/s  {times}{tokens}{errors}"


def comparison(found: Sequence[Benchmark]) -> str:
    """The figures of several measurements side by side, and below the distribution of each."""
    rows = [["", *(one.name for one in found)]] if len(found) > 1 else [["Server", found[0].name]]
    rows += [[title, *map(cell, found)] for title, cell in _rows(found)]
    parts = [plain(rows), *(f"{_heading(one, found)}\n{bars(one.latency)}" for one in found if one.succeeded)]
    return "\n\n".join([*parts, *filter(None, map(_note, found))])


def _heading(one: Benchmark, found: Sequence[Benchmark]) -> str:
    return visible.line(f"Latency of {one.name}" if len(found) > 1 else "Latency")


def _rows(found: Sequence[Benchmark]) -> list[tuple[str, Cell]]:
    kinds = list(dict.fromkeys(failure.kind for one in found for failure in one.failures))
    written = any(one.tokens for one in found)
    return [
        ("URL", lambda one: one.url),
        *([("Protocol", lambda one: one.protocol)] if any(one.protocol for one in found) else []),
        *([("Model", lambda one: one.model or "N/A")] if any(one.model for one in found) else []),
        ("Load", lambda one: loading(one.load)),
        ("Measured", lambda one: f"{one.seconds:.1f}s" + (", interrupted" if one.interrupted else "")),
        ("Right answers", lambda one: str(one.succeeded)),
        ("Errors", lambda one: f"{one.failed} ({100 * one.error_share:.2g}%)" if one.failed else "0"),
        *((f"Errors: {kind}", _counter(kind)) for kind in kinds),
        *([("Unanswered", lambda one: str(one.unanswered))] if any(one.unanswered for one in found) else []),
        ("Throughput", lambda one: f"{one.throughput:.1f}/s"),
        *_times("Latency", lambda one: one.latency, ("p50", "p90", "p95", "p99", "max")),
        *(_token_rows() if written else ()),
    ]  # fmt: skip


def _counter(kind: str) -> Cell:
    return lambda one: str(next((failure.count for failure in one.failures if failure.kind == kind), 0))


def _token_rows() -> list[tuple[str, Cell]]:
    nothing = Distribution()
    return [
        (
            "Tokens",
            lambda one: f"{one.tokens.count} ({one.tokens.per_second:.1f}/s)" if one.tokens else "N/A",
        ),
        *_times("First token", lambda one: one.tokens.first if one.tokens else nothing, ("p50", "p99")),
        *_times("Between tokens", lambda one: one.tokens.between if one.tokens else nothing, ("p50", "p99")),
    ]


def _times(
    title: str, part: Callable[[Benchmark], Distribution], figures: Sequence[str]
) -> list[tuple[str, Cell]]:
    def cell(figure: str) -> Cell:
        return lambda one: short(getattr(part(one), figure)) if part(one).count else "N/A"

    return [(f"{title} {figure}", cell(figure)) for figure in figures]


def _note(one: Benchmark) -> str:
    """What somebody who reads the figures should know."""
    notes = [
        f"{failure.kind}: {failure.example}" for failure in one.failures if failure.example
    ]  # fmt: skip
    if one.remark:
        notes.append(one.remark)
    if one.client_share > _BUSY:
        share = f"{100 * one.client_share:.0f}%"
        notes.append(f"measuring took {share} of a core, which may limit the figures")
    return "\n".join(visible.line(f"{one.name}: {note}") for note in notes)


def bars(found: Distribution, width: int = _WIDTH) -> str:
    """A distribution as lines with bars; each spans a constant ratio of durations."""
    rows = grouped(found, _ROWS)
    most = max((count for _, _, count in rows), default=1)
    labels = [f"{short(low)} - {short(high)}" for low, high, _ in rows]
    counts = [str(count) for _, _, count in rows]
    room = width - max(map(len, labels), default=0) - max(map(len, counts), default=0) - 6
    lines = []
    for label, text, (_, _, count) in zip(labels, counts, rows, strict=True):
        bar = "#" * (max(1, round(room * count / most)) if count else 0)
        lines.append(f"  {label.rjust(max(map(len, labels)))}  {bar + ' ' if bar else ''}{text}")
    return "\n".join(lines)


def grouped(found: Distribution, rows: int) -> list[tuple[float, float, int]]:
    """Spans of equal ratio with their counts, also empty ones between others; at most so many."""
    if not found.buckets:
        return []
    first = found.buckets[0]
    steps = [round(_log(one.low / first.low) / _log(first.high / first.low)) for one in found.buckets]
    group = steps[-1] // rows + 1
    ratio = (first.high / first.low) ** group
    counts = [0] * (steps[-1] // group + 1)
    for step, one in zip(steps, found.buckets, strict=True):
        counts[step // group] += one.count
    return [(first.low * ratio**at, first.low * ratio ** (at + 1), count) for at, count in enumerate(counts)]


def _log(ratio: float) -> float:
    import math

    return math.log2(ratio)


def data(one: Benchmark, now: datetime) -> dict[str, Any]:
    """The measurement as plain data; durations are in seconds."""
    load = one.load
    return {
        "name": one.name,
        "url": one.url,
        "protocol": one.protocol,
        "model": one.model,
        "startTime": times.stamp(one.started),
        "seconds": one.seconds,
        "interrupted": one.interrupted,
        "load": {
            "rps": load.rps,
            "concurrency": None if load.rps else load.concurrency,
            "seconds": load.duration,
            "requests": load.requests,
            "warmupSeconds": load.warmup,
            "timeoutSeconds": load.timeout,
        },
        "requests": one.requests,
        "succeeded": one.succeeded,
        "failed": one.failed,
        "errors": [{"kind": f.kind, "count": f.count, "example": f.example} for f in one.failures],
        "unanswered": one.unanswered,
        "throughput": one.throughput,
        "latency": _figures(one.latency),
        "tokens": one.tokens and {
            "count": one.tokens.count,
            "perSecond": one.tokens.per_second,
            "first": _figures(one.tokens.first),
            "between": _figures(one.tokens.between),
        },
        "connections": one.connections,
        "bytesReceived": one.bytes_received,
        "clientShare": one.client_share,
        "timeline": [
            {"start": s.start, "seconds": s.seconds, "count": s.count, "errors": s.errors,
             "p50": s.p50, "p99": s.p99, "max": s.max}
            for s in one.slots
        ],
    }  # fmt: skip


def _figures(found: Distribution) -> dict[str, Any]:
    names = ("count", "mean", "min", "p50", "p90", "p95", "p99", "p999", "max")
    histogram = [{"from": one.low, "to": one.high, "count": one.count} for one in found.buckets]
    return {**{name: getattr(found, name) for name in names}, "histogram": histogram}


BENCHMARKS: Noun[Benchmark] = Noun(
    plural="measurements",
    columns=(
        Column("SERVER", lambda one, now: one.name),
        Column("REQUESTS", lambda one, now: one.requests),
        Column("ERRORS", lambda one, now: one.failed),
        Column("THROUGHPUT", lambda one, now: f"{one.throughput:.1f}/s"),
        Column("P50", lambda one, now: short(one.latency.p50)),
        Column("P95", lambda one, now: short(one.latency.p95)),
        Column("P99", lambda one, now: short(one.latency.p99)),
        Column("MAX", lambda one, now: short(one.latency.max)),
    ),
    data=data,
    page=lambda one, now: comparison([one]),
)
