"""Reads scalars from TensorFlow event files, as TensorBoard's writers of all frameworks write them.

Part of the collector, so the standard library only.
"""

from __future__ import annotations

import contextlib
import os

from arena.event_records import NAMED, records, scalars
from arena.local.node.metrics.sources import has_ended, now
from arena.metric_lines import moment

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from collections.abc import Iterator
    from typing import Any

    from arena.metric_lines import Value

FILES = 64
"""Event files of one container."""
RECORDS = 1000
"""Records of one file that are read at once."""


class EventFolder:
    """All event files below a folder; `metrics` names tags, or folder and tag (`train/accuracy`)."""

    def __init__(self, path: str, metrics: list[str], position: dict[str, Any]) -> None:
        self._path = path
        self._metrics = set(metrics)
        self._offsets: dict[str, int] = position.get("offsets", {})

    @property
    def position(self) -> dict[str, Any]:
        """Where the next collector continues."""
        return {"offsets": self._offsets}

    def read(self) -> list[Value] | None:
        """Some added values, [] if there are none yet; None at the end."""
        over = has_ended()
        before = dict(self._offsets)
        found = [value for name in self._names() for value in self._values(name)]
        return None if over and not found and before == self._offsets else found

    def _names(self) -> list[str]:
        found = [
            os.path.relpath(os.path.join(folder, name), self._path)
            for folder, _, names in os.walk(self._path)
            for name in names
            if NAMED in name
        ]
        return sorted(found)[:FILES]

    def _values(self, name: str) -> Iterator[Value]:
        with contextlib.suppress(OSError), open(os.path.join(self._path, name), "rb") as file:
            for offset, record in records(file.fileno(), self._offsets.get(name, 0), RECORDS):
                self._offsets[name] = offset
                for tag, text, _, wall in scalars(record):
                    full = os.path.normpath(os.path.join(os.path.dirname(name), tag))
                    chosen = next((one for one in (full, tag) if one in self._metrics), "")
                    if chosen or not self._metrics:
                        yield chosen or tag, text, moment(wall) or now()
