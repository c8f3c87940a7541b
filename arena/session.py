"""`connect()`: which cluster, which namespace, and why; and `Session`, which opens the cluster on demand.

Nothing is read before it is asked for, and the local cluster is started by the first request to it.
"""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from arena import labels
from arena._version import VERSION
from arena.errors import ArenaError, SpecError, Unreachable
from arena.origin import LOCAL, Choice, Origin, choose

if TYPE_CHECKING:
    from arena.config import Settings
    from arena.kube import Cluster, Endpoint
    from arena.kube.kubeconfig import Context

HANDED = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ")
PREFIXES = ("CONDA_", "CUDA_")
"""What of the environment a program of the local cluster is handed; never tokens."""


class Session:
    """A cluster on demand, a namespace and a clock; may be shared by threads.

    Args:
        choice: what the caller said.
        environ: the environment to read.
        folder: where the search for a project file begins.
        tell: takes the remarks that a command prints to stderr, such as that the local cluster was
            started.
    """

    def __init__(
        self, choice: Choice, environ: Mapping[str, str], folder: Path, tell: Callable[[str], None]
    ) -> None:
        self._choice = choice
        self._environ = environ
        self._folder = folder
        self._tell = tell
        self._lock = threading.RLock()
        self._cluster: Cluster | None = None

    @cached_property
    def settings(self) -> "Settings":
        """All settings that need no cluster, with their origins."""
        from arena import config

        flags = {
            "namespace": self._choice.namespace,
            "context": self._choice.context,
            "arena-namespace": self._choice.arena_namespace,
        }
        return config.load(flags, self._environ, self._folder)

    @cached_property
    def origin(self) -> Origin:
        """Which cluster was chosen and why; SpecError where the choice cannot be read."""
        return choose(self._choice, self._environ, self.settings)

    @property
    def is_local(self) -> bool:
        """Whether the local cluster was chosen."""
        return self.origin.kind == LOCAL

    @cached_property
    def context(self) -> "Context | None":
        """The chosen context of the kubeconfig; None in a pod and for the local cluster."""
        if self.origin.kind != "kubeconfig":
            return None
        from arena.kube import kubeconfig

        return kubeconfig.read(self.origin.files, self.origin.context or None)

    def contexts(self) -> list[str]:
        """What --context may name here: the contexts of the kubeconfig in use, and the local cluster."""
        from arena.kube import kubeconfig

        return [*kubeconfig.contexts(self.origin.files), LOCAL]

    @cached_property
    def namespace(self) -> str:
        """The flag, else the setting, else the context's, else `default`."""
        chosen, where = self.settings.text("namespace"), "namespace"
        if chosen:
            where = f"namespace of {self.settings['namespace'].origin}"
        elif self.context is not None:
            chosen, where = self.context.namespace, f"namespace of context {self.context.name}"
        elif self.origin.kind == "in-cluster":
            from arena.kube import kubeconfig

            chosen = kubeconfig.in_cluster_namespace()
        return check_namespace(chosen or "default", where)

    @property
    def name(self) -> str:
        """What messages call the cluster."""
        if self.context is not None:
            return f'cluster "{self.context.name}"'
        return "the local cluster" if self.is_local else "this cluster"

    def describe(self) -> str:
        """One line for stderr: the cluster, why it, and the namespace."""
        return f'{self.name} ({self.origin.reason}), namespace "{self.namespace}"'

    def cluster(self) -> "Cluster":
        """The cluster; nothing is sent, nor the local cluster started, before its first verb."""
        from arena.kube import Cluster

        with self._lock:
            if self._cluster is None:
                self._cluster = Cluster(self._load, self.name, self.namespace)
            return self._cluster

    @property
    def user(self) -> str:
        """Who submits, by the name that this machine knows."""
        import getpass

        try:
            return getpass.getuser()
        except (KeyError, OSError):
            # A container's user may have no name.
            return str(os.getuid())

    def surroundings(self, *, here: bool = True) -> dict[str, str]:
        """Annotations for pods that are processes of this machine, to start as this process would.

        Args:
            here: whether they start in the present directory, rather than where the manifest says.

        Returns:
            Nothing for any cluster but the local one.
        """
        if not self.is_local:
            return {}
        import json

        kept = {
            name: value
            for name, value in self._environ.items()
            if name in HANDED or name.startswith(PREFIXES)
        }
        notes = {labels.LOCAL_ENV: json.dumps(kept, sort_keys=True)}
        return {**notes, labels.LOCAL_CWD: self.folder} if here else notes

    @property
    def folder(self) -> str:
        """The directory that relative paths start from."""
        return str(self._folder)

    def is_idle(self) -> bool:
        """Whether the first verb would have to start the local cluster: TAB does not."""
        if not self.is_local:
            return False
        from arena.local import daemon

        return daemon.find() is None

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(timezone.utc)

    def _load(self) -> "Endpoint":
        from arena.kube import Endpoint

        if self.is_local:
            from arena.local import daemon

            return Endpoint(server=self._start_local(), is_lost=daemon.crashed)
        from arena.kube import credentials

        return credentials.load(self.context) if self.context is not None else credentials.load_in_cluster()

    def _start_local(self) -> str:
        """The local cluster's address; starts it by need and says so."""
        from arena.local import daemon

        try:
            server = daemon.ensure(VERSION, self.settings.text("local-gpus"))
        except daemon.DaemonError as fault:
            raise Unreachable(fault.message, fault.hint) from fault
        if server.fresh:
            self._tell(f"started the local cluster (pid {server.pid}); stop it with: arena local stop")
        elif server.version != VERSION:
            theirs = server.version or "an unknown version"
            self._tell(
                f"the local cluster runs arena {theirs}, not {VERSION}; once its pods end: arena local stop"
            )
        return server.url


def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    tell: Callable[[str], None] = lambda remark: None,
) -> Session:
    """A session with the cluster that is configured, or with the local one where none is.

    The order is: `kubeconfig` and `context`, $KUBECONFIG, ~/.kube/config, the pod's service account, the
    local cluster. The context `local` without a `kubeconfig` always means the local cluster. Whatever
    is configured and cannot be used is an error, never passed over.
    """
    choice = Choice(kubeconfig=kubeconfig, context=context, namespace=namespace)
    return start(choice, environ, folder, tell)


def start(
    choice: Choice,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    tell: Callable[[str], None] = lambda remark: None,
) -> Session:
    """As `connect`, for whoever may say all that a Choice holds."""
    return Session(choice, os.environ if environ is None else environ, folder or _here(), tell)


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as cause:
        raise ArenaError(f"the current directory is gone: {cause.strerror}", "cd to another one") from cause


def check_namespace(name: str, where: str) -> str:
    """The name, if it can be a namespace: it goes into every path, so let nothing else be asked for.

    Raises:
        SpecError: it cannot; `where` says who wanted it.
    """
    allowed = name.isascii() and name == name.lower() and name.replace("-", "a").isalnum()
    if not allowed or len(name) > 63 or name[0] == "-" or name[-1] == "-":
        text = f'{where}: "{name}" cannot be a namespace'
        raise SpecError(text, "use at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")
    return name
