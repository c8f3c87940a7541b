"""The session of a run's command: by it, its processes are known where the system hides their environment."""

from collections.abc import Mapping
from typing import Any

import psutil

from arena import operating_system


def of(record: Mapping[str, Any]) -> int:
    """The id of the session that a run's `pid` record names, or 0 if another one may have it by now.

    The system gives the id to nobody else while any process is in the session, also without its leader.
    """
    pid = int(record.get("pid") or 0)
    if not pid or record.get("started", 0) < psutil.boot_time():
        return 0
    is_leader = operating_system.is_running(pid, record.get("start", 0), zombie=True)
    return pid if is_leader or not psutil.pid_exists(pid) else 0
