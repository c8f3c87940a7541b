"""The umask, niceness and soft limits of a process, which a job inherits from its submitter.

Commands, the server and supervisors use this module, so it imports only the standard library, and that late.
"""

import contextlib
import functools
import os
from typing import Any

from arena import foreign_json, operating_system

LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
"""The soft limits that are taken over; one that is not recorded is as high as the hard limit."""
FILES = (65536, 10240)
"""Open files that the server allows itself, the first number that the system grants.

macOS may refuse more than the second, whatever the hard limit says.
"""


@functools.cache
def usual() -> dict[str, Any]:
    """Return the settings of a job whose submitter is unknown: this process's before it became the server."""
    return {**own(), "umask": 0o022}


def own() -> dict[str, Any]:
    """Return the settings of this process."""
    import resource

    limits = {name: resource.getrlimit(number) for name, number in _numbers().items()}
    soft = {name: now for name, (now, hard) in limits.items() if now != hard}
    return {"umask": operating_system.umask(), "nice": os.getpriority(os.PRIO_PROCESS, 0), "limits": soft}


def read(text: str) -> dict[str, Any]:
    """Read settings that `own` returned, from JSON.

    Raises:
        ValueError: they are not.
    """
    found = foreign_json.loads(text)
    if not isinstance(found, dict) or not isinstance(limits := found.get("limits"), dict):
        raise ValueError("there are no limits")
    if any(type(one) is not int for one in (found.get("umask"), found.get("nice"), *limits.values())):
        raise ValueError("one is not a whole number")
    return found


def take(settings: dict[str, Any]) -> None:
    """Give this process the settings; it keeps what it may not change, such as a higher niceness."""
    import resource

    os.umask(settings["umask"] & 0o777)
    with contextlib.suppress(OSError, OverflowError):
        os.setpriority(os.PRIO_PROCESS, 0, settings["nice"])
    for name, number in _numbers().items():
        hard = resource.getrlimit(number)[1]
        soft = settings["limits"].get(name, hard)
        if hard != resource.RLIM_INFINITY:
            soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
        with contextlib.suppress(OSError, ValueError, OverflowError):
            resource.setrlimit(number, (soft, hard))


def become_server() -> None:
    """Give this process what a server needs: files that only the user can read, and many open ones."""
    import resource

    usual()
    os.umask(0o077)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for number in FILES:
        wanted = number if hard == resource.RLIM_INFINITY else min(hard, number)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with contextlib.suppress(OSError, ValueError, OverflowError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return


def _numbers() -> dict[str, int]:
    """The limits that this system knows, by name."""
    import resource

    found = {name: getattr(resource, f"RLIMIT_{name}", None) for name in LIMITS}
    return {name: number for name, number in found.items() if number is not None}
