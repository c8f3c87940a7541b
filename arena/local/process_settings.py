"""The umask, niceness and soft limits of a process, which a job inherits from its submitter.

Commands, the server and supervisors use this module, so it imports only the standard library, and that late.
"""

import contextlib
import functools
import json
import os
from typing import Any

LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
"""The soft limits that are taken over; one that is not recorded is as high as the hard limit."""
FILES = 65536
"""Open files that the server allows itself; systems may forbid more, whatever the hard limit says."""


@functools.cache
def usual() -> dict[str, Any]:
    """Return the settings of a job whose submitter is unknown: this process's before it became the server."""
    return {**own(), "umask": 0o022}


def own() -> dict[str, Any]:
    """Return the settings of this process."""
    import resource

    limits = {name: resource.getrlimit(number) for name, number in _numbers().items()}
    soft = {name: now for name, (now, hard) in limits.items() if now != hard}
    return {"umask": _umask(), "nice": os.getpriority(os.PRIO_PROCESS, 0), "limits": soft}


def read(text: str) -> dict[str, Any]:
    """Read settings that `own` returned, from JSON.

    Raises:
        ValueError: they are not.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("they are nested too deeply") from None
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
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError, OverflowError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _umask() -> int:
    """The umask; on Linux it stays as it is, since other threads may be creating files."""
    with contextlib.suppress(OSError), open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _numbers() -> dict[str, int]:
    """The limits that this system knows, by name."""
    import resource

    found = {name: getattr(resource, f"RLIMIT_{name}", None) for name in LIMITS}
    return {name: number for name, number in found.items() if number is not None}
