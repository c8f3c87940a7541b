"""JobSet: workers that are started, restarted and ended as one, perhaps beside a coordinator."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from arena import labels
from arena.kinds import forms, words
from arena.kinds.kind import Kind, Object, Places, Pod, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, job, peers, pods, reading, render, status
from arena.kinds.training.base import VOLCANO
from arena.kinds.training.peers import WorkerSpec
from arena.model import Job, Phase
from arena.resources import Resource

NAME = "jobset"

PLACES = Places(
    roles=(labels.REPLICATED_JOB,), indices=(labels.COMPLETION_INDEX,), chiefs=("coordinator", "launcher")
)
_KEY = forms.Form(lambda value: words.qualified(words.text(value)), "LABEL")


class JobSetSpec(WorkerSpec):
    """What a JobSet is asked to be."""

    suffix: ClassVar[str] = "-coordinator-0-0-xxxxx"

    retry: int = option(0, "How often all instances are started again before the job fails")
    nproc_per_node: str = option("", "Processes of each worker, for torchrun", forms.PROCESSES)
    port: int = option(29500, "Port at which the workers meet", job.PORT)
    coordinator: str = option("", "Command of one more instance, whose end is that of the job")
    coordinator_image: str = option("", "Image of the coordinator", forms.IMAGE)
    coordinator_cpu: str = option("", "CPUs of the coordinator", forms.QUANTITY)
    coordinator_memory: str = option("", "Memory of the coordinator", forms.QUANTITY)
    coordinator_port: int = option(29400, "Port at which the coordinator is reached", job.PORT)
    exclusive_topology: str = option(
        "",
        "Label of nodes, such as that of their rack: the workers get all those with one value",
        _KEY,
    )

    def idle(self) -> dict[str, str]:
        """As of every job, and what asks something of a coordinator that there is not."""
        own = ("coordinator_image", "coordinator_cpu", "coordinator_memory")
        lost = {} if self.coordinator else {one: "--coordinator" for one in own if getattr(self, one)}
        return super().idle() | lost


def values(spec: JobSetSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    leads = bool(spec.coordinator)
    workers = peers.size(spec)
    found = render.shared(spec, NAME, resource, replace(workers, pods=workers.pods + leads))
    if spec.exclusive_topology:
        found["annotations"] |= {labels.EXCLUSIVE_TOPOLOGY: spec.exclusive_topology}
    for one in ("restart_policy", "scheduling", "backoff_limit"):
        del found[one]
    return {
        **found,
        **peers.pod(spec),
        "failure_policy": _failure_policy(spec) if spec.retry else None,
        "success_policy": {"operator": "All", "targetReplicatedJobs": ["coordinator"]} if leads else None,
        "leader": "coordinator" if leads else "worker",
        "gang": _gang(spec),
        "workers": spec.workers,
        "env": _worker_env(spec),
        "port": spec.port,
        **_coordinator(spec),
    }


def _coordinator(spec: JobSetSpec) -> dict[str, Any]:
    return {
        "coordinator": "coordinator" if spec.coordinator else None,
        "coordinator_image": render.image(spec, spec.coordinator_image),
        "coordinator_command": render.shell(spec, spec.coordinator),
        "coordinator_env": environment.env(spec, hide_gpus=True) + _coordination(spec),
        "coordinator_resources": _coordinator_resources(spec),
        "coordinator_port": spec.coordinator_port,
    }


def _gang(spec: JobSetSpec) -> dict[str, Any] | None:
    """Volcano looks for the size of a gang at what owns the pods: the Job, not the JobSet."""
    if not spec.gang or spec.queued_by != VOLCANO:
        return None
    return {"annotations": {labels.VOLCANO_MEMBERS: str(spec.workers)}}


def _failure_policy(spec: JobSetSpec) -> dict[str, Any]:
    # Another try would have the whole time again.
    rule = {"name": "deadline", "action": "FailJobSet", "onJobFailureReasons": ["DeadlineExceeded"]}
    rules = [rule] if spec.running_timeout else None
    return {"maxRestarts": spec.retry, **({"rules": rules} if rules else {})}


def _worker_env(spec: JobSetSpec) -> list[dict[str, Any]]:
    found = environment.env(spec, hide_gpus=not spec.gpus) + _coordination(spec)
    if spec.workers == 1:
        return found + environment.alone(spec, spec.nproc_per_node)
    host = f"{spec.name}-worker-0-0.{spec.name}"
    return found + environment.meeting(spec, host, spec.port, spec.nproc_per_node)


def _coordination(spec: JobSetSpec) -> list[dict[str, Any]]:
    """Where the coordinator is reached."""
    host = f"{spec.name}-coordinator-0-0.{spec.name}"
    where = {"COORDINATOR_ADDRESS": host, "COORDINATOR_PORT": str(spec.coordinator_port)}
    own = {name: value for name, value in where.items() if name not in spec.env}
    return environment.variables(own) if spec.coordinator else []


def _coordinator_resources(spec: JobSetSpec) -> dict[str, Any] | None:
    asked = {"cpu": spec.coordinator_cpu, "memory": spec.coordinator_memory}
    kept = {name: amount for name, amount in asked.items() if amount}
    return {"requests": kept, "limits": kept} if kept else None


def owns(obj: Object) -> bool:
    """Whether it is a job for its own sake, or the run of a schedule: others are parts of TrainJobs."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return not any(one.get("controller") and one["kind"] != "Cron" for one in owners)


