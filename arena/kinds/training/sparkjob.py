"""SparkApplication: a driver runs a Spark program and creates executors for it."""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import shell
from arena.kinds.kind import Kind, Object, Pod, PodConventions, switch
from arena.kinds.option_types import OptionType
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, render
from arena.kinds.training.base.spec import (
    VOLCANO,
    QueueStartOptions,
    RetryOptions,
    TimeToLiveOptions,
    TrainingSpec,
)
from arena.kinds.validators import shown, text
from arena.kinds.workload import code, environment, pod_values
from arena.kinds.workload.pod_spec import PodOptions
from arena.kinds.workload.rendering import PackedCode, Rendering
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import when

NAME = "sparkjob"
CONVENTIONS = PodConventions(
    role_labels=(labels.SPARK_ROLE,),
    index_labels=(labels.SPARK_EXECUTOR,),
    chief_roles=("driver",),
    has_chief=True,
    main_containers=("spark-kubernetes-driver", "spark-kubernetes-executor"),
)

EXAMPLE = "local:///opt/spark/examples/jars/spark-examples_2.12-3.5.0.jar"
EXAMPLE_CLASS = "org.apache.spark.examples.SparkPi"
LEAST = 450 * 2**20
"""Bytes of memory below which Spark refuses to start."""

_PATH = "PYTHONPATH"
_MEMORY = r"(?i)([1-9][0-9]{0,9})([kmgt])(b|i)?"
_LANGUAGES = {".py": "Python", ".r": "R", ".jar": "Scala"}
_PHASES = {
    "FAILED": Phase.FAILED,
    "COMPLETED": Phase.SUCCEEDED,
    **dict.fromkeys(("SUSPENDED", "SUSPENDING"), Phase.SUSPENDED),
    **dict.fromkeys(("RUNNING", "SUCCEEDING", "FAILING"), Phase.RUNNING),
    **dict.fromkeys(("PENDING_RERUN", "INVALIDATING", "RESUMING"), Phase.RESTARTING),
}


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


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job with its driver and its executors."""
    state = obj.get("status") or {}
    told = state.get("applicationState") or {}
    said = (_PHASES.get(told.get("state") or ""), str(told.get("errorMessage") or ""))
    found = reading.job(NAME, obj, members, _roles(obj.get("spec") or {}), CONVENTIONS, said)
    ended = when(state.get("terminationTime")) if found.phase.is_final else None
    return replace(found, started=when(state.get("lastSubmissionAttemptTime")), finished=ended)


def _roles(spec: Object) -> list[Object]:
    """Driver and executor, described like the roles of other kinds."""
    found: list[Object] = []
    for name in ("driver", "executor"):
        role = spec.get(name) or {}
        gpu = role.get("gpu") or {}
        limits = {str(gpu.get("name")): str(gpu.get("quantity") or 0)} if gpu else {}
        pod = {
            "containers": [{"resources": {"limits": limits}}],
            "priorityClassName": role.get("priorityClassName"),
            "schedulerName": spec.get("batchScheduler"),
        }
        replicas = role.get("instances", 1) if name == "executor" else 1
        found.append({"replicas": replicas, "template": {"spec": pod}})
    return found


def pods_of(obj: Object) -> Mapping[str, str]:
    """The label of the job's pods."""
    return {labels.SPARK_APP_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The SparkApplication that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return own.get(labels.SPARK_APP_NAME) or ""


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("spark",),
    summary="Spark programs: a driver and executors",
    resources=(Resource("sparkoperator.k8s.io", "v1beta2", "sparkapplications", kind="SparkApplication"),),
    template="sparkjob.yaml",
    spec=SparkJobSpec,
    values=values,
    read=read,
    pods=pods_of,
    job_of=job_of,
    conventions=CONVENTIONS,
    one_world=False,
    selectors=(labels.SPARK_APP_NAME,),
    suspend=switch("spec", "suspend"),
    servers=("executor",),
    examples=(
        "arena submit sparkjob --name pi --replicas 2 1000",
        "arena submit sparkjob --name etl --image IMAGE --jar local:///opt/app/etl.py --replicas 8",
    ),
)
