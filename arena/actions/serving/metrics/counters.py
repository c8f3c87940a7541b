"""What an instance has counted since its start, and what it counted between two readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import pairwise

from arena.actions.serving.metrics.engines import ENGINES, STATUS_LABELS, Engine
from arena.actions.serving.metrics.exposition import Sample
from arena.values import frozen

_SUCCESS = ("OK", "SUCCESS")


@frozen
class Counters:
    """The counters of an instance, or of several together. None: the engine does not tell it."""

    engine: str
    requests: float
    failures: float | None
    seconds: float | None
    """The duration of all requests together."""
    buckets: Mapping[float, float]
    """Seconds -> the number of requests that took at most so long; empty without a histogram."""
    in_flight: float | None
    """Now, rather than since the start."""
    tokens: float | None


def read(found: Iterable[Sample]) -> Counters | None:
    """The counters of a text; None if it has none that are known."""
    by_name: dict[str, list[Sample]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    return next((_of(one, by_name) for one in ENGINES if _requests(one, by_name)), None)


def _requests(engine: Engine, by_name: Mapping[str, list[Sample]]) -> list[Sample]:
    return by_name.get(engine.requests) or by_name.get(f"{engine.requests}_count") or []


def _of(engine: Engine, by_name: Mapping[str, list[Sample]]) -> Counters:
    answered = _requests(engine, by_name)
    other = [one for name in engine.failures for one in by_name.get(name, ())]
    told = bool(other) or any(label in one.labels for one in answered for label in STATUS_LABELS)
    spent = by_name.get(f"{engine.seconds}_sum") or by_name.get(engine.seconds)
    waiting = [one for name in engine.in_flight for one in by_name.get(name, ())]
    tokens = by_name.get(engine.tokens)
    return Counters(
        engine=engine.name,
        requests=_sum(answered) + _sum(other),
        failures=_sum(filter(_has_failed, answered)) + _sum(other) if told else None,
        seconds=_sum(spent) * engine.unit if spent else None,
        buckets=_buckets(by_name.get(f"{engine.seconds}_bucket", ()), engine.unit),
        in_flight=_sum(waiting) if waiting else None,
        tokens=_sum(tokens) if tokens else None,
    )


def _sum(found: Iterable[Sample]) -> float:
    return sum(one.value for one in found)


def _has_failed(one: Sample) -> bool:
    """Whether the labels say that the server failed: a status of 5xx, or the name of an error."""
    told = next((one.labels[label] for label in STATUS_LABELS if one.labels.get(label)), "")
    return told[:1] == "5" if told[:1].isdigit() else bool(told) and told.upper() not in _SUCCESS


def _buckets(found: Iterable[Sample], unit: float) -> dict[float, float]:
    made: dict[float, float] = {}
    for one in found:
        try:
            most = float(one.labels.get("le", "")) * unit
        except ValueError:
            continue
        made[most] = made.get(most, 0.0) + one.value
    return made


def since(old: Counters, new: Counters) -> Counters:
    """What was counted between two readings; all of the newer one if the instance has started anew."""
    if new.engine != old.engine or new.requests < old.requests:
        return new
    return Counters(
        engine=new.engine,
        requests=new.requests - old.requests,
        failures=_less(new.failures, old.failures),
        seconds=_less(new.seconds, old.seconds),
        buckets={most: count - old.buckets.get(most, 0.0) for most, count in new.buckets.items()},
        in_flight=new.in_flight,
        tokens=_less(new.tokens, old.tokens),
    )


def _less(new: float | None, old: float | None) -> float | None:
    return None if new is None else max(0.0, new - (old or 0.0))


def together(several: Iterable[Counters]) -> Counters | None:
    """The counters of several instances of one engine; None if there are none."""
    found = [*several]
    return reduce(_joined, (one for one in found if one.engine == found[0].engine)) if found else None


def _joined(one: Counters, other: Counters) -> Counters:
    both = {*one.buckets, *other.buckets}
    return Counters(
        engine=one.engine,
        requests=one.requests + other.requests,
        failures=_more(one.failures, other.failures),
        seconds=_more(one.seconds, other.seconds),
        buckets={most: one.buckets.get(most, 0.0) + other.buckets.get(most, 0.0) for most in both},
        in_flight=_more(one.in_flight, other.in_flight),
        tokens=_more(one.tokens, other.tokens),
    )


def _more(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The seconds within which this share of the requests was answered; None without requests.

    Between the limits of a bucket it is taken to be even, as `histogram_quantile` of Prometheus does it; in
    the last one, which has no limit, it is the limit before.
    """
    limits = [(0.0, 0.0), *sorted(buckets.items())]
    wanted = share * limits[-1][1]
    if not wanted:
        return None
    for (low, before), (high, count) in pairwise(limits):
        if count >= wanted:
            inside = count > before and high != float("inf")
            return low + (high - low) * (wanted - before) / (count - before) if inside else low
    return limits[-1][0]
