"""What was looked at to explain a job: objects as Kubernetes serves them, and logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from arena.diagnosis.json_fields import text
from arena.tuples import NamedTuple
from arena.values import frozen

Object = dict[str, Any]


class Line(NamedTuple):
    """A line of a log."""

    text: str
    """Without its timestamp."""
    time: datetime | None = None


class Log(NamedTuple):
    """The log of one run of a container."""

    namespace: str
    pod: str
    container: str
    """"" if it is unknown."""
    lines: tuple[Line, ...]
    previous: bool = False
    """Whether it is that of the run before the present one."""


@frozen
class Record:
    """Everything that was looked at."""

    name: str
    """The name of the job."""
    namespace: str
    job: Object | None = None
    """The object of the job; None if it was not found, or if the pods have none."""
    pods: tuple[Object, ...] = ()
    events: tuple[Object, ...] = ()
    """Those of the job, its pods and what belongs to it."""
    objects: tuple[Object, ...] = ()
    """Everything else, each with its kind: nodes, quotas, claims, pod groups, services, webhooks."""
    logs: tuple[Log, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be read, one sentence for each."""
    seen: datetime | None = None
    """When it was looked at; None if nothing tells."""

    def of_kind(self, kind: str) -> Iterator[Object]:
        """The objects of a kind, such as Node."""
        return (one for one in self.objects if text(one, "kind") == kind)
