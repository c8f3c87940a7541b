"""What the server of the page answers to a path, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote

from arena.dashboard import changes, text
from arena.dashboard.panel import Panel, Scope, matched
from arena.dashboard.panels import (
    about,
    crons,
    curves,
    events,
    jobs,
    logs,
    nodes,
    servings,
    sweeps,
    timeline,
    why,
)
from arena.dashboard.readings import Answer, Readings
from arena.errors import ArenaError

PANELS: tuple[Panel, ...] = (
    *about.PANELS,
    *jobs.PANELS,
    *why.PANELS,
    *timeline.PANELS,
    *events.PANELS,
    *curves.PANELS,
    *sweeps.PANELS,
    *servings.PANELS,
    *crons.PANELS,
    *nodes.PANELS,
)
Found = Callable[[], Answer | float]


def encoded(data: Mapping[str, Any]) -> bytes:
    """JSON of ASCII characters, whose texts the page may show."""
    return json.dumps(text.shown(data), separators=(",", ":"), allow_nan=False).encode()


def told(error: ArenaError) -> Mapping[str, str]:
    """Why a panel cannot be read, and what to do next."""
    return {"error": error.message, "hint": error.hint}


class Routes:
    """The panels of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.readings = Readings()

    def prepare(self) -> None:
        """Begin to read the list of jobs, before somebody opens the page."""
        self.readings.answer("jobs", partial(self._read, jobs.LIST, {}), wait=0.0)

    def panel(self, target: str) -> Found | None:
        """What gives the answer of the panel with this path and query; None if there is none."""
        path, query = _parts(target)
        for panel in PANELS:
            if (names := self._names(panel.path, path)) is not None:
                kept = {name: query[name] for name in panel.query if query.get(name)}
                key = json.dumps([path, kept], sort_keys=True) if kept else path
                return partial(self.readings.answer, key, partial(self._read, panel, {**kept, **names}))
        return None

    def stream(self, target: str) -> Iterator[bytes] | None:
        """The lines of JSON of the logs with this path and query; None if it is no path of logs."""
        path, query = _parts(target)
        names = self._names(logs.PATH, path)
        if names is None:
            return None
        kept = {name: query[name] for name in logs.QUERY if query.get(name)}
        return self._lines({**kept, **names})

    def change(self, body: bytes) -> bytes:
        """Do what a request of the page asks for, and read everything anew afterwards."""
        try:
            return encoded(changes.change(self.scope, body))
        except ArenaError as error:
            return encoded(told(error))
        finally:
            self.readings.forget()

    def _lines(self, where: Mapping[str, str]) -> Iterator[bytes]:
        try:
            for one in logs.stream(self.scope, where):
                yield json.dumps(one).encode() + b"\n"
        except ArenaError as error:
            yield encoded(told(error)) + b"\n"

    def _names(self, pattern: str, path: str) -> Mapping[str, str] | None:
        names = matched(pattern, path)
        if names is None or self.scope.everywhere or "namespace" not in names:
            return names
        return names if names["namespace"] == self.scope.session.namespace else None

    def _read(self, panel: Panel, where: Mapping[str, str]) -> bytes:
        try:
            return encoded(panel.read(self.scope, where))
        except ArenaError as error:
            return encoded(told(error))


def _parts(target: str) -> tuple[str, Mapping[str, str]]:
    """The path without its prefix, whose parts are decoded, and the query; a `/` in a part leads nowhere."""
    path, _, query = target.partition("?")
    parts = [unquote(one, errors="replace") for one in path.split("/")]
    return "/".join("" if "/" in one else one for one in parts), dict(parse_qsl(query))
