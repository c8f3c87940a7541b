"""What the API needs of the node: the processes behind a pod.

The node implements it, the API's stream handlers use it, and neither imports the other.
"""

from pathlib import Path
from typing import NamedTuple, Protocol


class Surroundings(NamedTuple):
    """With what a further process of a container is started."""

    argv: tuple[str, ...]
    """The command, with mount paths replaced as for the container itself."""
    env: dict[str, str]
    cwd: str


class Usage(NamedTuple):
    """What one container uses."""

    container: str
    cpu: float
    """Cores, averaged since the previous call."""
    memory: int
    """Resident bytes."""


class Runtime(Protocol):
    """The processes behind the pods; `uid` is the pod's."""

    def log(self, uid: str, container: str, previous: bool = False) -> Path | None:
        """The log file of the container's current (or previous) run; None where it never ran.

        Lines are `<RFC 3339 with nanoseconds> stdout|stderr F|P <text>`. Rotated files lie beside it
        as `<name>.1` (newer) and `<name>.2` (older).
        """

    def running(self, uid: str, container: str) -> bool:
        """Whether that container's current run has not ended (its log may still grow)."""

    def surroundings(self, uid: str, container: str, command: list[str]) -> Surroundings | None:
        """What `exec` needs; None where the container does not run."""

    def stdin(self, uid: str, container: str) -> Path | None:
        """The named pipe that feeds the container's standard input, when its spec asks for one."""

    def terminal(self, uid: str, container: str) -> Path | None:
        """The device of the terminal on which the container's command runs, when it has one."""

    def port(self, uid: str, port: int) -> int | None:
        """The loopback port where the pod really listens for its `port`; None where it does not."""

    def usage(self, uid: str) -> list[Usage]:
        """CPU and memory of each running container of the pod."""
