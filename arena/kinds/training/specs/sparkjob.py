"""SparkApplication: its Spec, and the values of its template."""

import posixpath
import re
import shlex
from collections.abc import Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import shell
from arena.kinds.kind import Specs
from arena.kinds.option_types import OptionType
from arena.kinds.spec import option
from arena.kinds.training.base.queues import VOLCANO
from arena.kinds.training.sparkjob import NAME
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import (
    QueueStartOptions,
    RetryOptions,
    TimeToLiveOptions,
    TrainingSpec,
)
from arena.kinds.validators import shown, text
from arena.kinds.workload import code, environment, pod_values
from arena.kinds.workload.pod_spec import PodOptions
from arena.kinds.workload.rendering import PackedCode, Rendering

EXAMPLE = "local:///opt/spark/examples/jars/spark-examples_2.12-3.5.0.jar"
EXAMPLE_CLASS = "org.apache.spark.examples.SparkPi"
LEAST = 450 * 2**20
"""Bytes of memory below which Spark refuses to start."""

_PATH = "PYTHONPATH"
_MEMORY = r"(?i)([1-9][0-9]{0,9})([kmgt])(b|i)?"
_LANGUAGES = {".py": "Python", ".r": "R", ".jar": "Scala"}


def memory(value: object) -> str:
    """An amount of memory in the JVM's format; `1Gi` becomes `1g`, as its units are binary, too."""
    word = text(value).strip()
    found = re.fullmatch(_MEMORY, word)
    if not found:
        raise SpecError(f"{shown(value)} is not an amount of memory for Spark", "write it like 512m or 2g")
    if int(found[1]) * 1024 ** ("kmgt".index(found[2].lower()) + 1) < LEAST:
        raise SpecError(f"{shown(value)} is too little: Spark needs 450m", "give 450m or more")
    return found[1] + found[2].lower()


MEMORY = OptionType(memory, "MEMORY")
ARGUMENTS = OptionType(shell.command, "ARGUMENT", positional=True)
SETTINGS = types.mapping_type(types.mapping(str), "KEY=VALUE")


