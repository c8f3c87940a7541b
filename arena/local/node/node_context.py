"""What all pod workers share: the API, folders, GPUs, Events, probes and intervals."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from arena.local.node.events import Events
from arena.local.node.gpus import Gpus
from arena.local.node.metrics.collection import Collection
from arena.local.node.pod_runtime import PodRuntime
from arena.local.node.probes import Answer
from arena.local.node.retention import Retention
from arena.local.objects import Objects, Resource


class NodeObjects(Objects, Protocol):
    """Objects, and the kubelet's deletion of pods that have ended."""

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        uid: str = "",
        grace: int | None = None,
    ) -> None:
        """With `grace` 0 a pod that is being deleted is removed, since its processes have ended."""


@dataclass(frozen=True)
class Pace:
    """Seconds.

    Attributes:
        backoff: before the second restart in a row; doubles each time up to `ceiling`, as on nodes
            with ReduceDefaultCrashLoopBackOffDecay (KEP-4603).
        reset: a run that lasted this long resets the back-off.
        retry: until a failed operation is tried again.
        look: interval of checking processes without a descriptor.
        resync: interval of checking everything.
    """

    backoff: float = 1
    ceiling: float = 60
    reset: float = 600
    retry: float = 1
    look: float = 0.25
    resync: float = 60


@dataclass(frozen=True)
class NodeContext:
    """Shared by all workers.

    Attributes:
        submit: runs something slow in another thread, then syncs the pod with this uid.
    """

    objects: NodeObjects
    pods: Path
    claims: Path
    gpus: Gpus
    events: Events
    runtime: PodRuntime
    submit: Callable[[str, Callable[[], Answer]], "Future[Answer]"]
    pace: Pace
    retention: Retention
    metrics: Collection
