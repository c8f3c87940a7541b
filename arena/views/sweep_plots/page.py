"""A web page with all plots of a sweep and its trials, in one file that needs nothing from elsewhere.

What comes from the sweep is data in the page: its script makes texts of it, never markup. The policy of the
page allows only this script and this style sheet, by their digests, and no connection.
"""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from pkgutil import get_data
from typing import Any

from arena import visible
from arena.views.pictures import scales, svg
from arena.views.pictures.scene import FILLED, PATHS, Device
from arena.views.sweep_plots.encoding import encoded, shown
from arena.views.sweep_plots.plots import DRAWN
from arena.views.sweep_plots.study import Row, Study, text

_WIDTH = 440.0
"""The width of a plot in pixels; a phone shows one beside each other, a screen several."""
_COLUMN, _WIDEST = 190.0, 1380.0
"""The width for each axis of parallel coordinates, and that of all of them."""
_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript><p>The plots are drawn by a script in this page. Allow scripts to see them.</p></noscript>
<main id="page"></main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def page(study: Study, kinds: Sequence[str]) -> str:
    """The text of an HTML file with these plots."""
    style, script = svg.style() + _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
    return _TEMPLATE.format(
        policy=policy,
        title=svg.escaped(f"Sweep {study.name}"),
        style=style,
        data=embedded(_data(study, kinds)),
        script=script,
    )


def embedded(data: Any) -> str:
    """JSON that is safe as the content of an element: no text of it can end the element or start another."""
    found = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        found = found.replace(char, f"\\u{ord(char):04x}")
    return visible.json(found)


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return (get_data("arena", f"views/sweep_plots/{name}") or b"").decode()


def _data(study: Study, kinds: Sequence[str]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in study.rows for name in row.assignments))
    return {
        "name": shown(study.name),
        "objectives": [{"name": shown(one.metric), "maximize": one.maximize} for one in study.objectives],
        "metrics": [shown(name) for name in study.metrics],
        "parameters": [shown(name) for name in names],
        "trials": [_trial(row, names) for row in study.rows],
        "best": study.best,
        "front": sorted(study.front) if len(study.objectives) > 1 else [],
        "paths": PATHS,
        "filled": sorted(FILLED),
        "plots": [{"id": kind, **encoded(DRAWN[kind](study, _device(study, kind)))} for kind in kinds],
    }


def _device(study: Study, kind: str) -> Device:
    axes = len(study.dimensions) + len(study.objectives)
    wide = min(max(_WIDTH, axes * _COLUMN), _WIDEST)
    return Device(wide if kind == "parallel" else _WIDTH, 0.0)


def _trial(row: Row, names: Sequence[str]) -> list[Any]:
    """Number, name, state, duration and reason of a trial, its values, further metrics and parameters."""
    return [
        row.number,
        shown(row.name),
        row.state,
        round(row.seconds),
        shown(row.reason),
        [_measured(value) for value in row.values],
        [_measured(value) for value in row.recorded],
        [_given(row.assignments.get(name)) for name in names],
    ]


def _measured(value: float) -> float | str | None:
    """A value with the digits that a table shows; text if it is infinite, null if there is none."""
    if math.isnan(value):
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else scales.number(value)


def _given(value: Any) -> float | str | None:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return None if value is None else shown(text(value))
    return float(f"{value:.6g}") if isinstance(value, float) and math.isfinite(value) else _whole(value)


def _whole(value: float) -> float | str:
    # Larger numbers are not exact in a browser.
    return value if math.isfinite(value) and abs(value) < 2**53 else text(value)
