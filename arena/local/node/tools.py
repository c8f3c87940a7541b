"""What every pod's worker is given: the API, the folders, the GPUs, a way to wait, and the pace."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from arena.local.node.events import Events
from arena.local.node.gpus import Gpus
from arena.local.node.inside import Inside
from arena.local.node.probes import Answer
from arena.local.objects import Objects, Resource


class NodeObjects(Objects, Protocol):
    """Objects, plus the kubelet's right to remove a pod for good."""

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        uid: str = "",
        grace: int | None = None,
    ) -> None:
        """With `grace` 0 a pod that was only marked is removed: its processes have ended."""


@dataclass(frozen=True)
class Pace:
    """Seconds.

    Attributes:
        backoff: before the second restart in a row; doubles each time up to `ceiling`.
        reset: a run that lasted so long starts the back-off anew.
        retry: until something that failed is tried again.
        look: how often processes are looked at where no descriptor tells of their end.
        resync: how often everything is looked at, for what no descriptor told.
    """

    backoff: float = 10
    ceiling: float = 300
    reset: float = 600
    retry: float = 1
    look: float = 0.25
    resync: float = 60


@dataclass(frozen=True)
class Tools:
    """Shared by all workers.

    Attributes:
        submit: run something slow elsewhere, then have the pod with this uid looked at again.
    """

    objects: NodeObjects
    pods: Path
    claims: Path
    gpus: Gpus
    events: Events
    inside: Inside
    submit: Callable[[str, Callable[[], Answer]], "Future[Answer]"]
    pace: Pace
