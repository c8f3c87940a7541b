"""Instances: the pods of a workload, and their containers."""

from datetime import datetime, timedelta

from arena.model.gpus import Gpu
from arena.values import frozen


@frozen
class Container:
    """A container of an instance, and its state."""

    name: str
    ready: bool = False
    restarts: int = 0
    reason: str = ""
    """Why the container waits, or how it ended: `ImagePullBackOff`, `Error`, `OOMKilled`, `Completed`."""
    message: str = ""
    exit_code: int | None = None
    started: datetime | None = None
    finished: datetime | None = None
    ended: bool = False
    """Whether the container has ended and will not be restarted."""
    init: bool = False
    last_reason: str = ""
    """How the run before this one ended: `Error`, `OOMKilled`, `Completed`; empty if there was none."""
    last_exit_code: int | None = None
    last_finished: datetime | None = None


@frozen
class Instance:
    """A pod of a workload."""

    name: str
    namespace: str
    uid: str = ""
    status: str = ""
    """The status as kubectl prints it: `Running`, `Pending`, `Completed`, `Init:0/1`, `CrashLoopBackOff`."""
    phase: str = ""
    """The phase of the pod: Pending, Running, Succeeded, Failed or Unknown."""
    reason: str = ""
    message: str = ""
    role: str = ""
    index: int = 0
    chief: bool = False
    node: str = ""
    node_ip: str = ""
    ip: str = ""
    gpus: int = 0
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    containers: tuple[Container, ...] = ()
    """Init containers come first, then the main container, then sidecars."""
    gpu_metrics: tuple[Gpu, ...] = ()
    """What each of its GPUs does, if that was read."""

    @property
    def main(self) -> Container | None:
        """The container that runs the user's program."""
        return next((one for one in self.containers if not one.init), None)

    @property
    def sidecar(self) -> str:
        """The sidecar that keeps running after the main container has ended; "" if there is none."""
        if len(self.containers) < 2 or self.phase != "Running" or self.main is None or not self.main.ended:
            return ""
        left = (one.name for one in self.containers if not (one.init or one.ended))
        return next(left, "")

    @property
    def exit_code(self) -> int | None:
        """The exit code of the program, or of the init container that failed before it could start."""
        if self.main is not None and self.main.exit_code is not None:
            return self.main.exit_code
        return next((one.exit_code for one in self.containers if one.init and one.exit_code), None)

    @property
    def is_ready(self) -> bool:
        """Whether the pod is running and its main container is ready."""
        return self.phase == "Running" and (self.main is None or self.main.ready)

    @property
    def is_final(self) -> bool:
        """Whether the pod has ended."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def holds(self) -> bool:
        """Whether the pod occupies a node: it has neither ended nor been told to end."""
        return bool(self.node) and not self.is_final and self.status != "Terminating"

    def age(self, now: datetime) -> timedelta:
        """The time since the pod was created."""
        return now - self.created if self.created else timedelta(0)
