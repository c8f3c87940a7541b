"""The options of every serving."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.option_types import choice
from arena.kinds.option_values import Mount
from arena.kinds.serving.specs.base import locations
from arena.kinds.serving.specs.base.locations import LOCATION, MODELS, Location
from arena.kinds.serving.specs.base.values import EXPRESSIONS, TEMPORARY
from arena.kinds.shell import command
from arena.kinds.spec import REQUIRED, option
from arena.kinds.workload.pod_spec import ContainerOptions, PodOptions, working_directory

_STAMP = "%Y%m%d%H%M"
"""The version of a serving for which none is given, as in the Go arena."""
HTTP, GRPC, METRICS = "http-serving", "grpc-serving", "http-metrics"
"""The names of ports, as in the Go arena."""
GPU_MEMORY, GPU_CORE = "aliyun.com/gpu-mem", "aliyun.com/gpu-core.percentage"


def _version(value: object) -> str:
    word = validators.text(value)
    if word and not _is_version(word):
        raise SpecError(
            f"{validators.shown(word)} is not a version",
            "use a-z, 0-9 and -, beginning and ending with a-z or 0-9",
        )
    return word


def _is_version(word: str) -> bool:
    return word.isascii() and word.replace("-", "").isalnum() and word == word.strip("-").lower()


def _percentage(value: object) -> int:
    number = types.integer(0, 100)(value)
    if number % 5:
        raise SpecError(f"{number} is not a multiple of 5", "give 5, 10, 15 and so on")
    return number


VERSION = types.OptionType(_version, "VERSION")
NAME = types.OptionType(lambda value: validators.name(value, "serving"), "NAME")
LINE = types.OptionType(command, "COMMAND")
"""A command line that is the value of a flag."""
PERCENTAGE = types.OptionType(_percentage, "PERCENT", safe=True)


class ServingSpec(ContainerOptions, PodOptions):
    """The options of every serving."""

    noun: ClassVar[str] = "serving"
    default_dir: ClassVar[str] = ""
    loads: ClassVar[tuple[str, ...]] = ()
    """Schemes of locations from which its engine loads models itself, such as `s3`."""

    name: str = option(
        REQUIRED, "Name  [default: made from the script]", NAME, safe=True, old=("--servingName",)
    )
    command: str = option(
        "", "Command line to run  [default: that of the image]", types.COMMAND, flags=("--command",)
    )
    version: str = option(
        "",
        "Version; several run beside each other  [default: the time]",
        VERSION,
        safe=True,
        old=("--servingVersion",),
        after="name",
    )
    model: str = option(
        "",
        "The model: a path, or pvc://CLAIM/PATH, s3://, gs://, hf://ORG/NAME, https:// or job://JOB/PATH",
        LOCATION,
        after="version",
    )
    model_name: str = option("", "Name of the model", types.LABEL, old=("--modelName",), after="model")
    model_version: str = option("", "Version of the model", types.LABEL, after="model_name")
    from_job: str = option(
        "",
        "Training job from which volumes, environment, placement and model are taken, unless given",
        types.OBJECT,
        after="model_version",
    )
    image: str = option("", "Container image", types.IMAGE)
    gpus: int = option(0, "GPUs of each instance")
    replicas: int = option(1, "Number of instances", types.INTEGER, after="image")
    cpu: str = option("", "CPUs of each instance", types.QUANTITY, after="replicas")
    memory: str = option("", "Memory of each instance", types.QUANTITY, after="cpu")
    gpumemory: int = option(0, "GPU memory of each instance in GiB, on shared GPUs", after="gpus")
    gpucore: int = option(
        0, "Percentage of a GPU's cores for each instance, on shared GPUs", PERCENTAGE, after="gpumemory"
    )
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
    data_subpath_expr: Mapping[str, str] = option(
        {}, "Part of a claim of --data to mount; $(ARENA_POD_NAME) is expanded", EXPRESSIONS, after="data"
    )
    temp_dir: tuple[Mount, ...] = option(
        (), "Empty folder of each instance, and where to mount it", TEMPORARY, after="data_dir"
    )
    temp_dir_subpath_expr: Mapping[str, str] = option(
        {}, "Part of a --temp-dir to mount; $(ARENA_POD_NAME) is expanded", EXPRESSIONS, after="temp_dir"
    )
    enable_istio: bool = option(
        False, "Add the sidecar of Istio", old=("--enableIstio",), after="host_network"
    )
    expose_service: bool = option(
        False,
        "Accept requests from outside of the cluster by a gateway of Istio",
        old=("--exposeService",),
        after="enable_istio",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gpus and (self.gpumemory or self.gpucore):
            raise SpecError("--gpus and --gpumemory or --gpucore are mutually exclusive", "omit one of them")

    def check_parts(self) -> None:
        """Refuse a part of something that is not mounted; raises SpecError."""
        self._check_parts("--data-subpath-expr", self.data_subpath_expr, "--data", self.data)
        self._check_parts("--temp-dir-subpath-expr", self.temp_dir_subpath_expr, "--temp-dir", self.temp_dir)

    def _check_parts(self, flag: str, parts: Mapping[str, str], of: str, mounts: tuple[Mount, ...]) -> None:
        for name in parts:
            if name not in [one.source for one in mounts]:
                raise SpecError(f'{flag}: there is no {of} "{name}"', f"add {of} {name}:/path")

    def _check_command(self) -> None:
        """Allow a missing command, because the image may have one."""

    def _suffixes(self) -> tuple[str, ...]:
        """The version follows the name in the names of its objects."""
        return (f"-{self.version or '202601010000'}",)

    @staticmethod
    def shared() -> type:
        """All options here are those of every serving."""
        return ServingSpec

    @property
    def release(self) -> str:
        """Name and version: the name of its Service, and the beginning of those of its other objects."""
        return f"{self.name}-{self.version}"

    def dated(self, now: datetime) -> "ServingSpec":
        """The Spec with the time as its version, if it has none."""
        return self if self.version else replace(self, version=now.astimezone().strftime(_STAMP))

    @property
    def ports(self) -> Mapping[str, int]:
        """Name -> number of each port on which it answers; 0 for none."""
        return {}

    @property
    def devices(self) -> Mapping[str, str]:
        """Other devices, and shares of GPUs."""
        shares = {GPU_MEMORY: self.gpumemory, GPU_CORE: self.gpucore}
        return {**self.device, **{name: str(number) for name, number in shares.items() if number}}

    @property
    def mounted(self) -> list[str]:
        """As for every workload; temporary folders and the model are mounted, too."""
        model = [MODELS] if locations.is_mounted(self.location, self.loads) else []
        return [*super().mounted, *(one.path for one in self.temp_dir), *model]

    @property
    def location(self) -> Location | None:
        """Where the model is; None if that was not said."""
        return locations.read(self.model) if self.model else None

    @property
    def names_model(self) -> bool:
        """As for every workload."""
        return bool(self.model)

    @property
    def lacks_format(self) -> bool:
        """Whether the files of its model must tell the format."""
        return False

    def with_format(self, format: str) -> "ServingSpec":
        """The Spec with the format of its model, if that matters."""
        return self

    @property
    def names_job(self) -> bool:
        """As for every workload: it is like a job, or serves what a job wrote."""
        location = self.location
        return bool(self.from_job or (location and location.scheme == "job"))

    def unused(self) -> dict[str, str]:
        """As for every workload; the gateway is one of Istio."""
        lost = {"expose_service": "--enable-istio"} if self.expose_service and not self.enable_istio else {}
        return lost | super().unused()