class SparkJobSpec(TrainingSpec, QueueStartOptions, RetryOptions, TimeToLiveOptions, PodOptions):
    """The options of a SparkApplication; `command` holds the arguments of its program."""

    command: str = option("", "Arguments of the program", ARGUMENTS)
    image: str = option("spark:3.5.0", "Container image of driver and executors", types.IMAGE)
    workers: int = option(1, "Number of executors", types.POSITIVE, flags=("--replicas", "--workers"))
    gpus: int = option(0, "GPUs of each executor")
    jar: str = option(EXAMPLE, "Program: a jar, or a .py or .R file", flags=("--jar", "--main-file"))
    main_class: str = option("", "Main class of the program  [default: the jar's]")
    spark_version: str = option("3.5.0", "Version of Spark in the image", safe=True)
    conf: Mapping[str, str] = option({}, "Spark setting", SETTINGS)
    driver_cpu_request: int = option(1, "CPUs of the driver", types.POSITIVE)
    driver_memory_request: str = option("500m", "Memory of the driver", MEMORY, safe=True)
    driver_service_account: str = option("spark", "Service account that creates the executors", types.OBJECT)
    executor_cpu_request: int = option(1, "CPUs of each executor", types.POSITIVE)
    executor_memory_request: str = option("500m", "Memory of each executor", MEMORY, safe=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.jar.strip():
            raise SpecError("--jar is empty", "name a program, such as local:///opt/app.jar")
        if self.main_class and self.language != "Scala":
            raise SpecError(
                f'--main-class "{self.main_class}": a {self.language} program has none', "omit it"
            )

    def unused(self) -> dict[str, str]:
        """As for every job; code has no effect if the program is not in it."""
        return super().unused() | ({"code": "--jar"} if self.code and self.jar == EXAMPLE else {})

    def warnings(self) -> list[str]:
        """The warnings of every workload; code needs the webhook of the operator."""
        needed = "--code needs the webhook of the Spark operator; if it is disabled, no pod has the code"
        return ([needed] if self.code else []) + super().warnings()

    def _check_command(self) -> None:
        try:
            shlex.split(self.command)
        except ValueError as error:
            raise SpecError(
                f"COMMAND: the arguments {shown(self.command)} end inside a quotation", "close the quotation"
            ) from error

    @property
    def in_code(self) -> str:
        """The path of the program in the code; "" if it is not there."""
        inside = self.code and "://" not in self.jar and not self.jar.startswith("/")
        return posixpath.normpath(self.jar) if inside else ""

    @property
    def language(self) -> str:
        """The language of the program, by the name of its file."""
        ending = self.jar[self.jar.rfind(".") :].lower()
        return _LANGUAGES.get(ending, "Scala")

    @property
    def entry(self) -> str:
        """The main class; that of the example belongs to its jar only."""
        return self.main_class or (EXAMPLE_CLASS if self.jar == EXAMPLE else "")


def values(spec: SparkJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: a label is arena's own, or the program is not in the code.
    """
    _check_program(spec, rendering.code)
    size = render.Size(pods=spec.workers + 1, gpus=spec.workers * spec.gpus)
    pod = {**pod_values.shared(spec, rendering), **pod_values.placed(spec, rendering)}
    shared = ("image_pull_policy", "mounts", "volumes", "init_containers", "tolerations", "host_network")
    return {
        "api_version": rendering.resource.api_version,
        "name": spec.name,
        **render.metadata(spec, NAME, size),
        **{key: pod[key] for key in shared},
        "image": spec.image,
        "pull_secrets": list(spec.image_pull_secret) or None,
        "selector": dict(spec.selector) or None,
        "ttl": spec.ttl_after_finished or None,
        "restart": _restart(spec),
        **_program(spec, rendering),
        **_scheduling(spec, pod),
        **_roles_of(spec, rendering),
    }


def _check_program(spec: SparkJobSpec, packed: PackedCode | None) -> None:
    files = packed.files if packed else ()
    if spec.in_code and packed and spec.in_code not in files:
        from difflib import get_close_matches

        close = get_close_matches(spec.in_code, files, 1)
        hint = f"did you mean {close[0]}?" if close else "name a file of the folder by its path in it"
        raise SpecError(f"--jar {shown(spec.jar)} is not in the code of --code", hint)


def _program(spec: SparkJobSpec, rendering: Rendering) -> dict[str, Any]:
    in_code = f"local://{posixpath.join(code.start_dir(spec, rendering), spec.in_code)}"
    return {
        "language": spec.language,
        "jar": in_code if spec.in_code else spec.jar,
        "main_class": spec.entry or None,
        "arguments": [environment.literal(one) for one in shlex.split(spec.command)] or None,
        "version": spec.spark_version,
        "conf": dict(spec.conf) or None,
    }


def _scheduling(spec: SparkJobSpec, pod: Mapping[str, Any]) -> dict[str, Any]:
    """The scheduler: Volcano is set for all pods together, others for each."""
    if spec.queued_by != VOLCANO:
        own = {"scheduler": pod["scheduler"], "priority": pod["priority"]}
        return {"batch_scheduler": None, "batch_options": None, **own}
    return {"batch_scheduler": VOLCANO, "batch_options": _batch(spec), "scheduler": None, "priority": None}


def _roles_of(spec: SparkJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the driver and of the executors."""
    return {
        "service_account": spec.driver_service_account or None,
        "driver_cpus": spec.driver_cpu_request,
        "driver_memory": spec.driver_memory_request,
        "driver_env": _env(spec, rendering, hide_gpus=True),
        "executors": spec.workers,
        "executor_cpus": spec.executor_cpu_request,
        "executor_memory": spec.executor_memory_request,
        "executor_env": _env(spec, rendering, hide_gpus=not spec.gpus),
        "gpu": {"name": pod_values.GPU, "quantity": spec.gpus} if spec.gpus else None,
    }


def _env(spec: SparkJobSpec, rendering: Rendering, *, hide_gpus: bool) -> list[dict[str, Any]]:
    """The variables of every workload; executors import modules of the code only from PYTHONPATH."""
    found = environment.env(spec, hide_gpus=hide_gpus)
    alone = not rendering.code or spec.language != "Python" or _PATH in [one["name"] for one in found]
    return found if alone else found + environment.variables({_PATH: code.start_dir(spec, rendering)})


def _restart(spec: SparkJobSpec) -> dict[str, Any]:
    if not spec.retry:
        return {"type": "Never"}
    return {"type": "OnFailure", "onFailureRetries": spec.retry, "onSubmissionFailureRetries": spec.retry}


def _batch(spec: SparkJobSpec) -> dict[str, Any] | None:
    found = {"queue": spec.queue_name, "priorityClassName": spec.priority}
    return {key: value for key, value in found.items() if value} or None


SPECS = Specs(spec=SparkJobSpec, values=values)
