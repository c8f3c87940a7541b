"""SparkApplication: a driver runs a Spark program and has executors made for it."""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import forms
from arena.kinds.forms import Form
from arena.kinds.kind import Kind, Object, Places, Pod, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.base import VOLCANO, TrainingSpec
from arena.kinds.words import shown, text
from arena.model import Job, Phase
from arena.resources import Resource
from arena.units import when

NAME = "sparkjob"
PLACES = Places(roles=(labels.SPARK_ROLE,), indices=(labels.SPARK_EXECUTOR,), chiefs=("driver",))

EXAMPLE = "local:///opt/spark/examples/jars/spark-examples_2.12-3.5.0.jar"
EXAMPLE_CLASS = "org.apache.spark.examples.SparkPi"
LEAST = 450 * 2**20
"""Bytes of memory below which Spark refuses to start."""

_PATH = "PYTHONPATH"
_MEMORY = re.compile(r"([1-9][0-9]{0,9})([kmgt])(b|i)?", re.IGNORECASE)
_LANGUAGES = {".py": "Python", ".r": "R", ".jar": "Scala"}
_PHASES = {
    "FAILED": Phase.FAILED,
    "COMPLETED": Phase.SUCCEEDED,
    "SUSPENDED": Phase.SUSPENDED,
    "SUSPENDING": Phase.SUSPENDED,
    "RUNNING": Phase.RUNNING,
    "SUCCEEDING": Phase.RUNNING,
    "FAILING": Phase.RUNNING,
    "PENDING_RERUN": Phase.RESTARTING,
    "INVALIDATING": Phase.RESTARTING,
    "RESUMING": Phase.RESTARTING,
}


def memory(value: object) -> str:
    """An amount of memory as the JVM writes it; `1Gi` is `1g`, as its units are binary, too."""
    word = text(value).strip()
    found = _MEMORY.fullmatch(word)
    if not found:
        raise SpecError(f"{shown(value)} is no amount of memory for Spark", "write it like 512m or 2g")
    if int(found[1]) * 1024 ** ("kmgt".index(found[2].lower()) + 1) < LEAST:
        raise SpecError(f"{shown(value)} is too little: Spark needs 450m", "give 450m or more")
    return found[1] + found[2].lower()


MEMORY = Form(memory, "MEMORY")
ARGUMENTS = Form(forms.command, "ARGUMENT", positional=True)
SETTINGS = Form(forms.pairs(str), "KEY=VALUE", multiple=True)


class SparkJobSpec(TrainingSpec):
    """What a SparkApplication is asked to be; `command` holds the arguments of its program."""

    command: str = option("", "Arguments of the program", ARGUMENTS)
    image: str = option("spark:3.5.0", "Container image of driver and executors", forms.IMAGE)
    workers: int = option(1, "Number of executors", forms.POSITIVE, flags=("--replicas", "--workers"))
    gpus: int = option(0, "GPUs of each executor")
    jar: str = option(EXAMPLE, "The program: a jar, or a .py or .R file", flags=("--jar", "--main-file"))
    main_class: str = option("", "Its main class  [default: what the jar names]")
    spark_version: str = option("3.5.0", "Version of Spark in the image")
    conf: Mapping[str, str] = option({}, "Setting of Spark", SETTINGS)
    driver_cpu_request: int = option(1, "CPUs of the driver", forms.POSITIVE)
    driver_memory_request: str = option("500m", "Memory of the driver", MEMORY)
    driver_service_account: str = option("spark", "Service account that makes the executors", forms.OBJECT)
    executor_cpu_request: int = option(1, "CPUs of each executor", forms.POSITIVE)
    executor_memory_request: str = option("500m", "Memory of each executor", MEMORY)

    # What a SparkApplication has no place for.
    device: Mapping[str, str] = field(default_factory=dict)
    share_memory: str = ""
    rdma: bool = False
    running_timeout: int = 0
    shell: str = "sh"
    working_dir: str = "/root"
    gang: bool = False
    host_ipc: bool = False
    host_pid: bool = False
    sync_mode: str = ""
    sync_source: str = ""
    sync_image: str = ""
    tensorboard: bool = False
    tensorboard_image: str = ""
    logdir: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.jar.strip():
            raise SpecError("--jar is empty", "name the program, such as local:///opt/app.jar")
        if self.main_class and self.language != "Scala":
            raise SpecError(
                f'--main-class "{self.main_class}": a {self.language} program has none', "leave it away"
            )

    def idle(self) -> dict[str, str]:
        """As of every job, and code that is not run: the program is another."""
        return super().idle() | ({"code": "--jar"} if self.code and self.jar == EXAMPLE else {})

    def cautions(self) -> list[str]:
        """As of every job, and what takes the code to the pods."""
        needed = (
            "--code needs the webhook of the Spark operator: where that is turned off, no pod has the code"
        )
        return super().cautions() + ([needed] if self.code else [])

    def _check_command(self) -> None:
        try:
            shlex.split(self.command)
        except ValueError as error:
            raise SpecError(
                f"COMMAND: the arguments {shown(self.command)} end inside a quotation", "close the quotation"
            ) from error

    @property
    def in_code(self) -> str:
        """The program as a path in the code; "" where it is elsewhere."""
        inside = self.code and "://" not in self.jar and not self.jar.startswith("/")
        return posixpath.normpath(self.jar) if inside else ""

    @property
    def program(self) -> str:
        """The program as Spark is told."""
        return f"local://{posixpath.join(self.start_dir, self.in_code)}" if self.in_code else self.jar

    @property
    def language(self) -> str:
        """What the program is written in, as its file's name tells."""
        ending = self.jar[self.jar.rfind(".") :].lower()
        return _LANGUAGES.get(ending, "Scala")

    @property
    def entry(self) -> str:
        """The main class; that of the example goes with its jar only."""
        return self.main_class or (EXAMPLE_CLASS if self.jar == EXAMPLE else "")


