"""Moments on screens and in JSON."""

import time

import pytest

from arena.units import when
from arena.views import times


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14", "UTC"])
@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_the_first_and_the_last_moments(zone: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time at the edge of the calendar, such as Go's zero, is shown in every time zone."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        moment = when(text, here=True)
        assert times.clock(moment)[:4] == times.stamp(moment)[:4] == text[:4]
        assert times.epoch(moment)
        assert times.age(moment, when("2026-01-01T00:00:00Z"))
    finally:
        monkeypatch.undo()
        time.tzset()
