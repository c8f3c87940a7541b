"""Progress: its lines on the page of a job, and the keys of its JSON."""

from datetime import timedelta
from typing import Any

from arena.model.progress import Progress
from arena.views import times


def short(found: Progress) -> str:
    """`43%, 5m left`; "" if it tells only values."""
    if found.share is None:
        return ""
    if found.seconds_left is None:
        return f"{found.share:.0%}"
    return f"{found.share:.0%}, {times.span(timedelta(seconds=found.seconds_left))} left"


def rows(found: Progress) -> list[tuple[str, str]]:
    """The titles and values for a page."""
    what = f" ({found.what})" if found.what else ""
    values = ", ".join(f"{name} {value:g}" for name, value in found.metrics.items())
    return [
        *([("Progress", short(found) + what)] if found.share is not None else []),
        *([("Metrics", values)] if values else []),
    ]


def data(found: Progress) -> dict[str, Any]:
    """Progress as JSON."""
    return {
        "share": found.share,
        "what": found.what,
        "secondsLeft": found.seconds_left,
        "metrics": dict(found.metrics),
    }
