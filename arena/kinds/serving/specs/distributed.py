"""The Spec of servings by groups of pods, and the values of their template."""

from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.serving.base.groups import LEADER, WORKER
from arena.kinds.serving.distributed import NAME, TYPE
from arena.kinds.serving.specs.base import exposure, groups, probes, render, rollout
from arena.kinds.serving.specs.base.ports import PortOptions
from arena.kinds.serving.specs.base.probes import ProbeOptions
from arena.kinds.serving.specs.base.rollout import RolloutOptions
from arena.kinds.serving.specs.base.spec import GPU_CORE, GPU_MEMORY, LINE, PERCENTAGE
from arena.kinds.spec import option
from arena.kinds.workload import pod_values
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]


class DistributedServingSpec(PortOptions, ProbeOptions, RolloutOptions):
    """The options of a serving by groups of pods; each group is one instance with a leader and workers."""

    replicas: int = option(1, "Number of groups", types.INTEGER, after="image")
    leader_num: int = option(1, "Leaders of each group, always 1", old=("--masters",))
    worker_num: int = option(0, "Workers of each group, beside its leader", old=("--workers",))
    leader_cpu: str = option(
        "", "CPUs of the leader  [default: --cpu]", types.QUANTITY, old=("--master-cpu",)
    )
    worker_cpu: str = option("", "CPUs of each worker  [default: --cpu]", types.QUANTITY)
    leader_memory: str = option(
        "", "Memory of the leader  [default: --memory]", types.QUANTITY, old=("--master-memory",)
    )
    worker_memory: str = option("", "Memory of each worker  [default: --memory]", types.QUANTITY)
    leader_gpus: int = option(0, "GPUs of the leader  [default: --gpus]", old=("--master-gpus",))
    worker_gpus: int = option(0, "GPUs of each worker  [default: --gpus]")
    leader_gpumemory: int = option(
        0, "GPU memory of the leader in GiB  [default: --gpumemory]", old=("--master-gpumemory",)
    )
    worker_gpumemory: int = option(0, "GPU memory of each worker in GiB  [default: --gpumemory]")
    leader_gpucore: int = option(
        0, "Percentage of a GPU's cores for the leader  [default: --gpucore]", PERCENTAGE,
        old=("--master-gpucore",),
    )  # fmt: skip
    worker_gpucore: int = option(
        0, "Percentage of a GPU's cores for each worker  [default: --gpucore]", PERCENTAGE
    )
    leader_command: str = option(
        "", "Command line of the leader  [default: COMMAND]", LINE, old=("--master-command",)
    )
    worker_command: str = option(
        "", "Command line of each worker  [default: COMMAND, or with --init-backend only to join]", LINE
    )
    init_backend: str = option("", "What connects the pods of a group before the command", choice("ray"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.leader_num != 1:
            raise SpecError("--leader-num must be 1", "a group has one leader; set --worker-num")
        for role in (LEADER, WORKER):
            if self.of(role, "gpus") and (self.of(role, "gpumemory") or self.of(role, "gpucore")):
                raise SpecError(
                    f"--{role}-gpus and shares of a GPU are mutually exclusive", "omit one of them"
                )

    def of(self, role: str, name: str) -> Any:
        """An amount or the command of a role, which defaults to that of all."""
        return getattr(self, f"{role}_{name}") or getattr(self, name)

    @property
    def own_variables(self) -> dict[str, str]:
        """None: GPU_COUNT tells the GPUs of each role."""
        return {}

    def _suffixes(self) -> tuple[str, ...]:
        """Its pods are named after it, and their names are host names."""
        [version] = super()._suffixes()
        return (f"{version}-{TYPE}-99-99",)


def values(spec: DistributedServingSpec, rendering: Rendering) -> Values:
    """The values of the template.

    Raises:
        SpecError: there is no image, port or command, or a label is arena's own.
    """
    pod = {**render.named(spec, NAME, TYPE, protocol=spec.protocol), **render.pod(spec, rendering)}
    gpus = {role: spec.of(role, "gpus") for role in (LEADER, WORKER)}
    ray = [{"name": "ray", "containerPort": groups.RAY_PORT}] if spec.init_backend else []
    return {
        **pod,
        "ports": [*pod["ports"], *ray],
        **probes.values(spec),
        **groups.values(spec, pod, gpus, spec.worker_num + 1),
        **_commands(spec, rendering),
        "leader_resources": _resources(spec, LEADER),
        "worker_resources": _resources(spec, WORKER),
        "rollout": rollout.amounts(spec),
        **rollout.ending(spec, rendering),
    }


def _commands(spec: DistributedServingSpec, rendering: Rendering) -> Values:
    leader = spec.of(LEADER, "command")
    if not spec.init_backend:
        lines = {LEADER: leader, WORKER: spec.of(WORKER, "command")}
        return {f"{role}_command": render.program(spec, line) for role, line in lines.items()}
    if not leader:
        raise SpecError("--init-backend needs a command", "add the command that the leader runs")
    return {
        "leader_command": groups.leading(spec, rendering, leader),
        "worker_command": groups.following(spec, rendering, spec.worker_command),
    }


def _resources(spec: DistributedServingSpec, role: str) -> Values | None:
    shares = {GPU_MEMORY: spec.of(role, "gpumemory"), GPU_CORE: spec.of(role, "gpucore")}
    asked = {"cpu": spec.of(role, "cpu"), "memory": spec.of(role, "memory")}
    limits = {**asked, **{name: str(number) for name, number in shares.items() if number}}
    return pod_values.resources(spec, spec.of(role, "gpus"), asked, limits)


SPECS = Specs(spec=DistributedServingSpec, values=values, beside=exposure.of(TYPE))