def values(spec: SparkJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: a label is arena's own, or the program is not in the code.
    """
    _check_program(spec)
    size = render.Size(pods=spec.workers + 1, gpus=spec.workers * spec.gpus)
    pod = render.pod(spec)
    shared = ("image_pull_policy", "mounts", "volumes", "init_containers", "tolerations", "host_network")
    return {
        "api_version": resource.api_version,
        "name": spec.name,
        **render.metadata(spec, NAME, size),
        **{key: pod[key] for key in shared},
        "image": spec.image,
        "pull_secrets": list(spec.image_pull_secret) or None,
        "selector": dict(spec.selector) or None,
        "ttl": spec.ttl_after_finished or None,
        "restart": _restart(spec),
        **_program(spec),
        **_scheduling(spec, pod),
        **_roles_of(spec),
    }


def _check_program(spec: SparkJobSpec) -> None:
    files = spec.parcel.files if spec.parcel else ()
    if spec.in_code and spec.parcel and spec.in_code not in files:
        from difflib import get_close_matches

        close = get_close_matches(spec.in_code, files, 1)
        hint = f"did you mean {close[0]}?" if close else "name a file of the folder by its path in it"
        raise SpecError(f"--jar {shown(spec.jar)} is not in the code of --code", hint)


def _program(spec: SparkJobSpec) -> dict[str, Any]:
    return {
        "language": spec.language,
        "jar": spec.program,
        "main_class": spec.entry or None,
        "arguments": [environment.literal(one) for one in shlex.split(spec.command)] or None,
        "version": spec.spark_version,
        "conf": dict(spec.conf) or None,
    }


def _scheduling(spec: SparkJobSpec, pod: Mapping[str, Any]) -> dict[str, Any]:
    """Who places the pods: Volcano is told for all of them together, others by each."""
    if spec.queued_by != VOLCANO:
        own = {"scheduler": pod["scheduler"], "priority": pod["priority"]}
        return {"batch_scheduler": None, "batch_options": None, **own}
    return {"batch_scheduler": VOLCANO, "batch_options": _batch(spec), "scheduler": None, "priority": None}


def _roles_of(spec: SparkJobSpec) -> dict[str, Any]:
    """What is the driver's, and what the executors'."""
    return {
        "service_account": spec.driver_service_account or None,
        "driver_cpus": spec.driver_cpu_request,
        "driver_memory": spec.driver_memory_request,
        "driver_env": _env(spec, hide_gpus=True),
        "executors": spec.workers,
        "executor_cpus": spec.executor_cpu_request,
        "executor_memory": spec.executor_memory_request,
        "executor_env": _env(spec, hide_gpus=not spec.gpus),
        "gpu": {"name": render.GPU, "quantity": spec.gpus} if spec.gpus else None,
    }


def _env(spec: SparkJobSpec, *, hide_gpus: bool) -> list[dict[str, Any]]:
    """As of every job; executors import modules of the code only where they are told where it is."""
    found = environment.env(spec, hide_gpus=hide_gpus)
    alone = not spec.parcel or spec.language != "Python" or _PATH in [one["name"] for one in found]
    return found if alone else found + environment.variables({_PATH: spec.start_dir})


def _restart(spec: SparkJobSpec) -> dict[str, Any]:
    if not spec.retry:
        return {"type": "Never"}
    return {"type": "OnFailure", "onFailureRetries": spec.retry, "onSubmissionFailureRetries": spec.retry}


def _batch(spec: SparkJobSpec) -> dict[str, Any] | None:
    found = {"queue": spec.queue_name, "priorityClassName": spec.priority}
    return {key: value for key, value in found.items() if value} or None


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job as the cluster describes it, with its driver and its executors."""
    state = obj.get("status") or {}
    told = state.get("applicationState") or {}
    said = (_PHASES.get(told.get("state") or ""), str(told.get("errorMessage") or ""))
    found = reading.job(NAME, obj, members, _roles(obj.get("spec") or {}), PLACES, said)
    ended = when(state.get("terminationTime")) if found.phase.is_final else None
    return replace(found, started=when(state.get("lastSubmissionAttemptTime")), finished=ended)


def _roles(spec: Object) -> list[Object]:
    """Driver and executor as the pods of other kinds are described."""
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
    aliases=("spark",),
    summary="Spark programs: a driver and executors",
    resources=(Resource("sparkoperator.k8s.io", "v1beta2", "sparkapplications", kind="SparkApplication"),),
    template="sparkjob.yaml",
    spec=SparkJobSpec,
    values=values,
    read=read,
    pods=pods_of,
    job_of=job_of,
    places=PLACES,
    selectors=(labels.SPARK_APP_NAME,),
    suspend=switch("spec", "suspend"),
    examples=(
        "arena submit sparkjob --name pi --replicas 2 1000",
        "arena submit sparkjob --name etl --image IMAGE --jar local:///opt/app/etl.py --replicas 8",
    ),
)
