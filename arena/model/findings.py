"""Findings: why a job waits or fails, what shows it, and what to do next; and the diagnosis of a job."""

from __future__ import annotations

from datetime import datetime

from arena.tuples import NamedTuple
from arena.values import frozen

NO_INSTANCES = "instances.none"
"""The id of the finding that a job has no instances yet."""
STILL_RUNNING = "instances.left"
"""The id of the finding that instances of a job still run after its end."""
STALLED = "stalled"
"""The id of the finding that a running job writes and computes nothing."""
SILENT = "silent"
"""The id of the finding that a running job has written nothing for long, but computes."""
NONE = "none"
"""The id of the finding that no cause is known."""


class Evidence(NamedTuple):
    """Something that was read and shows a cause."""

    kind: str
    """Where it was read: `status` of an object, an `event`, or a `log`."""
    subject: str
    """The object, such as `pod/bert-worker-0`."""
    text: str
    time: datetime | None = None


class Finding(NamedTuple):
    """Why a job is in its present state."""

    id: str
    """The name of the cause, such as `image.notfound`. It is for scripts and stays when texts change."""
    cause: str
    """One sentence."""
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""
    """The next step for the user, if there is one."""
    fix: tuple[str, ...] = ()
    """Commands that may mend it, ready to paste; placeholders are in capitals."""


@frozen
class Diagnosis:
    """The cause that was found, and what it was found in."""

    name: str
    namespace: str
    kind: str
    """The kind of the object, such as PyTorchJob; "" if it has none."""
    phase: str
    """`waiting`, `running`, `failed`, `succeeded` or `unknown`."""
    finding: Finding
    """The cause. Its id is `none` if nothing is wrong, or if it is not known."""
    well: bool = False
    """Whether nothing is wrong."""
    followed: tuple[Finding, ...] = ()
    """What else failed, most of it because of the cause."""
    looked: tuple[str, ...] = ()
    """What was looked at, such as `8 pods`."""
    unread: tuple[str, ...] = ()
    """What could not be read."""
    subject: str = ""
    """What it is about, if that is only a part of what was named, such as the last run of a cron."""
