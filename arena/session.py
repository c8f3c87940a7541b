"""`connect()` chooses cluster and namespace; `Session` opens the cluster on demand.

Nothing is read before it is needed, and the first request to the local cluster starts it.
"""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from arena import labels, ownership, units
from arena._version import VERSION
from arena.errors import ArenaError, Unreachable
from arena.origin import LOCAL, Choice, Origin, check_namespace, choose
from arena.paths import StrPath
from arena.values import replace

if TYPE_CHECKING:
    from arena.config import Settings
    from arena.kube import Cluster, Endpoint
    from arena.kube.kubeconfig import Context
    from arena.local.daemon import Server

HANDED = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ")
PREFIXES = ("CONDA_", "CUDA_", "DYLD_")
"""Variables that programs on the local cluster inherit; never tokens."""


def _log(remark: str) -> None:
    import logging

    logging.getLogger("arena").warning("%s", remark)


class Session:
    """A cluster on demand, a namespace and a clock; may be shared by threads.

    Args:
        choice: the caller's choices.
        environ: the environment to read.
        folder: where the search for a project file begins.
        tell: called with remarks that a command prints to stderr, such as that the local cluster was started.
        warn: called with warnings, such as that a setting is ignored.
    """

    def __init__(
        self,
        choice: Choice,
        environ: Mapping[str, str],
        folder: StrPath,
        tell: Callable[[str], None],
        warn: Callable[[str], None] = _log,
    ) -> None:
        self._choice = choice
        self._environ = environ
        self.folder = os.fspath(folder)
        """The directory that relative paths start from."""
        self._tell = tell
        self.warn = warn
        self._warned: set[str] = set()
        self._lock = threading.RLock()
        self._cluster: Cluster | None = None
        self._running: Server | None = None
        self.waiting: Callable[[str], None] | None = None  # takes a line about each long wait
        self.silent = False  # whether a credential plug-in must neither ask nor write to the terminal
        self.lost: Callable[[str], None] = _log  # takes a line about a cluster that is away

    @cached_property
    def settings(self) -> "Settings":
        """All settings that need no cluster, with their origins."""
        from arena import config, kinds

        flags = {
            "namespace": self._choice.namespace,
            "context": self._choice.context,
            "arena-namespace": self._choice.arena_namespace,
            "patience": self._choice.patience,
        }
        found = config.load(flags, self._environ, self.folder, kinds.is_safe)
        if found.ignored and not found.ignored.values:
            self.warn(
                f"{found.ignored.origin} is ignored: {found.ignored.why}; "
                "make it writable only by you (chmod go-w), or move what you need to your own config.yaml"
            )
        return found

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the session."""
        return self._environ

    def miss(self, *keys: str) -> None:
        """Warn if the project file is ignored for one of these keys and no stronger source sets it."""
        ignored = self.settings.ignored
        missed = sorted((ignored.wanted & set(keys)) - self._warned) if ignored else []
        if ignored and missed:
            self._warned |= set(missed)
            self.warn(
                f"ignored in {ignored.origin} because {ignored.why}: {', '.join(missed)}; "
                "to review and trust it, run: arena config trust"
            )

    @cached_property
    def origin(self) -> Origin:
        """The chosen cluster and the reason; raises SpecError if the configuration cannot be read."""
        self.miss("context", "kubeconfig")
        chosen = choose(self._choice, self._environ, self.settings)
        return replace(chosen, kind=LOCAL) if _is_local(chosen) else chosen

    @property
    def is_local(self) -> bool:
        """Whether the local cluster was chosen."""
        return self.origin.kind == LOCAL

    @cached_property
    def context(self) -> "Context | None":
        """The chosen context of the kubeconfig; None in a pod, and for the local cluster without one."""
        files = self.origin.files
        if not files or (self.is_local and not os.path.exists(files[0])):
            return None
        from arena.kube import kubeconfig

        return kubeconfig.read(self.origin.files, self.origin.context or None)

    def contexts(self) -> list[str]:
        """Valid values of --context: the contexts of the kubeconfig in use, and the local cluster."""
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
            from arena.kube import service_account

            chosen = service_account.namespace()
        return check_namespace(chosen or "default", where)

    @property
    def name(self) -> str:
        """What messages call the cluster."""
        if self.is_local:
            return "the local cluster"
        return "this cluster" if self.context is None else f'cluster "{self.context.name}"'

    def describe(self) -> str:
        """One line for stderr: the cluster, why it was chosen, and the namespace."""
        return f'{self.name} ({self.origin.reason}), namespace "{self.namespace}"'

    def cluster(self) -> "Cluster":
        """The cluster; nothing is sent and no local cluster is started before its first verb."""
        from arena.kube import Cluster, Waiting

        with self._lock:
            if self._cluster is None:
                waiting = Waiting(self.waiting, self.lost, units.duration(self.settings.text("patience")))
                self._cluster = Cluster(self._load, self.name, self.namespace, waiting)
            return self._cluster

    @property
    def user(self) -> str:
        """The submitter's user name on this machine."""
        return ownership.user()

    def surroundings(self, *, here: bool = True) -> dict[str, str]:
        """Annotations for pods of the local cluster, so that they start like this process; none for others.

        Args:
            here: whether they start in the present directory, rather than in that of the manifest.
        """
        if not self.is_local:
            return {}
        import json

        from arena.local import process_settings

        kept = {
            name: value
            for name, value in self._environ.items()
            if name in HANDED or name.startswith(PREFIXES)
        }
        settings = json.dumps(process_settings.own(), sort_keys=True)
        notes = {labels.LOCAL_ENV: json.dumps(kept, sort_keys=True), labels.LOCAL_PROCESS: settings}
        return {**notes, labels.LOCAL_CWD: self.folder} if here else notes

    def is_idle(self) -> bool:
        """Whether the first verb would have to start the local cluster, which completion does not do."""
        if not self.is_local:
            return False
        from arena.local import daemon

        try:
            self._running = daemon.find()
        except daemon.DaemonError:
            return True
        return self._running is None

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(timezone.utc)

    def _load(self) -> "Endpoint":
        from arena.kube import Endpoint

        if self.is_local:
            from arena.local import daemon

            server = self._start_local()
            return Endpoint(server=server.url, dial=server.dial, extras=daemon.EXTRAS, is_lost=daemon.crashed)
        from arena.kube import credentials

        if self.context is None:
            return credentials.load_in_cluster()
        return credentials.load(self.context, self.silent)

    @property
    def offers(self) -> dict[str, str]:
        """The configured devices of a local cluster, as variables of its server."""
        named = {"ARENA_LOCAL_GPUS": "local-gpus", "ARENA_LOCAL_DEVICES": "local-devices"}
        known = {variable: self.settings.text(key) for variable, key in named.items()}
        return {variable: text for variable, text in known.items() if text}

    def _start_local(self) -> "Server":
        """The local cluster's server; started if necessary, with a remark."""
        from arena.local import daemon

        found, self._running = self._running, None
        if found is not None and found.version == VERSION and not found.replaced:
            return found
        try:
            server = daemon.ensure(VERSION, self.offers)
        except daemon.DaemonError as fault:
            raise Unreachable(fault.message, fault.hint) from fault
        if server.fresh:
            self._tell(f"started the local cluster (pid {server.pid}); stop it with: arena local stop")
        elif server.version != VERSION:
            theirs = server.version or "an unknown version"
            self._tell(
                f"the local cluster runs arena {theirs}, not {VERSION}; once its pods end: arena local stop"
            )
        return server


