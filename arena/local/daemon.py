"""Finds, starts, stops and resets the server of the local cluster, for commands.

Most callers need only `ensure()`. This module uses only the standard library and imports its slower parts
late, since every command on the local cluster imports it.

Several commands may start at the same time. `start.lock` lets one of them, or `restart`, start a server while
the others wait and then find it. The server holds `server.lock` as long as it lives, so whether one runs is
known without guessing from process ids.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

from arena.local.folders import DaemonError, check_room, explained
from arena.local.locks import PROXY, SERVER, START, acquire, fell, holder, settle
from arena.local.state import Server, claim, prepare, recorded, state_dir, trusted_dir
from arena.paths import StrPath
from arena.private import Exposed, check, empty
from arena.values import frozen, replace

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

PATIENCE = 60.0
"""Seconds to wait for a server to start; many commands may start at once."""

LEAVING = 10.0
"""Seconds to wait for a server to stop before it is killed."""

DYING = 30.0
"""Seconds to wait until a killed server is gone; a busy machine is slow."""

EXTRAS = "/local"
"""The path below which the server tells of itself, such as `/local/ping`."""

LARGEST = 1 << 16
"""Maximum size, in bytes, of the server's answer about itself."""
ANSWER = 15.0
"""Seconds to wait for an answer of the server."""


@frozen
class Status:
    """The state of a running local cluster."""

    home: str
    pid: int
    port: int
    version: str
    uptime: float
    """Seconds."""
    pods: int
    """Number of pods that have not ended."""
    memory: int
    """Resident memory of the server in bytes, without its pods."""
    idle: float
    """Seconds without pods and requests after which the server stops; 0: never."""


def find() -> Server | None:
    """Return the server if one is running and answers, otherwise None."""
    home = state_dir()
    try:
        check(home)
        server = recorded(home)
        # A record may be old: the holder of the lock is the server.
        if server is None or holder(home) != server.pid:
            return None
    except (Exposed, OSError):
        return None  # the next start reports it
    answer = _ask(server, "ping")
    return None if answer is None else replace(server, replaced=answer.get("replaced") is True)


def crashed() -> bool:
    """Whether the last server crashed, rather than being stopped or becoming idle."""
    return fell(state_dir())


def ensure(version: str = "", offers: Mapping[str, str] | None = None) -> Server:
    """Return the running server, or start one; `Server.fresh` says which.

    Args:
        version: the caller's version of arena. A server of an older version is replaced if no pods
            are running; otherwise it stays, and the caller may compare `Server.version` and warn. One whose
            arena was removed or installed anew is always replaced; its pods continue.
        offers: variables for a server that is started now, such as ARENA_LOCAL_GPUS; they override the
            environment.

    Raises:
        DaemonError: it cannot be started.
    """
    server = find()
    if server is None:
        return start(version=version, offers=offers)
    if server.replaced or (_older(server.version, version) and _is_empty(server)):
        with _alone(server.home), explained(server.home):
            _end(server.home, server.pid)
            settle(server.home)
        return start(version=version, offers=offers)
    return server


def _is_empty(server: Server) -> bool:
    answer = _ask(server, "status")
    return answer is not None and answer["pods"] == 0


def start(idle: float | None = None, version: str = "", offers: Mapping[str, str] | None = None) -> Server:
    """Start the server, or return the one that another command has just started.

    Args:
        idle: seconds without pods and requests after which it stops; 0: never; None: ARENA_LOCAL_IDLE, or
            30 minutes.
        version: the caller's version of arena, kept in `Server.version`.
        offers: as in `ensure`.

    Raises:
        DaemonError: it does not start; the hint contains the end of its log.
    """
    from arena.local.launch import failure, spawn

    home = prepare()
    with _alone(home, find) as running:
        if running := running or find():
            return running
        check_room(home)
        before = holder(home)
        with explained(home):
            ready, begin = spawn(home, version, idle, offers or {}, PATIENCE)
        server = find()
        if server is None:
            raise failure(home, before, ready, begin)
        return replace(server, fresh=True)


