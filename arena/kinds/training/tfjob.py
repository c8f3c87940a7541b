"""TFJob: distributed TensorFlow with workers and, as asked for, parameter servers, chief and evaluator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Change, Kind, Object, count, switch
from arena.kinds.spec import changed, option
from arena.kinds.training import environment, reading, releases, render
from arena.kinds.training.base import TrainingSpec
from arena.resources import Resource
from arena.units import quantity

NAME = "tfjob"

_PLACES = choice("none", "spread", "binpack")
_CONSTRAINTS = choice("preferred", "required")


class TFJobSpec(TrainingSpec):
    """What a TFJob is asked to be; a lone worker becomes the chief."""

    ps: int = option(0, "Number of parameter servers")
    chief: bool = option(False, "Add a chief")
    evaluator: bool = option(False, "Add an evaluator")
    worker_image: str = option(
        "", "Image of workers, chief and evaluator", forms.IMAGE, old=("--workerImage",)
    )
    ps_image: str = option("", "Image of parameter servers", forms.IMAGE, old=("--psImage",))
    ps_gpus: int = option(0, "GPUs of each parameter server")

    worker_cpu: str = option("", "CPUs each worker requests", forms.QUANTITY, old=("--workerCpu",))
    worker_cpu_limit: str = option("", "CPUs each worker may use", forms.QUANTITY)
    worker_memory: str = option("", "Memory each worker requests", forms.QUANTITY, old=("--workerMemory",))
    worker_memory_limit: str = option("", "Memory each worker may use", forms.QUANTITY)
    ps_cpu: str = option("", "CPUs each parameter server requests", forms.QUANTITY, old=("--psCpu",))
    ps_cpu_limit: str = option("", "CPUs each parameter server may use", forms.QUANTITY)
    ps_memory: str = option("", "Memory each parameter server requests", forms.QUANTITY, old=("--psMemory",))
    ps_memory_limit: str = option("", "Memory each parameter server may use", forms.QUANTITY)
    chief_cpu: str = option("", "CPUs the chief requests", forms.QUANTITY, old=("--ChiefCpu", "--chiefCpu"))
    chief_cpu_limit: str = option("", "CPUs the chief may use", forms.QUANTITY)
    chief_memory: str = option(
        "", "Memory the chief requests", forms.QUANTITY, old=("--ChiefMemory", "--chiefMemory")
    )
    chief_memory_limit: str = option("", "Memory the chief may use", forms.QUANTITY)
    evaluator_cpu: str = option("", "CPUs the evaluator requests", forms.QUANTITY, old=("--evaluatorCpu",))
    evaluator_cpu_limit: str = option("", "CPUs the evaluator may use", forms.QUANTITY)
    evaluator_memory: str = option(
        "", "Memory the evaluator requests", forms.QUANTITY, old=("--evaluatorMemory",)
    )
    evaluator_memory_limit: str = option("", "Memory the evaluator may use", forms.QUANTITY)

    worker_port: int = option(0, "Port of workers (0: the operator's)", forms.PORT, old=("--workerPort",))
    ps_port: int = option(0, "Port of parameter servers (0: the operator's)", forms.PORT, old=("--psPort",))
    chief_port: int = option(0, "Port of the chief (0: the operator's)", forms.PORT, old=("--chiefPort",))

    worker_selector: Mapping[str, str] = option({}, "Label that nodes of workers must have", forms.LABELS)
    ps_selector: Mapping[str, str] = option(
        {}, "Label that nodes of parameter servers must have", forms.LABELS
    )
    chief_selector: Mapping[str, str] = option({}, "Label that the node of the chief must have", forms.LABELS)
    evaluator_selector: Mapping[str, str] = option(
        {}, "Label that the node of the evaluator must have", forms.LABELS
    )
    worker_affinity_policy: str = option("none", "Spread workers over nodes, or pack them", _PLACES)
    worker_affinity_constraint: str = option("preferred", "Whether that is a must", _CONSTRAINTS)
    ps_affinity_policy: str = option("none", "Spread parameter servers over nodes, or pack them", _PLACES)
    ps_affinity_constraint: str = option("preferred", "Whether that is a must", _CONSTRAINTS)

    success_policy: str = option(
        "ChiefWorker", "Whose success is the job's", choice("ChiefWorker", "AllWorkers")
    )
    clean_task_policy: str = option(
        "Running",
        "Instances to remove at the end of the job",
        choice("Running", "None", "All"),
        old=("--cleanTaskPolicy",),
    )
    dynamic_workers: bool = option(False, "Let workers come and go: arena scale")
    starting_timeout: int = option(0, "Give up a gang that cannot start so long (0: never)", forms.SECONDS)
    role_sequence: str = option("", "Order in which roles start", forms.ROLES)

    def __post_init__(self) -> None:
        super().__post_init__()
        for role in ("worker", "ps", "chief", "evaluator"):
            for part in ("cpu", "memory"):
                asked, limit = getattr(self, f"{role}_{part}"), getattr(self, f"{role}_{part}_limit")
                if asked and limit and quantity(asked) > quantity(limit):
                    raise SpecError(
                        f"--{role}-{part} {asked} exceeds --{role}-{part}-limit {limit}", "raise the limit"
                    )

    @property
    def any_image(self) -> str:
        """The job's, else that of a role."""
        return self.image or self.worker_image or self.ps_image or self.common_image

    @property
    def alone(self) -> bool:
        """Whether one process is the whole job: TensorFlow wants it to be the chief."""
        others = self.ps or self.chief or self.evaluator or self.dynamic_workers
        return self.workers == 1 and not others

    def idle(self) -> dict[str, str]:
        """As of every Spec; options of a role that there is none of do nothing."""
        found = super().idle()
        absent = [role for role, count in self.replicas.items() if not count and role != "worker"]
        for role in absent:
            found |= {one: f"--{role}" for one in changed(self) if one.startswith(f"{role}_")}
        if self.starting_timeout and not self.gang:
            found["starting_timeout"] = "--gang"
        return found

    @property
    def replicas(self) -> dict[str, int]:
        """How many instances each role has."""
        chief = int(self.chief or self.alone)
        workers = 0 if self.alone else self.workers
        return {"ps": self.ps, "worker": workers, "chief": chief, "evaluator": int(self.evaluator)}


