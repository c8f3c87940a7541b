"""RayJob: a Ray cluster for one program, which a submitter starts on the head."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Kind, Modification, Object, Pod, PodSummary
from arena.kinds.training import FAMILY
from arena.kinds.training.base import ray_pods, reading, status
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import when
from arena.values import replace

NAME = "rayjob"
_PHASES = {
    "Failed": Phase.FAILED,
    "ValidationFailed": Phase.FAILED,
    "Suspended": Phase.SUSPENDED,
    "Suspending": Phase.SUSPENDED,
    "Running": Phase.RUNNING,
    "Retrying": Phase.RESTARTING,
}
_OWN_FAILURE = ("", "AppFailed")
"""Reasons for which the program itself failed, so that its exit code says more."""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job with its head, its workers and its submitter."""
    meta, state = obj["metadata"], obj.get("status") or {}
    mine = [one for one in members if isinstance(one, PodSummary) or ray_pods.job_of(one) == meta["name"]]
    found = reading.job(
        NAME, obj, ray_pods.placed(obj, mine), _roles(obj), ray_pods.CONVENTIONS, _said(state)
    )
    if found.phase is Phase.FAILED and state.get("reason") not in _OWN_FAILURE:
        found = _explained(found, _why(state))
    return replace(found, finished=when(state.get("endTime")) if found.phase.is_final else None)


def _roles(obj: Object) -> list[Object]:
    cluster = (obj.get("spec") or {}).get("rayClusterSpec") or {}
    head = cluster.get("headGroupSpec") or {}
    groups = cluster.get("workerGroupSpecs") or ()
    workers = [{"template": one.get("template"), "replicas": _size(one)} for one in groups]
    return [{"template": head.get("template"), "replicas": 1}, *workers, {"replicas": 1}]


def _size(group: Object) -> int:
    """The number of pods in a group of workers."""
    replicas, hosts = group.get("replicas"), group.get("numOfHosts")
    return (replicas if isinstance(replicas, int) else 0) * (hosts if isinstance(hosts, int) else 1)


def _said(state: Mapping[str, Any]) -> tuple[Phase | None, str]:
    word = state.get("jobDeploymentStatus") or ""
    if word == "Complete":
        done = state.get("jobStatus") == "SUCCEEDED"
        return Phase.SUCCEEDED if done else Phase.FAILED, "" if done else _why(state)
    return _PHASES.get(word), _why(state)


def _explained(job: Job, why: str) -> Job:
    """The job with Ray's reason for its failure, which says more than how its instances ended."""
    if not why:
        return job
    shown = (Evidence("status", f"rayjob/{job.name}", why),)
    hint = status.output_hint(job.name, job.namespace, job.instances)
    return job.explained(Finding("operator.reported", why, shown, hint))


def _why(state: Mapping[str, Any]) -> str:
    return str(state.get("message") or state.get("reason") or "")


def suspend(obj: Object, on: bool) -> Modification:
    """Suspend and resume; Ray fails a suspended job whose cluster would remain at its end."""
    stays = on and not obj["spec"].get("shutdownAfterJobFinishes")
    return Modification(
        patch={"spec": {"suspend": on, **({"shutdownAfterJobFinishes": True} if stays else {})}}
    )


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("ray", "rj"),
    summary="Ray programs on a cluster of their own",
    resources=(Resource("ray.io", "v1", "rayjobs", kind="RayJob"),),
    template="rayjob.yaml",
    specs="arena.kinds.training.specs.rayjob",
    read=read,
    pods=ray_pods.pods_of,
    event_writer=lambda name: {labels.RAY_ORIGIN: name, labels.RAY_NODE_TYPE: "head"},
    job_of=ray_pods.job_of,
    conventions=ray_pods.CONVENTIONS,
    one_world=False,
    selectors=(labels.RAY_CLUSTER, f"{labels.RAY_ORIGIN_KIND}=RayJob"),
    makes=("Job",),
    suspend=suspend,
    servers=("head", "worker"),
    renews=True,
    examples=(
        'arena submit rayjob --name tune --worker-replicas 4 --worker-gpu 1 --image IMAGE "python tune.py"',
    ),
)
