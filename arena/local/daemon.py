"""The server process of the local cluster as commands see it: find, start, stop, reset.

`ensure()` is all that most need. Standard library alone, the slower parts of it imported on use:
every command on the local cluster pays for what stands at the top.

Several commands may start at the same instant. `start.lock` lets one of them start a server while
the others wait and then find it; `server.lock`, which the server holds for life, tells without any
reasoning about process ids whether there is one.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arena.local.state import (
    DaemonError,
    Server,
    acquire,
    check_room,
    explained,
    fell,
    holder,
    prepare,
    recorded,
    settle,
    state_dir,
)

__all__ = [
    "DaemonError",
    "Server",
    "Status",
    "crashed",
    "ensure",
    "find",
    "kubeconfig",
    "reset",
    "start",
    "state_dir",
    "status",
    "stop",
]

LOCK = "start.lock"
"""Locked by the one command that starts or resets the server."""

PATIENCE = 60.0
"""Seconds that a server may take to start before it is called broken: many commands may start at once."""

LEAVING = 10.0
"""Seconds that a server may take to stop before it is killed."""

DYING = 30.0
"""Seconds that a killed server may take to be gone: a loaded machine reaps late."""

ANSWER = 15.0
"""Seconds that a server may take for an answer."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the local cluster does."""

    home: Path
    pid: int
    port: int
    version: str
    uptime: float
    """Seconds."""
    pods: int
    """Pods that have not ended."""
    memory: int
    """Resident bytes of the server alone."""
    idle: float
    """Seconds without pods and requests after which the server ends by itself; 0: never."""


def find() -> Server | None:
    """The server, if one runs and answers."""
    home = state_dir()
    server = recorded(home)
    # Never show the secret to a stranger who took over the port: ask only whose lock is held.
    if server is None or holder(home) != server.pid:
        return None
    return server if _ask(server, "ping") is not None else None


def crashed() -> bool:
    """Whether the last server ended neither by itself nor because somebody stopped it."""
    return fell(state_dir())


def ensure(version: str = "", gpus: str = "") -> Server:
    """The server, started if need be; `fresh` says whether this call did it.

    Args:
        version: the caller's version of arena. A server of an older one is replaced when no pod
            runs; otherwise it stays, and the caller may compare `Server.version` and warn.
        gpus: how many virtual GPUs a server started now offers; "" for the environment's or the usual number.

    Raises:
        DaemonError: it cannot be started.
    """
    server = find()
    if server is None:
        return start(version=version, gpus=gpus)
    if _older(server.version, version):
        answer = _ask(server, "status")
        if answer is not None and answer["pods"] == 0:
            stop()
            return start(version=version, gpus=gpus)
    return server


def start(idle: float | None = None, version: str = "", gpus: str = "") -> Server:
    """Start the server, or find the one that another command just started.

    Args:
        idle: seconds without pods and requests after which it ends by itself, 0: never; None: 30 minutes,
            or ARENA_LOCAL_IDLE.
        version: the caller's version of arena, kept in `Server.version`.
        gpus: as in `ensure`.

    Raises:
        DaemonError: it does not come up; the hint holds the end of its log.
    """
    from arena.local.launch import spawn

    home = prepare()
    with _alone(home, find) as running:
        if running := running or find():
            return running
        check_room(home)
        before = holder(home)
        with explained(home):
            ready = spawn(home, version, idle, gpus, PATIENCE)
        server = find()
        if server is None:
            raise _failure(home, before, ready)
        return replace(server, fresh=True)


def stop(pods: bool = False) -> bool:
    """Stop the server, if one runs, and tell whether; its pods live on and are found again by the next one.

    Args:
        pods: also end every process of every pod.

    Raises:
        DaemonError: it does not end.
    """
    home = state_dir()
    stopped = _end(home)
    settle(home)
    if pods:
        from arena.local.sweep import sweep

        sweep(home)
    return stopped


