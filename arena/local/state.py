"""The local cluster's folder on disk, and the files in it that both the commands and the server know.

Standard library alone, and little of it: every command on the local cluster imports this.

::

    server.json   where the server listens; written by rename once it does, kept after its end
    server.lock   locked by the server for life, holds its pid: a free lock means no server
    start.lock    locked by the one command that starts a server, or resets all of this
    kubeconfig    what kubectl needs
    server.log    what the server had to say
    state.db      the objects
    pods/<uid>/   the processes' folders
    claims/       the volumes behind claims
"""

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

_TYPES = "nfs nfs4 cifs smb3 smbfs afs ceph lustre beegfs gpfs glusterfs fuse.sshfs fuse.glusterfs"
NETWORK = frozenset(_TYPES.split())
"""File systems on which neither file locks nor the database's shared memory can be trusted."""


ROOM = 1 << 20
"""Bytes that must be free for a start."""


class DaemonError(Exception):
    """The local cluster cannot be started, stopped or found.

    Attributes:
        message: what went wrong and where, one sentence without a full stop.
        hint: what the user can do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Server:
    """A server process and where it listens."""

    port: int
    secret: str
    """The last part of the path below which it answers; who knows it may run programs as this user."""
    pid: int
    version: str
    """The version of arena that started it; "" where it did not say."""
    started: float
    """Seconds since 1970."""
    fresh: bool = False
    """Whether this very call started it."""

    @property
    def url(self) -> str:
        """The address to give to clients, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    @property
    def prefix(self) -> str:
        """The path below which it answers."""
        return f"/k/{self.secret}"


def state_dir() -> Path:
    """The folder: ARENA_LOCAL_HOME, else `arena/local` under XDG_STATE_HOME or ~/.local/state.

    A home on a network file system is passed over for the runtime or temporary folder of this machine.

    Raises:
        DaemonError: there is no home folder, or ARENA_LOCAL_HOME names one on a network file system.
    """
    if named := os.environ.get("ARENA_LOCAL_HOME"):
        path = Path(named).expanduser().absolute()
        if kind := network(path):
            raise DaemonError(
                f"ARENA_LOCAL_HOME={path} lies on a network file system ({kind}), where locks do not hold",
                "name a folder on a disk of this machine",
            )
        return path
    try:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        raise DaemonError(
            "this user has no home folder", "set ARENA_LOCAL_HOME to a folder of yours"
        ) from None
    if not network(base):
        return base.absolute() / "arena" / "local"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "arena" / "local" if runtime else Path(f"/tmp/arena-{os.getuid()}")


def network(path: Path) -> str:
    """The type of the network file system that `path` lies on, or ""."""
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        return ""
    # Ask by the nearest folder that exists, its links resolved.
    there = os.path.realpath(path)
    best, kind = -1, ""
    for line in mounts:
        _, point, type_, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        below = there == point or there.startswith(point.rstrip("/") + "/")
        if below and len(point) >= best:
            best, kind = len(point), type_
    return kind if kind in NETWORK else ""


def prepare() -> Path:
    """The state folder, made if need be and closed to other users.

    Raises:
        DaemonError: it cannot be made or written, or it belongs to someone else.
    """
    home = state_dir()
    with explained(home):
        try:
            _make(home)
        except (FileExistsError, FileNotFoundError):
            _make(home)  # a reset was just removing it
    return home


def _make(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    info = home.stat()
    if info.st_uid != os.getuid():
        raise DaemonError(
            f"the folder {home} belongs to another user", "set ARENA_LOCAL_HOME to a folder of yours"
        )
    if stat.S_IMODE(info.st_mode) & 0o077:
        home.chmod(0o700)


def check_room(home: Path) -> None:
    """Refuse to start where the database could not grow: the server could not even log why it ends.

    Raises:
        DaemonError: the disk is full.
    """
    found = os.statvfs(home)
    if found.f_bavail * found.f_frsize < ROOM:
        raise DaemonError(
            f"the disk of {home} is full", "free some space there, or set ARENA_LOCAL_HOME to another folder"
        )


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into a DaemonError that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free some space there" if full else "make it writable"
        raise DaemonError(
            f"the local cluster cannot write to {path}: {error.strerror}",
            f"{hint}, or set ARENA_LOCAL_HOME to another folder",
        ) from error


def write(path: Path, text: str) -> None:
    """Put a file in place whole or not at all, readable by its owner alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def publish(home: Path, server: Server) -> None:
    """Write the kubeconfig, and then `server.json`: from there on commands find the server."""
    entry = {"cluster": "local", "user": "local", "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [{"name": "local", "cluster": {"server": server.url}}],
        "users": [{"name": "local", "user": {}}],
        "contexts": [{"name": "local", "context": entry}],
    }
    # JSON is YAML, and spares the import of a YAML library.
    write(home / "kubeconfig", json.dumps(config, indent=2) + "\n")
    record = asdict(server)
    del record["fresh"]
    write(home / "server.json", json.dumps(record) + "\n")


def recorded(home: Path) -> Server | None:
    """The server that last ran here; None where the record is missing or damaged."""
    try:
        record = json.loads((home / "server.json").read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict):
        return None
    for field in fields(Server):
        if field.name != "fresh" and type(record.get(field.name)) is not field.type:
            return None
    known = {field.name: record[field.name] for field in fields(Server) if field.name != "fresh"}
    return Server(**known)


def acquire(path: Path, seconds: float) -> int | None:
    """Lock a file, waiting at most so long; its descriptor (close it to unlock), or None.

    A reset may remove the file and its folder meanwhile: who waited for them then makes new ones.
    """
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(FileExistsError):  # raised also where it is removed at this very moment
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            return _locked(path)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.01)


def _locked(path: Path) -> int:
    """The file's descriptor, locked.

    Raises:
        BlockingIOError: somebody else holds the lock.
        FileNotFoundError: the file was removed before it was locked, so that others cannot see the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(descriptor).st_nlink:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def fell(home: Path) -> bool:
    """Whether the process that last held `server.lock` is gone without having called `leave`."""
    try:
        return holder(home) is None and bool((home / "server.lock").read_text().strip())
    except FileNotFoundError:
        return False


def leave(home: Path) -> None:
    """Note in `server.lock`, which this process holds, that it ends on purpose."""
    with contextlib.suppress(FileNotFoundError):  # a reset took it away
        os.truncate(home / "server.lock", 0)


def settle(home: Path) -> None:
    """Note for a server that fell, unless another runs by now, that it shall stay away."""
    if fell(home):
        with explained(home):
            lock = acquire(home / "server.lock", 0)
        if lock is not None:
            os.ftruncate(lock, 0)
            os.close(lock)


def holder(home: Path) -> int | None:
    """The pid of the process that holds `server.lock`; None where nobody does."""
    try:
        descriptor = os.open(home / "server.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        # Locked an instant ago, the file may still hold no pid, or that of the one before.
        text = os.read(descriptor, 32).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None