def stop(pods: bool = False) -> bool:
    """Stop the server and return whether one was running. Its pods continue, and the next server adopts them.

    Args:
        pods: also kill all processes of all pods.

    Raises:
        DaemonError: it does not stop.
    """
    home = trusted_dir()
    stopped = False
    if os.path.isdir(home):
        # So that nothing starts it again meanwhile.
        with _alone(home), explained(home):
            stopped = _end(home)
            settle(home)
            _end(home, lock=PROXY)  # a killed server has left it
    if pods:
        from arena.local import leftover_processes

        leftover_processes.kill(home)
    return stopped


def status() -> Status | None:
    """Return the state of the server, or None if none is running."""
    server = find()
    answer = _ask(server, "status") if server else None
    if server is None or answer is None:
        return None
    uptime = max(0.0, time.time() - server.started)
    known = {name: answer[name] for name in ("pods", "memory", "idle")}
    return Status(
        home=state_dir(), pid=server.pid, port=server.port, version=server.version, uptime=uptime, **known
    )


def reset() -> None:
    """Stop the server, kill all processes of its pods, and delete its state folder.

    Raises:
        DaemonError: a process cannot be killed, or a file cannot be removed.
    """
    from arena.local import leftover_processes

    home = trusted_dir()
    if not os.path.isdir(home):
        with explained(home):
            leftover_processes.kill(home)  # somebody may have removed the folder while pods ran
        return
    with explained(home):
        claim(home)
    with _alone(home):
        _end(home)
        leftover_processes.kill(home)
        with explained(home):
            _empty(home)
            # Last, because a waiting command may start again in this folder from here on.
            os.unlink(os.path.join(home, START))
            with suppress(OSError):
                os.rmdir(home)


def _empty(home: StrPath) -> None:
    """Remove everything in the folder except the lock that keeps other commands out."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        empty(folder, keep=START)
    finally:
        os.close(folder)


def kubeconfig() -> str:
    """Return the path of the local cluster's kubeconfig, and start the cluster if necessary.

    Raises:
        DaemonError: it cannot be started.
    """
    ensure()
    return os.path.join(state_dir(), "kubeconfig")


def _ask(server: Server, what: str) -> dict[str, Any] | None:
    """Return the server's answer to `ping` or `status`, or None if there is no answer."""
    # Without a library, which would be slow to import: every command calls this.
    asked = f"GET /local/{what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with closing(server.dial(ANSWER)) as link:
            link.sendall(asked.encode())
            answer = b""
            while len(answer) < LARGEST and (piece := link.recv(LARGEST)):
                answer += piece
        head, _, text = answer.partition(b"\r\n\r\n")
        body = json.loads(text)
        return body if head.split()[1:2] == [b"200"] and body.get("pid") == server.pid else None
    except (OSError, ValueError):
        return None


@contextmanager
def _alone(home: StrPath, enough: Callable[[], Server | None] = lambda: None) -> Iterator[Server | None]:
    """Hold the start lock, or yield a server that `enough` finds while waiting for it.

    Without `enough`, many commands would acquire the lock one after the other although the first of them has
    already started the server.
    """
    lock, server = None, None
    deadline = time.monotonic() + PATIENCE + 2 * ANSWER
    with explained(home):
        while (lock := acquire(os.path.join(home, START), 0.5)) is None and (server := enough()) is None:
            if time.monotonic() > deadline:
                raise DaemonError("another command is still starting the local cluster", "try again")
    try:
        yield server
    finally:
        if lock is not None:
            os.close(lock)


def _end(home: StrPath, target: int = 0, lock: str = SERVER) -> bool:
    """Terminate, and finally kill, the process that holds a lock; return whether there was one.

    Only the process `target` is ended (0: the first holder), never a server that follows it.
    """
    if holder(home, lock) is None:
        return False
    import signal

    for number, patience in ((signal.SIGTERM, LEAVING), (signal.SIGKILL, DYING)):
        told, deadline = False, time.monotonic() + patience
        while time.monotonic() < deadline:
            pid = holder(home, lock)
            # One that has just locked the file has yet to write its pid.
            if pid is None or pid not in (0, target or pid):
                return True
            if pid and not told:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                    target, told = pid, True
            time.sleep(0.01)
    raise DaemonError(f"the local cluster (pid {pid}) does not end", f"end it with: kill -9 {pid}")


def _older(theirs: str, ours: str) -> bool:
    """Whether version `theirs` is older than `ours`; False if one of them is unknown."""
    one, other = ([int(part) for part in text.split(".") if part.isdigit()] for text in (theirs, ours))
    return bool(one and other) and one < other
