"""The Spec that all training kinds share."""

import posixpath
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from arena.errors import SpecError
from arena.kinds import forms, words
from arena.kinds.forms import choice
from arena.kinds.parts import (
    CLAIMS,
    FILES,
    FOLDERS,
    REFERENCES,
    TOLERATIONS,
    ConfigFile,
    Mount,
    SecretKey,
    Toleration,
)
from arena.kinds.record import Record
from arena.kinds.spec import REQUIRED, changed, option

if TYPE_CHECKING:
    from arena.kinds.training.code import Parcel

KUEUE, VOLCANO, COSCHEDULING = "kueue", "volcano", "coscheduling"
"""What may hold jobs in queues, or start all pods of a job at once."""
CODE = "/arena/code"
"""Where the code of --code is unpacked, unless --working-dir says otherwise: everybody may enter it."""
NO_IMAGE = "local"
"""What pods that are processes of this machine have for an image where none was named."""
GIT_SECRETS = ("GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD")
"""Variables of --env that are kept in the job's Secret and reach only the container that fetches the code."""


class TrainingSpec(Record):
    """What a training job of any kind is asked to be."""

    suffix: ClassVar[str] = "-worker-999999"
    """The longest that is appended to its name to name something whose name ends at 63 characters."""

    name: str = option(REQUIRED, "Name of the job  [default: made from the script]", forms.NAME)
    command: str = option(REQUIRED, "Command line that every instance runs", forms.COMMAND)
    image: str = option("", "Container image of every role that has none of its own", forms.IMAGE)
    workers: int = option(1, "Number of workers", forms.POSITIVE)
    gpus: int = option(0, "GPUs of each worker")
    device: Mapping[str, str] = option(
        {}, "Other device of each worker, such as amd.com/gpu=1", forms.DEVICES
    )
    share_memory: str = option("2Gi", "Size of /dev/shm", forms.QUANTITY)
    rdma: bool = option(False, "Ask for an RDMA device and the right to lock memory")
    retry: int = option(0, "How often a failed instance is started again before the job fails")
    running_timeout: int = option(0, "Fail the job when it runs longer (0: never)", forms.SECONDS)
    ttl_after_finished: int = option(0, "Delete the job that long after its end (0: keep it)", forms.SECONDS)

    env: Mapping[str, str] = option({}, "Environment variable", forms.ENV, short="-e")
    env_from_secret: Mapping[str, SecretKey] = option(
        {}, "Environment variable from a Secret of the namespace", REFERENCES
    )
    secret: Mapping[str, str] = option({}, "Environment variable kept in a Secret of the job", forms.SECRETS)
    shell: str = option("sh", "Shell that runs the command", forms.PROGRAM)
    working_dir: str = option("/root", "Directory the command starts in", forms.PATH, old=("--workingDir",))
    data: tuple[Mount, ...] = option((), "Volume claim and where to mount it", CLAIMS, short="-d")
    data_dir: tuple[Mount, ...] = option(
        (), "Folder of the node and where to mount it", FOLDERS, old=("--dataDir",)
    )
    config_file: tuple[ConfigFile, ...] = option((), "Local file to put into every container", FILES)

    annotation: Mapping[str, str] = option(
        {}, "Annotation of the job and its pods", forms.ANNOTATIONS, short="-a"
    )
    label: Mapping[str, str] = option({}, "Label of the job and its pods", forms.LABELS, short="-l")
    selector: Mapping[str, str] = option({}, "Label that nodes must have", forms.LABELS)
    toleration: tuple[Toleration, ...] = option((), "Taint of nodes that is put up with, or all", TOLERATIONS)
    gang: bool = option(False, "Start all instances together or none")
    priority: str = option("", "Priority class", forms.OBJECT, short="-p")
    queue: bool = option(False, "Let the queue of the cluster start the job")
    queue_name: str = option("", "Queue of Kueue or Volcano that the job waits in", forms.QUEUE)
    queue_system: str = option(
        "",
        "Whose queue or gang it is, where the cluster has several",
        choice(KUEUE, VOLCANO, COSCHEDULING),
    )
    scheduler: str = option("", "Scheduler of the pods", forms.OBJECT)
    image_pull_policy: str = option(
        "Always",
        "When to pull the image",
        choice("Always", "IfNotPresent", "Never"),
        old=("--imagePullPolicy",),
    )
    image_pull_secret: tuple[str, ...] = option(
        (),
        "Secret for pulling the image",
        forms.OBJECTS,
        flags=("--image-pull-secret", "--image-pull-secrets"),
    )
    host_network: bool = option(
        False, "Use the network of the node", flags=("--host-network", "--hostNetwork")
    )
    host_ipc: bool = option(False, "Use the IPC space of the node", flags=("--host-ipc", "--hostIPC"))
    host_pid: bool = option(False, "Use the process space of the node", flags=("--host-pid", "--hostPID"))

    code: str = option(
        "", "Folder whose code every instance starts in: what Git has, less .arenaignore", forms.DIRECTORY
    )
    sync_mode: str = option(
        "", "How code is fetched before the start", choice("git", "rsync"), old=("--syncMode",)
    )
    sync_source: str = option("", "Where code is fetched from", forms.SOURCE, old=("--syncSource",))
    sync_image: str = option("", "Image that fetches the code", forms.IMAGE, old=("--syncImage",))

    tensorboard: bool = option(False, "Start a TensorBoard beside the job")
    tensorboard_image: str = option(
        "tensorflow/tensorflow:2.16.1", "Image of the TensorBoard", forms.IMAGE, old=("--tensorboardImage",)
    )
    logdir: str = option("/training_logs", "Directory or URL of the event files")

    model_name: str = option("", "Name to register the model under", forms.LABEL)
    model_source: str = option("", "Where the model will be stored, for its registration")

    on_host: bool = field(default=False, compare=False)
    """Whether pods share one file system and need no images; no option: who submits knows."""

    parcel: "Parcel | None" = field(default=None, compare=False)
    """The code of --code as it was packed; no option: who submits packs it."""

    def __post_init__(self) -> None:
        self._check_name()
        self._check_command()
        if bool(self.sync_mode) != bool(self.sync_source):
            given, lacking = ("mode", "source") if self.sync_mode else ("source", "mode")
            raise SpecError(f"--sync-{given} needs --sync-{lacking}", "give both or none")
        if self.code and self.sync_mode:
            raise SpecError(
                "--code does not go together with --sync-mode", "choose one way to bring the code"
            )
        if self.model_name and not self.model_source:
            raise SpecError("--model-name needs --model-source", "give both")
        if self.queue_name and self.queue_system == COSCHEDULING:
            raise SpecError(
                f'--queue-name "{self.queue_name}": coscheduling has no queues',
                f"choose --queue-system {KUEUE} or {VOLCANO}, or leave the queue away",
            )
        self._check_variables()
        self._check_paths()

    def _check_command(self) -> None:
        """A job runs something; kinds whose image or jar says what say so here."""
        if not self.command.strip():
            raise SpecError("COMMAND is empty", "say what to run")

    def _suffixes(self) -> tuple[str, ...]:
        """What is appended to the name: the longest of the kind, and what its options make longer."""
        return (self.suffix,)

    def _check_name(self) -> None:
        suffix = max(self._suffixes(), key=len)
        room = max(words.LONGEST - len(suffix), 0)
        if len(self.name) > room:
            raise SpecError(
                f"--name: {words.shown(self.name)} cannot name a job: it has {len(self.name)} characters",
                f"use at most {room}: NAME{suffix} must fit into {words.LONGEST}",
            )

    def _check_variables(self) -> None:
        groups = (("--env", self.env), ("--env-from-secret", self.env_from_secret), ("--secret", self.secret))
        seen: dict[str, str] = {}
        for flag, group in groups:
            for name in group:
                if name in seen:
                    raise SpecError(f'{flag}: "{name}" is also set by {seen[name]}', "set it once")
                seen[name] = flag

    def _check_paths(self) -> None:
        paths = [one.path for one in (*self.data, *self.data_dir)]
        paths += [one.path for one in self.config_file]
        paths += [self.start_dir] if self.code else []
        for one in paths:
            if paths.count(one) > 1:
                raise SpecError(f'two things would be mounted at "{one}"', "give each its own path")

    @property
    def queued_by(self) -> str:
        """Whose queue and gang: as given, as the scheduler tells, else Kueue's where a queue is named."""
        if self.queue_system:
            return self.queue_system
        if self.scheduler == VOLCANO:
            return VOLCANO
        return KUEUE if self.queue_name else ""

    @property
    def waits_in(self) -> str:
        """The queue that it names; "" for none, or for the one that every cluster has."""
        return self.queue_name

    def idle(self) -> dict[str, str]:
        """Options that were given and do nothing, by field, and the flag each would need."""
        found: dict[str, str] = {}
        if not self.tensorboard:
            found |= {one: "--tensorboard" for one in changed(self) if one in ("logdir", "tensorboard_image")}
        if self.sync_image and not self.sync_mode:
            found["sync_image"] = "--sync-mode"
        if self.queue_system and not (self.queue_name or self.gang):
            found["queue_system"] = "--queue-name or --gang"
        if self.model_source and not self.model_name:
            found["model_source"] = "--model-name"
        return found

    def cautions(self) -> list[str]:
        """What the user should hear about the kind before the job is sent; one sentence each."""
        return []

    @property
    def start_dir(self) -> str:
        """Directory the command starts in; with --code that is where the code is."""
        # On the submitter's own machine --working-dir may be there already, with other files in it.
        own = self.on_host or self.working_dir == type(self).working_dir
        return CODE if self.code and own else self.working_dir

    @property
    def common_image(self) -> str:
        """The image of every role that has none of its own; "" where one is needed and none was named."""
        return self.image or (NO_IMAGE if self.on_host else "")

    @property
    def any_image(self) -> str:
        """An image that the nodes have to pull anyway."""
        return self.common_image

    @property
    def taken(self) -> tuple[str, ...]:
        """Names of volumes that the operator adds to the pods by itself."""
        return ()

    @property
    def events(self) -> str:
        """Where TensorBoard reads: a URL, or a path (absolute unless pods share a file system)."""
        if self.on_host or "://" in self.logdir:
            return self.logdir
        return posixpath.normpath(posixpath.join(self.start_dir, self.logdir))

    @property
    def owns_events(self) -> bool:
        """Whether the event files need a folder of the node, as no mounted volume holds them."""
        if not self.tensorboard or self.on_host or "://" in self.logdir:
            return False
        return not any(inside(self.events, mount.path) for mount in (*self.data, *self.data_dir))

    @property
    def credentials(self) -> dict[str, str]:
        """Name and password for fetching code, where --env gave them."""
        return {name: self.env[name] for name in GIT_SECRETS if name in self.env}


def inside(path: str, folder: str) -> bool:
    """Whether the path is the folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def remarks(spec: TrainingSpec) -> list[str]:
    """What the user should hear about a Spec that is valid but perhaps not meant so; one sentence each."""
    found = [
        f'--env "{name}" looks like a credential; use --secret {name}=VALUE to keep it in a Secret'
        for name in spec.env
        if forms.is_credential(name) and name not in GIT_SECRETS
    ]
    first = spec.command.strip().partition(" ")[0]
    if first in ("true", "false") and first != spec.command.strip():
        found.append(
            f'the command begins with "{first}"; a flag takes its value with =, as in --gang={first}'
        )
    for one, needed in spec.idle().items():
        found.append(f"--{one.replace('_', '-')} does nothing without {needed}")
    found += spec.cautions()
    if spec.model_name:
        found.append("--model-name is kept with the job, but no registry is told")
    return found
