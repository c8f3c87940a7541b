"""The options of any workload, whatever its family."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.option_values import (
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

CODE = "/arena/code"
"""Where the code of --code is unpacked by default; every user may enter it."""
GIT_SECRETS = ("GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD")
"""Variables of --env that are stored in a Secret and passed only to the container that fetches the code."""


class WorkloadSpec(Record):
    """The options of every workload: what its pods run, with what, and where.

    What only some kinds have is an option of a class below. A kind inherits what it has, and nothing else.
    Renderers that are for all kinds read the properties here, which such classes answer by their options.
    """

    noun: ClassVar[str] = "job"
    """What messages call such a workload."""
    suffix: ClassVar[str] = "-999999"
    """The longest suffix that is appended to the name in a name of at most 63 characters."""
    default_dir: ClassVar[str] = ""
    """Where the command starts if no directory was chosen; "" for what the image says."""

    name: str = option(REQUIRED, "Name  [default: made from the script]", types.NAME, safe=True)
    command: str = option(REQUIRED, "Command line that every instance runs", types.COMMAND)
    image: str = option("", "Container image of every role without its own image", types.IMAGE)
    gpus: int = option(0, "GPUs of each pod")

    env: Mapping[str, str] = option(
        {}, "Environment variable; NAME- removes a configured one", types.ENV, short="-e"
    )
    env_from_secret: Mapping[str, SecretKey] = option(
        {}, "Environment variable from a Secret of the namespace", REFERENCES
    )
    secret: Mapping[str, str | types.SecretSource] = option(
        {},
        "Variable stored in a Secret; NAME alone takes its value from your environment",
        types.SECRETS,
    )
    data: tuple[Mount, ...] = option((), "Volume claim and where to mount it", CLAIMS, short="-d")
    data_dir: tuple[Mount, ...] = option(
        (), "Folder of the node and where to mount it", FOLDERS, old=("--dataDir",)
    )
    config_file: tuple[ConfigFile, ...] = option((), "Local file to put into every container", FILES)

    annotation: Mapping[str, str] = option(
        {}, "Annotation of the workload and its pods", types.ANNOTATIONS, short="-a"
    )
    label: Mapping[str, str] = option({}, "Label of the workload and its pods", types.LABELS, short="-l")
    selector: Mapping[str, str] = option({}, "Node label to require", types.LABELS, safe=True)
    toleration: tuple[Toleration, ...] = option((), "Node taint to tolerate, or all", TOLERATIONS, safe=True)
    image_pull_secret: tuple[str, ...] = option(
        (),
        "Secret for pulling the image",
        types.OBJECTS,
        flags=("--image-pull-secret", "--image-pull-secrets"),
    )
    code: str = option(
        "",
        "Folder with your code; every instance starts in a copy without ignored files",
        types.DIRECTORY,
    )

    def __post_init__(self) -> None:
        self._check_name()
        self._check_command()
        self._check_variables()
        self._check_paths()

    @staticmethod
    def shared() -> type:
        """The Spec of which help calls all options those of every kind of the family."""
        from arena.kinds.workload.pod_spec import PodSpec

        return PodSpec

    def _check_command(self) -> None:
        """Refuse an empty command; kinds that can run without one override this."""
        if not self.command.strip():
            raise SpecError("COMMAND is empty", "give a command to run")

    def _suffixes(self) -> tuple[str, ...]:
        """All suffixes of the name, if they depend on options."""
        return (self.suffix,)

    def _check_name(self) -> None:
        suffix = max(self._suffixes(), key=len)
        room = max(validators.LONGEST - len(suffix), 0)
        if len(self.name) > room:
            raise SpecError(
                f"--name: {validators.shown(self.name)} cannot name a {self.noun}: "
                f"it has {len(self.name)} characters",
                f"use at most {room}: NAME{suffix} must fit into {validators.LONGEST}",
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
        for one in self.mounted:
            if self.mounted.count(one) > 1:
                raise _mounted_twice(one)
        if self.code:
            self.check_code_dir(self.chosen_dir or CODE)

    def check_code_dir(self, path: str) -> None:
        """Refuse to mount the code where something else is mounted; raises SpecError."""
        if path in self.mounted:
            raise _mounted_twice(path)

    @property
    def release(self) -> str:
        """The name of its objects, which differs from that of every other workload."""
        return self.name

    def dated(self, now: datetime) -> "WorkloadSpec":
        """The Spec with the options that follow from the time of the submit, if they were not given."""
        return self

    @property
    def names_job(self) -> bool:
        """Whether it takes something over from a job, which only the cluster can tell."""
        return False

    @property
    def names_model(self) -> bool:
        """Whether it names a model, whose files this machine may have."""
        return False

    @property
    def mounted(self) -> list[str]:
        """Paths at which data and config files are mounted."""
        data = [one.path for one in (*self.data, *self.data_dir)]
        return data + [one.path for one in self.config_file]

    @property
    def chosen_dir(self) -> str:
        """The chosen working directory; "" for the default of the kind."""
        return ""

    @property
    def fetches_code(self) -> bool:
        """Whether an init container fetches the code."""
        return False

    @property
    def shared_memory(self) -> str:
        """The size of /dev/shm; "" for the node's default."""
        return ""

    @property
    def devices(self) -> Mapping[str, str]:
        """Devices other than GPUs, with their numbers."""
        return {}

    @property
    def chosen_scheduler(self) -> str:
        """The chosen scheduler of the pods; "" for none."""
        return ""

    @property
    def pod_scheduler(self) -> str:
        """The scheduler of the pods; "" for the cluster's default."""
        return self.chosen_scheduler

    @property
    def own_variables(self) -> dict[str, str]:
        """Options that every container has as environment variables."""
        return {"gpus": str(self.gpus)}

    @property
    def default_image(self) -> str:
        """The image of the program that the kind runs, if none is given; "" if there is no such image."""
        return ""

    @property
    def any_image(self) -> str:
        """An image that the nodes pull anyway; "" if none is given."""
        return self.image or self.default_image

    @property
    def operator_volumes(self) -> tuple[str, ...]:
        """Names of volumes that the operator itself adds to the pods."""
        return ()

    @property
    def credentials(self) -> dict[str, str]:
        """Name and password for fetching code, if they are in --env."""
        return {name: self.env[name] for name in GIT_SECRETS if name in self.env}

    def unused(self) -> dict[str, str]:
        """Options that were given without effect, by field, with the flag that each needs."""
        return {}

    def warnings(self) -> list[str]:
        """Warnings to print before the workload is created, one sentence each."""
        return []


