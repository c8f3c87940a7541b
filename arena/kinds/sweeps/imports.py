"""Jobs that a sweep knows as if they were its trials, for a search that does not begin from nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena.model.jobs import Phase
from arena.model.sweeps import Trial
from arena.search.assignments import Value
from arena.values import frozen


@frozen
class Imported:
    """A job, the values that it was run with, and what it achieved."""

    job: str
    assignments: Mapping[str, Value]
    metrics: Mapping[str, float]


def united(*several: Iterable[Imported]) -> tuple[Imported, ...]:
    """Each job once; what was read of it last counts."""
    return tuple({one.job: one for some in several for one in some}.values())


def written(several: Iterable[Imported]) -> list[dict[str, Any]]:
    """The jobs as JSON."""
    return [
        {"job": one.job, "assignments": dict(one.assignments), "metrics": dict(one.metrics)}
        for one in several
    ]


def read(given: Iterable[Mapping[str, Any]]) -> tuple[Imported, ...]:
    """The jobs from JSON; anything else raises KeyError, TypeError, ValueError or AttributeError."""
    return tuple(
        Imported(
            job=str(one["job"]),
            assignments={str(name): value for name, value in one["assignments"].items()},
            metrics={str(name): float(value) for name, value in one["metrics"].items()},
        )
        for one in given
    )


def trials(several: Sequence[Imported], namespace: str, kind: str) -> tuple[Trial, ...]:
    """The jobs as trials, which have no numbers."""
    return tuple(
        Trial(
            name=one.job,
            namespace=namespace,
            number=0,
            phase=Phase.SUCCEEDED,
            assignments=one.assignments,
            metrics=one.metrics,
            job=one.job,
            kind=kind,
        )
        for one in several
    )
