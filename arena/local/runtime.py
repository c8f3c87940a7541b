"""The protocol by which the API reaches the processes behind a pod.

The node implements it and the API's streaming endpoints use it, so that neither imports the other.
"""

from pathlib import Path
from typing import Protocol

from arena.local.objects import Object
from arena.tuples import NamedTuple


class ExecSpec(NamedTuple):
    """How to start one more command in a container: as the leader of a session.

    The session gets the terminal that is its standard input, if any.
    """

    argv: list[str]
    env: dict[str, str]
    """What marks the process as the container's until it has the container's own variables."""


class Usage(NamedTuple):
    """The CPU and memory that one container uses."""

    container: str
    cpu: float
    """Cores, averaged over the time since the previous call."""
    memory: int
    """Resident memory in bytes."""


class Runtime(Protocol):
    """The processes behind the pods; `uid` is the pod's."""

    def log(self, uid: str, container: str, previous: bool = False) -> Path | None:
        """The log file of the container's current (or previous) run; None if it never ran.

        Lines are `<RFC 3339 with nanoseconds> stdout|stderr F|P <text>`. Rotated files lie beside it
        as `<name>.1` (newer) and `<name>.2` (older).
        """

    def run(self, uid: str, container: str, restart: int) -> Path | None:
        """The log of the container's run after this number of restarts; None if it is not stored.

        The log of a deleted pod is stored until its job is deleted.
        """

    def namespace(self, uid: str) -> str:
        """The namespace of a pod, also of a deleted one; "" if it is unknown."""

    def pods_of(self, job: str) -> list[Object]:
        """The pods that the job with this uid has had ("" for any job), including existing ones.

        Each is {job: {uid, name, ...}, pod: the last state of the Pod}.
        """

    def running(self, uid: str, container: str) -> bool:
        """Whether that container's current run has not ended (its log may still grow)."""

    def exec_spec(self, uid: str, container: str, command: list[str]) -> ExecSpec | None:
        """What runs one more command in the container's surroundings; None if the container does not run."""

    def stdin(self, uid: str, container: str) -> Path | None:
        """The named pipe for the container's standard input, if its spec requests one."""

    def terminal(self, uid: str, container: str) -> Path | None:
        """The device of the container's terminal, if it has one."""

    def port(self, uid: str, port: int) -> int | None:
        """The loopback port on which the pod really listens for its `port`; None if it does not listen."""

    def usage(self, uid: str) -> list[Usage]:
        """CPU and memory of each running container of the pod."""
