"""Findings about a job: why it waits or fails, what shows it, and what to do next."""

from arena.tuples import NamedTuple

NO_INSTANCES = "no-instances"
"""The id of the finding that a job has no instances yet."""
STILL_RUNNING = "still-running"
"""The id of the finding that instances of a job still run after its end."""


class Evidence(NamedTuple):
    """Something that was read and shows a cause."""

    kind: str
    """Where it was read: `status` of an object, an `event`, or a `log`."""
    subject: str
    """The object, such as `pod/bert-worker-0`."""
    text: str


class Finding(NamedTuple):
    """Why a job is in its present state."""

    id: str
    """The name of the cause, such as `image-pull-failed`. It is for scripts and stays when texts change."""
    cause: str
    """One sentence."""
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""
    """The next step for the user, if there is one."""