def status() -> Status | None:
    """How the server does; None where none runs."""
    server = find()
    answer = _ask(server, "status") if server else None
    if server is None or answer is None:
        return None
    uptime = max(0.0, time.time() - server.started)
    known = {name: answer[name] for name in ("pods", "memory", "idle")}
    return Status(state_dir(), server.pid, server.port, server.version, uptime, **known)


def reset() -> None:
    """Stop the server, end every process of its pods, and remove everything it kept.

    Raises:
        DaemonError: a process does not end, or a file cannot be removed.
    """
    from arena.local.sweep import sweep

    home = state_dir()
    if not home.is_dir():
        return
    with _alone(home):
        _end(home)
        sweep(home)
        with explained(home):
            _empty(home)
            # Last: whoever waits for the lock may begin anew from here on, in this very folder.
            (home / LOCK).unlink()
            with suppress(OSError):
                home.rmdir()


def _empty(home: Path) -> None:
    """Remove everything in the folder but the lock that keeps others out meanwhile."""
    import shutil

    # Programs may have left folders that forbid their owner to empty them.
    for folder, names, _ in os.walk(home):
        for name in names:
            if not os.path.islink(path := os.path.join(folder, name)):
                os.chmod(path, 0o700)
    for entry in home.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()


def kubeconfig() -> Path:
    """The kubeconfig file of the local cluster, which is started if need be.

    Raises:
        DaemonError: it cannot be started.
    """
    ensure()
    return state_dir() / "kubeconfig"


def _ask(server: Server, what: str) -> dict[str, Any] | None:
    """What the server says about itself, by `ping` or `status`; None where it does not answer."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", server.port, timeout=ANSWER)
    try:
        connection.request("GET", f"{server.prefix}/local/{what}")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return body if answer.status == 200 and body.get("pid") == server.pid else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


@contextmanager
def _alone(home: Path, enough: Callable[[], Server | None] = lambda: None) -> Iterator[Server | None]:
    """Be the only command that starts or resets the server, or get the server that is `enough` instead.

    Without that, a crowd of commands would go through the lock one by one after the first of them
    has long started the server.
    """
    lock, server = None, None
    deadline = time.monotonic() + PATIENCE + 2 * ANSWER
    with explained(home):
        while (lock := acquire(home / LOCK, 0.5)) is None and (server := enough()) is None:
            if time.monotonic() > deadline:
                raise DaemonError("another command has been starting the local cluster too long", "try again")
    try:
        yield server
    finally:
        if lock is not None:
            os.close(lock)


def _failure(home: Path, before: int | None, ready: bool) -> DaemonError:
    """Why no server answers after one was started; `before` held the lock already then."""
    if before is not None and holder(home) == before:
        return DaemonError(
            f"the local cluster (pid {before}) does not answer", "stop it with: arena local stop"
        )
    lines = (home / "server.log").read_text(errors="replace").splitlines()[-8:]
    what = "does not answer after its start" if ready else "does not start"
    return DaemonError(
        f"the local cluster {what}: {lines[-1] if lines else 'it wrote no reason'}",
        "\n".join([f"the end of {home / 'server.log'}:", *lines]),
    )


def _end(home: Path) -> bool:
    """End the process that holds the server's lock, at last by force; whether there was one."""
    if holder(home) is None:
        return False
    for number, patience in ((signal.SIGTERM, LEAVING), (signal.SIGKILL, DYING)):
        told, deadline = False, time.monotonic() + patience
        while time.monotonic() < deadline:
            pid = holder(home)
            if pid is None:
                return True
            # One that has just locked the file has yet to write its pid.
            if pid and not told:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                told = True
            time.sleep(0.01)
    raise DaemonError(f"the local cluster (pid {pid}) does not end", f"end it with: kill -9 {pid}")


def _older(theirs: str, ours: str) -> bool:
    """Whether version `theirs` came before `ours`; unknown versions are no reason to act."""
    one, other = ([int(part) for part in text.split(".") if part.isdigit()] for text in (theirs, ours))
    return bool(one and other) and one < other
