"""JobSet: workers that start, restart and end together, optionally with a coordinator."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from arena import labels
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.kind import Kind, Object, Pod, PodConventions, switch
from arena.kinds.spec import option
from arena.kinds.training import FAMILY, job
from arena.kinds.training.base import reading, render, rendezvous, status, workers
from arena.kinds.training.base.spec import VOLCANO
from arena.kinds.training.base.workers import WorkerSpec
from arena.kinds.workload import environment, images, instances, pod_values, runs
from arena.kinds.workload.rendering import Rendering
from arena.model.jobs import Job, Phase
from arena.resources import Resource

NAME = "jobset"

CONVENTIONS = PodConventions(
    role_labels=(labels.REPLICATED_JOB,),
    index_labels=(labels.COMPLETION_INDEX,),
    chief_roles=("coordinator", "launcher"),
    main_containers=("main", "node"),
)
_KEY = types.OptionType(lambda value: validators.qualified_name(validators.text(value)), "LABEL")


class JobSetSpec(WorkerSpec):
    """The options of a JobSet."""

    suffix: ClassVar[str] = "-coordinator-0-0-xxxxx"

    retry: int = option(0, "Number of restarts of all instances before the job fails")
    nproc_per_node: str = option("", "Processes of each worker, for torchrun", types.PROCESSES)
    port: int = option(29500, "Port for the workers' rendezvous", job.PORT)
    coordinator: str = option("", "Command of an additional instance, which ends the job when it ends")
    coordinator_image: str = option("", "Image of the coordinator", types.IMAGE)
    coordinator_cpu: str = option("", "CPUs of the coordinator", types.QUANTITY)
    coordinator_memory: str = option("", "Memory of the coordinator", types.QUANTITY)
    coordinator_port: int = option(29400, "Port of the coordinator", job.PORT)
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


def owns(obj: Object) -> bool:
    """Whether it is a job of its own or the run of a schedule; others are parts of TrainJobs."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return not any(one.get("controller") and one["kind"] != "Cron" for one in owners)


def job_of(pod: Object) -> str:
    """The JobSet that a pod belongs to, or ""."""
    return (pod["metadata"].get("labels") or {}).get(labels.JOBSET_NAME) or ""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job, whose roles are the replicated jobs."""
    spec, state = obj.get("spec") or {}, obj.get("status") or {}
    restarts, most = state.get("restarts") or 0, (spec.get("failurePolicy") or {}).get("maxRestarts") or 0
    said = running(state.get("replicatedJobsStatus") or (), members, again=restarts < most)
    # Newer releases report it. In older ones, the pods of the last attempt are gone and the next ones are
    # missing.
    told = status.condition(obj, "RestartingJobSet")
    if told or (restarts and not members and said is None):
        said = Phase.RESTARTING
    parts = spec.get("replicatedJobs") or ()
    conventions = CONVENTIONS.of_roles(str(one.get("name")) for one in parts)
    return reading.job(NAME, obj, members, [_role(one) for one in parts], conventions, said=(said, ""))


def running(jobs: Sequence[Object], members: Sequence[Pod], *, again: bool) -> Phase | None:
    """The phase of a job whose pods do not show it.

    Args:
        jobs: counts of Jobs; an active one may have only waiting pods.
        members: the pods.
        again: whether all are restarted if some fail.
    """
    if any(one.get("ready") for one in jobs):
        return Phase.RUNNING
    active = any(one.get("active") for one in jobs)
    return job.between([instances.summary(one, CONVENTIONS) for one in members], active, again=again)


def _role(one: Object) -> Object:
    spec = (one.get("template") or {}).get("spec") or {}
    count = one.get("replicas")
    groups = count if isinstance(count, int) else 1
    return {"replicas": groups * int(spec.get("parallelism") or 1), "template": spec.get("template") or {}}


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("js",),
    summary="Workers that restart together, optionally with a coordinator",
    resources=(Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", kind="JobSet"),),
    template="jobset.yaml",
    spec=JobSetSpec,
    values=values,
    read=read,
    pods=lambda obj: {labels.JOBSET_NAME: obj["metadata"]["name"]},
    owns=owns,
    job_of=job_of,
    conventions=CONVENTIONS,
    selectors=(labels.JOBSET_NAME,),
    suspend=switch("spec", "suspend"),
    examples=(
        'arena submit jobset --name bert --workers 4 --gpus 8 --retry 3 --image IMAGE "torchrun train.py"',
        'arena submit jobset --name rl --workers 8 --coordinator "python learn.py" --image IMAGE'
        ' "python act.py"',
    ),
)
