"""Job: any program, by what every Kubernetes brings; no operator is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.errors import MissingOperator, SpecError, aimed
from arena.kinds import forms
from arena.kinds.kind import Change, Kind, Member, Object, Places, Pod, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, peers, pods, reading, render, status
from arena.kinds.training.peers import WorkerSpec
from arena.model import Job, Phase
from arena.resources import Resource
from arena.units import by_age

NAME = "job"

INDEXED = Resource("batch", "v1", "jobs", kind="Job", field="completionMode")
PLAIN = INDEXED._replace(field="")
"""Of Kubernetes before 1.21: the pods of a Job are all alike."""

PLACES = Places(roles=(), indices=(labels.COMPLETION_INDEX,), chiefs=(), other="worker")

PORT = forms.Form(forms.whole(1, 65535), "PORT")

_MAKERS = ("CronJob", "Cron")
"""What makes a new Job from time to time."""


class JobSpec(WorkerSpec):
    """What a Job is asked to be."""

    nproc_per_node: str = option("", "Processes of each worker, for torchrun", forms.PROCESSES)
    port: int = option(29500, "Port at which the workers meet", PORT)


def values(spec: JobSpec, resource: Resource, kind: str = NAME) -> dict[str, Any]:
    """The values of the template.

    Args:
        kind: the name of the kind, of one that is a plain Job, too.

    Raises:
        SpecError: there is no image, or a label is arena's own.
        MissingOperator: there are several workers and the cluster cannot tell them apart.
    """
    found = render.shared(spec, kind, resource, peers.size(spec)) | peers.pod(spec)
    # A failed pod stays, so that its log can be read, and another takes its place.
    del found["restart_policy"], found["scheduling"]
    return {
        **found,
        # Not the default of six, which is not what "no --retry" says.
        "backoff_limit": spec.retry,
        "workers": spec.workers,
        **_meeting(spec, resource, found["env"]),
        "match": labels.common(spec.name, kind),
        "port": spec.port,
    }


def _meeting(spec: JobSpec, resource: Resource, env: list[dict[str, Any]]) -> dict[str, Any]:
    """What several workers need to find each other, and one alone does not."""
    if spec.workers == 1:
        only = environment.alone(spec, spec.nproc_per_node)
        return {"mode": None, "service": None, "subdomain": None, "env": env + only}
    if not resource.field:
        raise MissingOperator(
            f"--workers {spec.workers}: the cluster is too old to number the pods of a Job",
            "give --workers 1, or have it updated to Kubernetes 1.24 or newer",
        )
    meeting = environment.meeting(spec, f"{spec.name}-0.{spec.name}", spec.port, spec.nproc_per_node)
    return {"mode": "Indexed", "service": "Service", "subdomain": spec.name, "env": env + meeting}


def owns(obj: Object) -> bool:
    """Whether it is a job for its own sake that trains something, as far as one can see.

    Other people's housekeeping is none, nor what another object makes in order to be one.
    """
    own = obj["metadata"].get("labels") or {}
    return _is_whole(obj) and (labels.managed(own) or labels.KUEUE_QUEUE in own or pods.gpus(_pod(obj)) > 0)


def _is_whole(obj: Object) -> bool:
    """Whether it is no part of another job, nor was submitted as one of another kind."""
    meta = obj["metadata"]
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    owner = next((one for one in meta.get("ownerReferences") or () if one.get("controller")), None)
    if owner and not (labels.managed(own) and owner["kind"] in _MAKERS):
        return False
    # What was adopted may have any word there.
    return labels.SPEC not in notes or own.get(labels.APP) == NAME


def _pod(obj: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return found


def job_of(pod: Object) -> str:
    """The Job that a pod belongs to, or ""."""
    return (pod["metadata"].get("labels") or {}).get(labels.BATCH_JOB_NAME) or ""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job; a pod that failed and has a successor is history."""
    spec = obj.get("spec") or {}
    indexed, size = spec.get("completionMode") == "Indexed", _size(spec)
    found = _current([pods.member(one, PLACES) for one in members], indexed, size)
    roles = [{"replicas": size, "template": spec.get("template") or {}}]
    return reading.job(NAME, obj, found, roles, PLACES, said=_said(obj, found))


def _said(obj: Object, found: Sequence[Member]) -> tuple[Phase | None, str]:
    # What is decided, while its last pods are still ending.
    for kind, phase in (("FailureTarget", Phase.FAILED), ("SuccessCriteriaMet", Phase.SUCCEEDED)):
        if decided := status.condition(obj, kind):
            return phase, str(decided.get("message") or "")
    retries = (obj.get("spec") or {}).get("backoffLimit")
    active = bool((obj.get("status") or {}).get("active"))
    return between(found, active, again=retries is None or retries > 0), ""


def between(found: Sequence[Member], active: bool, *, again: bool) -> Phase | None:
    """The phase where pods do not tell it: they may not be read, or they have ended and the job has not yet.

    Args:
        found: the job's pods.
        active: whether its object counts some as active.
        again: whether those that failed get a successor.
    """
    phases = {one.instance.phase for one in found}
    if not found:
        return Phase.RUNNING if active else None
    if not phases <= {"Succeeded", "Failed"}:
        return None
    return Phase.RESTARTING if again and "Failed" in phases else Phase.RUNNING


def _size(spec: Mapping[str, Any]) -> int:
    """How many pods run at a time."""
    parallelism, completions = spec.get("parallelism"), spec.get("completions")
    most = 1 if parallelism is None else int(parallelism)
    return most if completions is None else min(most, int(completions))


def _current(members: Sequence[Member], indexed: bool, size: int) -> list[Member]:
    """Of each place the pods that have not failed, else the last that did."""
    found: list[Member] = []
    for index in {one.instance.index for one in members}:
        there = [one for one in members if one.instance.index == index]
        good = [one for one in there if one.instance.phase != "Failed"]
        failed = [one for one in there if one.instance.phase == "Failed"]
        failed.sort(key=lambda one: by_age(one.instance), reverse=True)
        found += good + failed[: max(0, (1 if indexed else size) - len(good))]
    return found


def scale(obj: Object, workers: int) -> Change:
    """Change how many workers there are.

    Raises:
        SpecError: they have no numbers, so that none could be told which one it is.
    """
    if (obj.get("spec") or {}).get("completionMode") != "Indexed":
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace") or "default"
        raise SpecError(
            f'job "{name}" was submitted with one worker and keeps it',
            f"start it anew: arena rerun {aimed(name, namespace)} --replace --set workers={workers}",
        )
    return Change(patch={"spec": {"parallelism": workers, "completions": workers}})


KIND = Kind(
    name=NAME,
    aliases=("batch", "batchjob"),
    summary="Any program, on any cluster: needs no operator",
    resources=(INDEXED, PLAIN),
    template="job.yaml",
    spec=JobSpec,
    values=values,
    read=read,
    pods=lambda obj: {labels.BATCH_JOB_NAME: obj["metadata"]["name"]},
    owns=owns,
    takes=_is_whole,
    job_of=job_of,
    places=PLACES,
    # Those that belong to jobs of other kinds have their labels, too.
    selectors=(f"{labels.BATCH_JOB_NAME},!{labels.JOBSET_NAME},!{labels.JOB_NAME}",),
    suspend=switch("spec", "suspend"),
    scale=scale,
    examples=(
        'arena submit job --name prepare --image IMAGE "python prepare.py"',
        'arena submit job --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',
    ),
)
