"""TFJob: its Spec, and the values of its template."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.spec import changed, option
from arena.kinds.training.base import training_operator
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import TrainingPodSpec
from arena.kinds.training.specs.base.workers import clean_policy
from arena.kinds.training.tfjob import NAME
from arena.kinds.workload import environment, images, pod_values, runs
from arena.kinds.workload.rendering import Rendering
from arena.units import quantity

_AFFINITIES = choice("none", "spread", "binpack")
_CONSTRAINTS = choice("preferred", "required")


class TFJobSpec(TrainingPodSpec):
    """The options of a TFJob; a single worker becomes the chief."""

    ps: int = option(0, "Number of parameter servers")
    chief: bool = option(False, "Add a chief", safe=True)
    evaluator: bool = option(False, "Add an evaluator", safe=True)
    worker_image: str = option(
        "", "Image of workers, chief and evaluator", types.IMAGE, old=("--workerImage",)
    )
    ps_image: str = option("", "Image of parameter servers", types.IMAGE, old=("--psImage",))
    ps_gpus: int = option(0, "GPUs of each parameter server")

    worker_cpu: str = option("", "CPUs each worker requests", types.QUANTITY, old=("--workerCpu",))
    worker_cpu_limit: str = option("", "CPUs each worker may use", types.QUANTITY)
    worker_memory: str = option("", "Memory each worker requests", types.QUANTITY, old=("--workerMemory",))
    worker_memory_limit: str = option("", "Memory each worker may use", types.QUANTITY)
    ps_cpu: str = option("", "CPUs each parameter server requests", types.QUANTITY, old=("--psCpu",))
    ps_cpu_limit: str = option("", "CPUs each parameter server may use", types.QUANTITY)
    ps_memory: str = option("", "Memory each parameter server requests", types.QUANTITY, old=("--psMemory",))
    ps_memory_limit: str = option("", "Memory each parameter server may use", types.QUANTITY)
    chief_cpu: str = option("", "CPUs the chief requests", types.QUANTITY, old=("--ChiefCpu", "--chiefCpu"))
    chief_cpu_limit: str = option("", "CPUs the chief may use", types.QUANTITY)
    chief_memory: str = option(
        "", "Memory the chief requests", types.QUANTITY, old=("--ChiefMemory", "--chiefMemory")
    )
    chief_memory_limit: str = option("", "Memory the chief may use", types.QUANTITY)
    evaluator_cpu: str = option("", "CPUs the evaluator requests", types.QUANTITY, old=("--evaluatorCpu",))
    evaluator_cpu_limit: str = option("", "CPUs the evaluator may use", types.QUANTITY)
    evaluator_memory: str = option(
        "", "Memory the evaluator requests", types.QUANTITY, old=("--evaluatorMemory",)
    )
    evaluator_memory_limit: str = option("", "Memory the evaluator may use", types.QUANTITY)

    worker_port: int = option(0, "Port of workers (0: the operator's)", types.PORT, old=("--workerPort",))
    ps_port: int = option(0, "Port of parameter servers (0: the operator's)", types.PORT, old=("--psPort",))
    chief_port: int = option(0, "Port of the chief (0: the operator's)", types.PORT, old=("--chiefPort",))

    worker_selector: Mapping[str, str] = option(
        {}, "Node label to require for workers", types.LABELS, safe=True
    )
    ps_selector: Mapping[str, str] = option(
        {}, "Node label to require for parameter servers", types.LABELS, safe=True
    )
    chief_selector: Mapping[str, str] = option(
        {}, "Node label to require for the chief", types.LABELS, safe=True
    )
    evaluator_selector: Mapping[str, str] = option(
        {}, "Node label to require for the evaluator", types.LABELS, safe=True
    )
    worker_affinity_policy: str = option(
        "none", "Spread workers over nodes, or pack them", _AFFINITIES, safe=True
    )
    worker_affinity_constraint: str = option(
        "preferred", "Whether the affinity policy is required", _CONSTRAINTS, safe=True
    )
    ps_affinity_policy: str = option(
        "none", "Spread parameter servers over nodes, or pack them", _AFFINITIES, safe=True
    )
    ps_affinity_constraint: str = option(
        "preferred", "Whether the affinity policy is required", _CONSTRAINTS, safe=True
    )

    success_policy: str = option(
        "ChiefWorker",
        "Instances whose success completes the job",
        choice("ChiefWorker", "AllWorkers"),
        safe=True,
    )
    clean_task_policy: str = clean_policy(
        "", "Running with --ps or --evaluator, else None", old=("--cleanTaskPolicy",)
    )
    dynamic_workers: bool = option(False, "Allow workers to be added and removed with arena scale", safe=True)
    starting_timeout: int = option(0, "Maximum time for a gang to start (0: no limit)", types.SECONDS)
    role_sequence: str = option("", "Order in which roles start", types.ROLES, safe=True)

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
        """The image of the job, else of a role."""
        return self.image or self.worker_image or self.ps_image

    @property
    def alone(self) -> bool:
        """Whether the job has only one process, which TensorFlow expects to be the chief."""
        others = self.ps or self.chief or self.evaluator or self.dynamic_workers
        return self.workers == 1 and not others

    def unused(self) -> dict[str, str]:
        """The unused options of every job; options of a role without instances have no effect."""
        found = super().unused()
        absent = [role for role, count in self.replicas.items() if not count and role != "worker"]
        for role in absent:
            found |= {one: f"--{role}" for one in changed(self) if one.startswith(f"{role}_")}
        if self.starting_timeout and not self.gang:
            found["starting_timeout"] = "--gang"
        return found

    @property
    def clean_pods(self) -> str:
        """Instances that are removed at the end by default.

        Parameter servers never end, nor does Keras's SidecarEvaluator unless its number of evaluations is
        limited; all others run the program to its end.
        """
        return "Running" if self.ps or self.evaluator else "None"

    @property
    def replicas(self) -> dict[str, int]:
        """The number of instances of each role."""
        chief = int(self.chief or self.alone)
        workers = 0 if self.alone else self.workers
        return {"ps": self.ps, "worker": workers, "chief": chief, "evaluator": int(self.evaluator)}


def values(spec: TFJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: a role has no image, or a label is arena's own.
        MissingOperator: as `training_operator.check`.
    """
    training_operator.check_release(rendering.resource)
    counts = spec.replicas
    gpus = sum(count * _gpus(spec, role) for role, count in counts.items())
    found = render.shared(spec, NAME, rendering, render.Size(pods=sum(counts.values()), gpus=gpus))
    if spec.starting_timeout and spec.gang:
        found["scheduling"]["scheduleTimeoutSeconds"] = spec.starting_timeout
    if spec.role_sequence:
        for key in ("annotations", "pod_annotations"):
            found[key] = {**found[key], labels.ROLE_SEQUENCE: spec.role_sequence}
    for role, title in (("ps", "PS"), ("worker", "Worker"), ("chief", "Chief"), ("evaluator", "Evaluator")):
        part = _role(spec, rendering, role, counts[role])
        found |= {f"{role}_{key}": value for key, value in part.items()}
        chosen = spec.ps_image if role == "ps" else spec.worker_image
        found[f"{role}_image"] = images.image(spec, rendering, chosen) if counts[role] else None
        found[role] = title if counts[role] else None
    return {
        **found,
        "clean_pods": spec.clean_task_policy or spec.clean_pods,
        "dynamic": spec.dynamic_workers or None,
        "success": "AllWorkers" if spec.success_policy == "AllWorkers" else None,
    }