def connect(
    kubeconfig: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: StrPath | None = None,
    tell: Callable[[str], None] = lambda remark: None,
) -> Session:
    """Return a session with the configured cluster, or with the local one if none is configured.

    The order is: `kubeconfig` and `context`, $KUBECONFIG, ~/.kube/config, the pod's service account, the
    local cluster. The context `local` without a `kubeconfig` always means the local cluster. A configured
    cluster that cannot be used is an error; the next one is not tried.
    """
    choice = Choice(kubeconfig=kubeconfig, context=context, namespace=namespace)
    return start(choice, environ, folder, tell)


def start(
    choice: Choice,
    environ: Mapping[str, str] | None = None,
    folder: StrPath | None = None,
    tell: Callable[[str], None] = lambda remark: None,
    warn: Callable[[str], None] = _log,
) -> Session:
    """As `connect`, with a whole Choice, and with a function for warnings, which are logged otherwise."""
    return Session(choice, os.environ if environ is None else environ, folder or _here(), tell, warn)


def _is_local(origin: Origin) -> bool:
    """Whether the chosen kubeconfig is that of the local cluster, which is started if necessary."""
    if len(origin.files) != 1 or origin.context not in ("", LOCAL):
        return False
    real = os.path.realpath(origin.files[0])
    if os.path.basename(real) != "kubeconfig":
        return False  # without the local cluster's modules, which Windows cannot import
    from arena.local import daemon

    try:
        return real == os.path.realpath(os.path.join(daemon.state_dir(), "kubeconfig"))
    except daemon.DaemonError:
        return False


def _here() -> str:
    try:
        return os.getcwd()
    except OSError as cause:
        raise ArenaError(f"the current directory is gone: {cause.strerror}", "cd to another one") from cause
