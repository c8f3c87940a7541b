"""The state folder of the local cluster, and the files in it that both commands and the server use.

This module uses little more than the standard library, since every command on the local cluster imports it.

::

    arena.mark    marks the folder as the local cluster's, so that reset may empty it
    api.sock      the socket on which the server listens for arena
    server.json   the port for other clients; written when the server listens, kept after it stops
    server.lock   locked by the running server and contains its pid
    start.lock    locked by the command that starts, stops or resets the server
    server.restart.json  how the server was started, for `restart`
    proxy.lock    locked by the proxy's process and contains its pid
    proxy.sock    the socket on which that waits for the next server
    pki/          the keys and certificates of the server and of clients
    kubeconfig    the kubeconfig for kubectl, with the client's key
    server.log    the log of the server
    state.db      the objects
    pods/<uid>/   a pod's processes, volumes and output
    claims/       the volumes behind claims
"""

import errno
import json
import os
from _socket import socket
from contextlib import suppress
from typing import Any

from arena import private
from arena.local.folders import DaemonError, check_proc, explained, network
from arena.local.locks import holder
from arena.paths import StrPath, upward
from arena.values import frozen

SOCKET = "api.sock"
MARK = "arena.mark"
OWN = frozenset(
    ["arena", "api", "server", "start", "kubeconfig", "state", "pki", "pods", "jobs", "claims", "proxy"]
)
"""What the names of all entries of a state folder begin with, up to their first dot."""
RECORD = {"port": int, "pid": int, "version": str, "started": float}
"""What `server.json` holds, and its types."""


@frozen
class Server:
    """A server process and its address."""

    home: str
    """Its state folder."""
    port: int
    pid: int
    version: str
    """The version of arena that started it, or "" if unknown."""
    started: float
    """Seconds since 1970."""
    replaced: bool = False
    """Whether the arena that it runs is not there any more, so that it cannot start anything."""
    fresh: bool = False
    """Whether the call that returned this value started the server."""

    @property
    def url(self) -> str:
        """The address for clients other than arena, without a trailing slash."""
        return f"https://127.0.0.1:{self.port}"

    def dial(self, seconds: float) -> socket:
        """Connect to the server that owns the state folder now.

        Raises:
            OSError: there is none.
        """
        from arena.local import sockets

        if holder(self.home) is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        return sockets.connect(os.path.join(self.home, SOCKET), seconds)


def state_dir() -> str:
    """Return the state folder: ARENA_LOCAL_HOME, or `arena/local` below XDG_STATE_HOME or ~/.local/state.

    If that is on a network file system, a runtime or temporary folder of this machine is used instead.

    Raises:
        DaemonError: there is no home folder, or ARENA_LOCAL_HOME names one on a network file system.
    """
    if named := os.environ.get("ARENA_LOCAL_HOME"):
        path = _named(named)
        if kind := network(path):
            raise DaemonError(
                f"ARENA_LOCAL_HOME={path} lies on a network file system ({kind}), where locks do not hold",
                "name a folder on a disk of this machine",
            )
        return path
    base = private.of_user(os.environ, "XDG_STATE_HOME", ".local/state")
    if private.NOWHERE in upward(base):
        raise DaemonError("this user has no home folder", "set ARENA_LOCAL_HOME to a folder of yours")
    if not network(base):
        return os.path.join(base, "local")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return os.path.join(runtime, "arena", "local") if runtime else f"/tmp/arena-{os.getuid()}"


def _named(text: str) -> str:
    """The folder that ARENA_LOCAL_HOME names."""
    try:
        path = os.path.abspath(os.path.expanduser(text))
    except OSError as cause:
        raise DaemonError(f"the current directory is gone: {cause.strerror}", "cd to another one") from cause
    if text[0] == "~" == os.path.expanduser(text)[0]:
        raise DaemonError(f"ARENA_LOCAL_HOME={text} names no user of this machine", "name a folder of yours")
    return path


def trusted_dir() -> str:
    """Return the state folder, whether or not it exists, for callers that trust its content.

    Raises:
        DaemonError: another user owns it or could have put it there.
    """
    check_proc()
    home = state_dir()
    with explained(home):
        private.check(home)
    return home


def prepare() -> str:
    """Create the state folder if necessary, close it to other users, and mark it as the local cluster's.

    Raises:
        DaemonError: it cannot be made or written, is exposed to others, or holds something else.
    """
    check_proc()
    home = state_dir()
    with explained(home):
        with suppress(FileNotFoundError):  # a reset removes it at this moment
            private.make(home)
            claim(home)
            return home
        private.make(home)
        claim(home)
    return home


def claim(home: StrPath) -> None:
    """Mark a folder as the local cluster's, so that reset may empty it.

    Raises:
        DaemonError: it holds something else, or something that is another user's.
    """
    mark = os.path.join(home, MARK)
    if os.path.exists(mark):
        return
    with os.scandir(home) as found:
        entries = list(found)
    for entry in entries:
        if entry.name.partition(".")[0] not in OWN:
            text = f"the folder {home} holds other things, such as {entry.name}"
            raise DaemonError(text, "set ARENA_LOCAL_HOME to a new folder, or to an empty one")
        with suppress(FileNotFoundError):  # another command has just put its mark in place
            if entry.stat(follow_symlinks=False).st_uid != os.getuid():
                raise DaemonError(f"{entry.path} belongs to another user", "remove it")
    private.write(mark, "arena local reset empties this folder.\n")


def publish(server: Server) -> None:
    """Write the kubeconfig, then `server.json`, by which commands find the server."""
    path, (config, facts) = os.path.join(server.home, "kubeconfig"), _kubeconfig(server)
    # What a user changed by kubectl, such as the namespace, stays where the rest is still true.
    if not os.path.exists(path) or not all(fact.encode() in _read(path) for fact in facts):
        # JSON is YAML, and spares the import of a YAML library.
        private.write(path, json.dumps(config, indent=2) + "\n")
    record = {name: getattr(server, name) for name in RECORD}
    private.write(os.path.join(server.home, "server.json"), json.dumps(record) + "\n")


def _kubeconfig(server: Server) -> tuple[dict[str, Any], list[str]]:
    """The kubeconfig, and what in it a client needs."""
    from base64 import b64encode

    def data(name: str) -> str:
        return b64encode(_read(os.path.join(server.home, "pki", name))).decode()

    cluster = {"server": server.url, "certificate-authority-data": data("ca.crt")}
    user = {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
    entry = {"cluster": "local", "user": "local", "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": "local", "user": user}],
        "contexts": [{"name": "local", "context": entry}],
    }
    return config, [*cluster.values(), *user.values()]


def recorded(home: StrPath) -> Server | None:
    """Return the server that last ran here, whether or not it still does; None if the record is damaged."""
    try:
        record = json.loads(_read(os.path.join(home, "server.json")))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or any(type(record.get(name)) is not RECORD[name] for name in RECORD):
        return None
    return Server(home=os.fspath(home), **{name: record[name] for name in RECORD})


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