class TensorBoardSpec(WorkloadSpec):
    """The options of a workload that writes event files, which TensorBoard can show."""

    tensorboard: bool = option(False, "Start TensorBoard as well", safe=True, after=("sync_image", "code"))
    tensorboard_image: str = option(
        "tensorflow/tensorflow:2.16.1",
        "Image of the TensorBoard",
        types.IMAGE,
        old=("--tensorboardImage",),
        after="tensorboard",
    )
    logdir: str = option("/training_logs", "Directory or URL of the event files", after="tensorboard_image")

    def unused(self) -> dict[str, str]:
        """The unused options of every workload; those of a TensorBoard have no effect if none is started."""
        given = () if self.tensorboard else ("logdir", "tensorboard_image")
        return {one: "--tensorboard" for one in changed(self) if one in given} | super().unused()


def _mounted_twice(path: str) -> SpecError:
    return SpecError(f'two things would be mounted at "{path}"', "give each its own path")


def remarks(spec: WorkloadSpec) -> list[str]:
    """Warnings about a Spec that is valid but perhaps not intended, one sentence each."""
    found = [
        f'--env "{name}" looks like a credential; use --secret {name} to keep it in a Secret'
        for name in spec.env
        if types.is_credential(name) and name not in GIT_SECRETS
    ]
    first = spec.command.strip().partition(" ")[0]
    if first in ("true", "false") and first != spec.command.strip():
        found.append(
            f'the command begins with "{first}"; a flag takes its value with =, as in --gang={first}'
        )
    for one, needed in spec.unused().items():
        found.append(f"--{one.replace('_', '-')} has no effect without {needed}")
    return found + spec.warnings()