def values(spec: TFJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: a role has no image, or a label is arena's own.
        MissingOperator: as `releases.check`.
    """
    releases.check(resource)
    counts = spec.replicas
    gpus = sum(count * _gpus(spec, role) for role, count in counts.items())
    found = render.shared(spec, NAME, resource, render.Size(pods=sum(counts.values()), gpus=gpus))
    if spec.starting_timeout and spec.gang:
        found["scheduling"]["scheduleTimeoutSeconds"] = spec.starting_timeout
    if spec.role_sequence:
        for key in ("annotations", "pod_annotations"):
            found[key] = {**found[key], labels.ROLE_SEQUENCE: spec.role_sequence}
    for role, title in (("ps", "PS"), ("worker", "Worker"), ("chief", "Chief"), ("evaluator", "Evaluator")):
        part = _role(spec, role, counts[role])
        found |= {f"{role}_{key}": value for key, value in part.items()}
        found[role] = title if counts[role] else None
    return {
        **found,
        "clean_pods": spec.clean_task_policy,
        "dynamic": spec.dynamic_workers or None,
        "success": "AllWorkers" if spec.success_policy == "AllWorkers" else None,
    }


def scale(obj: Object, workers: int) -> Change:
    """What changes how many workers a job has whose workers may come and go.

    Raises:
        SpecError: its may not.
    """
    spec, name = obj.get("spec") or {}, obj["metadata"]["name"]
    job = aimed(name, obj["metadata"].get("namespace") or "default")
    again = f"arena rerun {job} --replace --set workers={workers}"
    if not spec.get("enableDynamicWorker") or "Worker" not in (spec.get("tfReplicaSpecs") or {}):
        raise SpecError(
            f'job "{name}" was told at its start who its workers are',
            f"submit it with --dynamic-workers, or start it anew: {again}",
        )
    return count("spec", "tfReplicaSpecs", "Worker", "replicas")(obj, workers)


def _gpus(spec: TFJobSpec, role: str) -> int:
    return spec.ps_gpus if role == "ps" else spec.gpus


def _role(spec: TFJobSpec, role: str, count: int) -> dict[str, Any]:
    """The values that differ between roles."""

    def own(field: str) -> Any:
        """The role's value; a lone worker, which became the chief, keeps what was said of the worker."""
        given = getattr(spec, f"{role}_{field}", None)
        return given or (getattr(spec, f"worker_{field}") if role == "chief" and spec.alone else given)

    port = spec.worker_port if role == "evaluator" else own("port")
    gpus = _gpus(spec, role)
    # Devices are for those who compute.
    holder = replace(spec, device={}) if role == "ps" else spec
    return {
        "replicas": count,
        "image": render.image(spec, spec.ps_image if role == "ps" else spec.worker_image) if count else None,
        "env": environment.env(spec, hide_gpus=not gpus),
        "resources": render.resources(
            holder,
            gpus,
            {part: own(part) for part in ("cpu", "memory")},
            {part: own(f"{part}_limit") for part in ("cpu", "memory")},
        ),
        "ports": [{"name": "tfjob-port", "containerPort": port}] if port else None,
        "selector": dict(own("selector") or spec.selector) or None,
        "affinity": _affinity(spec, role),
    }


def _affinity(spec: TFJobSpec, role: str) -> dict[str, Any] | None:
    policy = getattr(spec, f"{role}_affinity_policy", "none")
    if policy == "none":
        return None
    others = {
        "labelSelector": {"matchLabels": {labels.JOB_NAME: spec.name, labels.REPLICA_TYPE: role}},
        "topologyKey": "kubernetes.io/hostname",
    }
    if getattr(spec, f"{role}_affinity_constraint") == "required":
        rule: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": [others]}
    else:
        wish = {"weight": 100, "podAffinityTerm": others}
        rule = {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
    return {"podAntiAffinity" if policy == "spread" else "podAffinity": rule}


KIND = Kind(
    name=NAME,
    aliases=("tf", "tensorflow"),
    summary="Distributed TensorFlow",
    resources=releases.of("tfjobs", "TFJob"),
    template="tfjob.yaml",
    spec=TFJobSpec,
    values=values,
    read=reading.read(NAME, "tfReplicaSpecs"),
    pods=reading.selector("tfjob-controller", labels.TF_JOB_NAME),
    job_of=reading.job_of("tfjob-controller", labels.TF_JOB_NAME),
    former=reading.FORMER,
    suspend=switch("spec", "runPolicy", "suspend"),
    scale=scale,
    examples=('arena submit tfjob --name mnist --workers 2 --ps 1 --image IMAGE "python train.py"',),
)