def _gpus(spec: TFJobSpec, role: str) -> int:
    return spec.ps_gpus if role == "ps" else spec.gpus


def _role(spec: TFJobSpec, rendering: Rendering, role: str, count: int) -> dict[str, Any]:
    """The values that differ between roles."""

    def own(field: str) -> Any:
        """The role's value; a lone worker, which became the chief, keeps the options of workers."""
        given = getattr(spec, f"{role}_{field}", None)
        return given or (getattr(spec, f"worker_{field}") if role == "chief" and spec.alone else given)

    port = spec.worker_port if role == "evaluator" else own("port")
    gpus = _gpus(spec, role)
    # Devices are for those who compute.
    holder = replace(spec, device={}) if role == "ps" else spec
    return {
        "replicas": count,
        "env": environment.env(spec, hide_gpus=not gpus),
        "resources": pod_values.resources(
            holder,
            gpus,
            {part: own(part) for part in ("cpu", "memory")},
            {part: own(f"{part}_limit") for part in ("cpu", "memory")},
        ),
        "ports": [{"name": "tfjob-port", "containerPort": port}] if port else None,
        "selector": dict(own("selector") or spec.selector) or None,
        "affinity": _affinity(spec, rendering, role),
    }


def _affinity(spec: TFJobSpec, rendering: Rendering, role: str) -> dict[str, Any] | None:
    policy = getattr(spec, f"{role}_affinity_policy", "none")
    if policy == "none":
        return None
    marks = {labels.JOB_NAME: spec.name, labels.REPLICA_TYPE: role}
    others = {
        "labelSelector": {"matchLabels": runs.pod_labels(rendering, spec.name, marks)},
        "topologyKey": "kubernetes.io/hostname",
    }
    if getattr(spec, f"{role}_affinity_constraint") == "required":
        rule: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": [others]}
    else:
        wish = {"weight": 100, "podAffinityTerm": others}
        rule = {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}
    return {"podAntiAffinity" if policy == "spread" else "podAffinity": rule}


SPECS = Specs(spec=TFJobSpec, values=values)