def job_of(pod: Object) -> str:
    """The JobSet that a pod belongs to, or ""."""
    return (pod["metadata"].get("labels") or {}).get(labels.JOBSET_NAME) or ""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job: its roles are the replicated jobs."""
    spec, state = obj.get("spec") or {}, obj.get("status") or {}
    restarts, most = state.get("restarts") or 0, (spec.get("failurePolicy") or {}).get("maxRestarts") or 0
    said = running(state.get("replicatedJobsStatus") or (), members, again=restarts < most)
    # Newer releases tell; else the last try's pods are gone, and those of the next are not there yet.
    told = status.condition(obj, "RestartingJobSet")
    if told or (restarts and not members and said is None):
        said = Phase.RESTARTING
    roles = [_role(one) for one in spec.get("replicatedJobs") or ()]
    return reading.job(NAME, obj, members, roles, PLACES, said=(said, ""))


def running(jobs: Sequence[Object], members: Sequence[Pod], *, again: bool) -> Phase | None:
    """The phase where pods do not tell it.

    Args:
        jobs: counts of Jobs; an active one may have pods that only wait.
        members: the pods.
        again: whether all are started again where some failed.
    """
    if any(one.get("ready") for one in jobs):
        return Phase.RUNNING
    active = any(one.get("active") for one in jobs)
    return job.between([pods.member(one, PLACES) for one in members], active, again=again)


def _role(one: Object) -> Object:
    spec = (one.get("template") or {}).get("spec") or {}
    count = one.get("replicas")
    groups = count if isinstance(count, int) else 1
    return {"replicas": groups * int(spec.get("parallelism") or 1), "template": spec.get("template") or {}}


KIND = Kind(
    name=NAME,
    aliases=("js",),
    summary="Workers that restart together, perhaps with a coordinator",
    resources=(Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", kind="JobSet"),),
    template="jobset.yaml",
    spec=JobSetSpec,
    values=values,
    read=read,
    pods=lambda obj: {labels.JOBSET_NAME: obj["metadata"]["name"]},
    owns=owns,
    job_of=job_of,
    places=PLACES,
    selectors=(labels.JOBSET_NAME,),
    suspend=switch("spec", "suspend"),
    examples=(
        'arena submit jobset --name bert --workers 4 --gpus 8 --retry 3 --image IMAGE "torchrun train.py"',
        'arena submit jobset --name rl --workers 8 --coordinator "python learn.py" --image IMAGE'
        ' "python act.py"',
    ),
)
