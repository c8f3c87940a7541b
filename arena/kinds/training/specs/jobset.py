"""JobSet: its Spec, and the values of its template."""

from dataclasses import replace
from typing import Any, ClassVar

from arena import labels
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training.base.queues import VOLCANO
from arena.kinds.training.jobset import NAME
from arena.kinds.training.specs.base import render, rendezvous, workers
from arena.kinds.training.specs.base.workers import WorkerSpec
from arena.kinds.training.specs.job import PORT
from arena.kinds.workload import environment, images, pod_values, runs
from arena.kinds.workload.rendering import Rendering

_KEY = types.OptionType(lambda value: validators.qualified_name(validators.text(value)), "LABEL")


class JobSetSpec(WorkerSpec):
    """The options of a JobSet."""

    suffix: ClassVar[str] = "-coordinator-0-0-xxxxx"

    retry: int = option(0, "Number of restarts of all instances before the job fails")
    nproc_per_node: str = option("", "Processes of each worker, for torchrun", types.PROCESSES)
    port: int = option(29500, "Port for the workers' rendezvous", PORT)
    coordinator: str = option("", "Command of an additional instance, which ends the job when it ends")
    coordinator_image: str = option("", "Image of the coordinator", types.IMAGE)
    coordinator_cpu: str = option("", "CPUs of the coordinator", types.QUANTITY)
    coordinator_memory: str = option("", "Memory of the coordinator", types.QUANTITY)
    coordinator_port: int = option(29400, "Port of the coordinator", PORT)
    exclusive_topology: str = option(
        "",
        "Node label, such as that of racks; the job gets all nodes with one value of it",
        _KEY,
        safe=True,
    )

    def unused(self) -> dict[str, str]:
        """The unused options of every job; options of a coordinator have no effect without one."""
        own = ("coordinator_image", "coordinator_cpu", "coordinator_memory")
        lost = {} if self.coordinator else {one: "--coordinator" for one in own if getattr(self, one)}
        return super().unused() | lost


def values(spec: JobSetSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    leads = bool(spec.coordinator)
    size = workers.size(spec)
    found = render.shared(spec, NAME, rendering, replace(size, pods=size.pods + leads))
    if spec.exclusive_topology:
        found["annotations"] |= {labels.EXCLUSIVE_TOPOLOGY: spec.exclusive_topology}
    for one in ("restart_policy", "scheduling", "backoff_limit"):
        del found[one]
    return {
        **found,
        **workers.pod(spec, rendering),
        "failure_policy": _failure_policy(spec) if spec.retry else None,
        "success_policy": {"operator": "All", "targetReplicatedJobs": ["coordinator"]} if leads else None,
        "leader": "coordinator" if leads else "worker",
        "gang": _gang(spec),
        "workers": spec.workers,
        "env": _worker_env(spec, rendering),
        "port": spec.port,
        **_coordinator(spec, rendering),
    }


def _coordinator(spec: JobSetSpec, rendering: Rendering) -> dict[str, Any]:
    return {
        "coordinator": "coordinator" if spec.coordinator else None,
        "coordinator_image": images.image(spec, rendering, spec.coordinator_image),
        "coordinator_command": pod_values.shell(spec, spec.coordinator),
        "coordinator_env": _coordinator_env(spec, rendering),
        "coordinator_resources": _coordinator_resources(spec),
        "coordinator_port": spec.coordinator_port,
    }


def _gang(spec: JobSetSpec) -> dict[str, Any] | None:
    """Volcano reads the size of a gang from the owner of the pods: the Job, not the JobSet."""
    if not spec.gang or spec.queued_by != VOLCANO:
        return None
    return {"annotations": {labels.VOLCANO_MEMBERS: str(spec.workers)}}


def _failure_policy(spec: JobSetSpec) -> dict[str, Any]:
    # Another attempt would have the whole time again.
    rule = {"name": "deadline", "action": "FailJobSet", "onJobFailureReasons": ["DeadlineExceeded"]}
    rules = [rule] if spec.running_timeout else None
    return {"maxRestarts": spec.retry, **({"rules": rules} if rules else {})}


def _coordinator_env(spec: JobSetSpec, rendering: Rendering) -> list[dict[str, Any]]:
    run = runs.variable(rendering, labels.JOBSET_NAME) if spec.coordinator else []
    return run + environment.env(spec, hide_gpus=True) + _coordination(spec, rendering)


def _worker_env(spec: JobSetSpec, rendering: Rendering) -> list[dict[str, Any]]:
    addressed = spec.coordinator or spec.workers > 1
    found = runs.variable(rendering, labels.JOBSET_NAME) if addressed else []
    found += environment.env(spec, hide_gpus=not spec.gpus) + _coordination(spec, rendering)
    if spec.workers == 1:
        return found + rendezvous.single_worker(spec, spec.nproc_per_node)
    name = runs.name(rendering, spec.name)
    host = f"{name}-worker-0-0.{name}"
    return found + rendezvous.rendezvous(spec, host, spec.port, spec.nproc_per_node)


def _coordination(spec: JobSetSpec, rendering: Rendering) -> list[dict[str, Any]]:
    """The address of the coordinator."""
    name = runs.name(rendering, spec.name)
    host = f"{name}-coordinator-0-0.{name}"
    where = {"COORDINATOR_ADDRESS": host, "COORDINATOR_PORT": str(spec.coordinator_port)}
    own = {name: value for name, value in where.items() if name not in spec.env}
    return environment.variables(own) if spec.coordinator else []


def _coordinator_resources(spec: JobSetSpec) -> dict[str, Any] | None:
    asked = {"cpu": spec.coordinator_cpu, "memory": spec.coordinator_memory}
    kept = {name: amount for name, amount in asked.items() if amount}
    return {"requests": kept, "limits": kept} if kept else None


SPECS = Specs(spec=JobSetSpec, values=values)
