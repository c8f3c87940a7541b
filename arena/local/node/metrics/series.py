"""The values of a metric: exact figures and a sample that stays small, however many values there are.

Part of the collector, so the standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from typing import Any

NAMES = 32
"""Maximum number of metrics of one container; further names are counted but not stored."""
LONGEST = 128
"""Characters of a name, and of a value."""


class Series:
    """The values of one metric.

    The sample holds the first values, which early stopping uses, and an even selection of the others:
    whenever it is full, every second one of those is dropped.
    """

    def __init__(self, limit: int, saved: dict[str, Any] | None = None) -> None:
        saved = saved or {}
        self.limit = limit
        self.first = min(16, limit // 2)
        self.count: int = saved.get("count", 0)
        self.step: int = saved.get("step", 1)
        self.values: list[list[str]] = saved.get("values", [])
        self.latest: list[str] = saved.get("latest", [])
        self.low: str | None = saved.get("min")
        self.high: str | None = saved.get("max")
        self._low = float(self.low) if self.low is not None else float("inf")
        self._high = float(self.high) if self.high is not None else float("-inf")

    def add(self, time: str, text: str, number: float) -> None:
        """Take one value: its time, its text, and the number that the text means."""
        if self.count < self.first or (self.count - self.first) % self.step == 0:
            self.values.append([time, text])
            if len(self.values) > self.limit:
                self.values[self.first :] = self.values[self.first :: 2]
                self.step *= 2
        self.count += 1
        self.latest = [time, text]
        if number != number:  # NaN is neither the smallest nor the largest
            return
        if self.low is None or number < self._low:
            self.low, self._low = text, number
        if self.high is None or number > self._high:
            self.high, self._high = text, number

    def save(self) -> dict[str, Any]:
        """The JSON from which the next collector continues, and which the node reads."""
        return {
            "count": self.count, "step": self.step, "values": self.values, "latest": self.latest,
            "min": self.low, "max": self.high,
        }  # fmt: skip


class Observations:
    """The metrics of one container by name."""

    def __init__(self, limit: int, saved: dict[str, Any] | None = None) -> None:
        saved = saved or {}
        self.limit = limit
        self.series = {name: Series(limit, one) for name, one in saved.get("series", {}).items()}
        self.dropped: int = saved.get("dropped", 0)
        """Values of names beyond NAMES."""
        self.changed = False

    def add(self, name: str, text: str, time: str) -> None:
        """Take a value if the text is a number; NaN and infinity are numbers, too."""
        if len(text) > LONGEST:
            return
        try:
            number = float(text)
        except ValueError:
            return
        self.changed = True
        found = self.series.get(name)
        if found is None:
            if len(self.series) >= NAMES or len(name) > LONGEST:
                self.dropped += 1
                return
            found = self.series[name] = Series(self.limit)
        found.add(time, text, number)

    def save(self) -> dict[str, Any]:
        """What `saved` of a later instance takes."""
        return {"series": {name: one.save() for name, one in self.series.items()}, "dropped": self.dropped}
