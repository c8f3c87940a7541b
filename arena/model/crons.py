"""Jobs that run on a schedule."""

from datetime import datetime

from arena.model.jobs import Phase
from arena.model.partial import Unread
from arena.values import frozen


@frozen
class Run:
    """A job that a cron has started."""

    name: str
    phase: Phase
    reason: str = ""
    created: datetime | None = None
    finished: datetime | None = None


@frozen
class Cron:
    """A job that is submitted repeatedly on a schedule; `active` of its runs have not ended."""

    name: str
    namespace: str
    uid: str = ""
    kind: str = ""
    """The kind of its jobs; "" if arena does not know it."""
    type: str = ""
    """The Kubernetes name of that kind: `TFJob`."""
    group: str = ""
    schedule: str = ""
    timezone: str = ""
    """The time zone of the schedule; "" if it is that of the cluster."""
    suspended: bool = False
    policy: str = "Allow"
    deadline: datetime | None = None
    history_limit: int | None = None
    active: int = 0
    created: datetime | None = None
    last: datetime | None = None
    submitter: str = ""
    managed: bool = False
    runs: tuple[Run, ...] = ()
    """The runs, the newest first; empty if they were not read."""
    unread: tuple[Unread, ...] = ()
    """What could not be read of the cron, such as its runs."""
