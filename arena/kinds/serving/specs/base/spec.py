"""The options of every serving, in classes of related options."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.kinds.workload.pod_spec import ContainerOptions, PodOptions, working_directory
from arena.kinds.workload.spec import WorkloadSpec

_STAMP = "%Y%m%d%H%M"
"""The version of a serving for which none is given, as in the Go arena."""


def _version(value: object) -> str:
    word = text(value)
    if word and not _is_version(word):
        raise SpecError(
            f"{shown(word)} is not a version", "use a-z, 0-9 and -, beginning and ending with a-z or 0-9"
        )
    return word


def _is_version(word: str) -> bool:
    return word.isascii() and word.replace("-", "").isalnum() and word == word.strip("-").lower()


VERSION = types.OptionType(_version, "VERSION")


class ServingSpec(WorkloadSpec):
    """The options of every serving."""

    command: str = option("", "Command line to run  [default: that of the image]", types.COMMAND)
    version: str = option(
        "",
        "Version; several run beside each other  [default: the time]",
        VERSION,
        safe=True,
        old=("--servingVersion",),
        after="name",
    )
    model_name: str = option("", "Name of the model", types.LABEL, after="version")
    model_version: str = option("", "Version of the model", types.LABEL, after="model_name")
    replicas: int = option(1, "Number of instances", types.INTEGER, after="image")

    def _check_command(self) -> None:
        """Allow a missing command, because the image may have one."""

    def _suffixes(self) -> tuple[str, ...]:
        """The version follows the name in the names of its objects."""
        return (f"-{self.version or '202601010000'}",)

    @property
    def release(self) -> str:
        """Name and version: the name of its Service, and the beginning of those of its other objects."""
        return f"{self.name}-{self.version}"

    def dated(self, now: datetime) -> "ServingSpec":
        """The Spec with the time as its version, if it has none."""
        return self if self.version else replace(self, version=now.astimezone().strftime(_STAMP))


class ServingPodSpec(ServingSpec, ContainerOptions, PodOptions):
    """A serving whose pods arena describes itself."""

    default_dir: ClassVar[str] = ""

    cpu: str = option("", "CPUs of each instance", types.QUANTITY, after="replicas")
    memory: str = option("", "Memory of each instance", types.QUANTITY, after="cpu")
    share_memory: str = option("", "Size of /dev/shm", types.QUANTITY, after="device")
    working_dir: str = working_directory("that of the image")
    image_pull_policy: str = option(
        "IfNotPresent",
        "When to pull the image",
        choice("Always", "IfNotPresent", "Never"),
        old=("--imagePullPolicy",),
        safe=True,
        after="scheduler",
    )
