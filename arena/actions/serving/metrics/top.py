"""Measure the traffic of servings by what their engines count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena.actions import readings
from arena.actions.serving import find, listing
from arena.actions.serving.metrics import counters, scrape
from arena.actions.serving.metrics.scrape import Readings
from arena.kinds.kind import Kind
from arena.model.partial import Partial, Unread
from arena.model.servings import Serving
from arena.model.traffic import Traffic

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

MISSING = "their figures are missing"


class Meter:
    """Measures servings again and again, each time since the time before.

    Args:
        servings: returns the servings to measure, with their instances.
        interval: seconds of the first measurement.
    """

    def __init__(
        self, cluster: Cluster, servings: Callable[[], Partial[Serving]], interval: float = 2.0
    ) -> None:
        self._cluster = cluster
        self._servings = servings
        self._interval = interval
        self._last: Readings = {}

    def read(self) -> Partial[Traffic]:
        """The traffic since the last call, and what could not be read; the first call takes `interval`.

        Raises:
            ArenaError: the servings cannot be read.
        """
        found = self._servings()
        before = self._last
        self._last, unread = self._scraped(found)
        if not before and any(one.counters for one in self._last.values()):
            time.sleep(self._interval)
            before = self._last
            self._last, unread = self._scraped(found)
        return Partial([_traffic(one, before, self._last) for one in found], (*found.unread, *unread))

    def _scraped(self, found: Sequence[Serving]) -> tuple[Readings, list[Unread]]:
        """What each instance that is ready has counted, and what could not be read."""
        done, errors = scrape.every(self._cluster, found, self._last)
        return done, [
            readings.unread(f"metrics of {name}", error, MISSING) for (_, name), error in errors.items()
        ]


def meter(
    session: Session,
    name: str = "",
    *,
    version: str = "",
    kind: Kind | str | None = None,
    everywhere: bool = False,
    interval: float = 2.0,
) -> Meter:
    """What measures servings repeatedly.

    Args:
        name: of one serving; all of the namespace without it.
        version: of that serving, if it has several.
        kind: only servings of this kind.
        everywhere: include every namespace.
        interval: seconds of the first measurement.
    """

    def servings() -> Partial[Serving]:
        if name:
            one = find.serving(session, name, version=version, kind=kind)
            return Partial([one], one.unread)
        return listing.servings(session, everywhere=everywhere, kind=kind)

    return Meter(session.cluster(), servings, interval)


def top(session: Session, name: str = "", **chosen: Any) -> Partial[Traffic]:
    """Measure the traffic of servings once; arguments as for `meter`.

    Raises:
        NotFound: there is no serving of that name. NotAllowed: servings may not be listed.
    """
    return meter(session, name, **chosen).read()


def _traffic(one: Serving, before: Readings, after: Readings) -> Traffic:
    pairs = [
        (before[name], after[name])
        for each in one.instances
        if (name := (one.namespace, each.name)) in before and name in after
    ]
    told = [
        (new.at - old.at, counters.since(old.counters, new.counters))
        for old, new in pairs
        if old.counters and new.counters
    ]
    counted = counters.together(found for _, found in told)
    if counted is None:
        return Traffic(serving=one)
    seconds = max(took for took, _ in told) or 1.0
    return Traffic(
        serving=one,
        engine=counted.engine,
        measured=len(told),
        seconds=seconds,
        requests=counted.requests / seconds,
        errors=None if counted.failures is None else counted.failures / seconds,
        mean=counted.seconds / counted.requests if counted.seconds is not None and counted.requests else None,
        p50=counters.quantile(counted.buckets, 0.5) if counted.buckets else None,
        p95=counters.quantile(counted.buckets, 0.95) if counted.buckets else None,
        in_flight=counted.in_flight,
        tokens=None if counted.tokens is None else counted.tokens / seconds,
    )
