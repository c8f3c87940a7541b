"""JobSet: workers that start, restart and end together, optionally with a coordinator."""

from collections.abc import Sequence

from arena import labels
from arena.kinds.kind import Kind, Object, Pod, PodConventions, switch
from arena.kinds.training import FAMILY, job
from arena.kinds.training.base import reading, status
from arena.kinds.workload import instances
from arena.model.jobs import Job, Phase
from arena.resources import Resource

NAME = "jobset"

CONVENTIONS = PodConventions(
    role_labels=(labels.REPLICATED_JOB,),
    index_labels=(labels.COMPLETION_INDEX,),
    chief_roles=("coordinator", "launcher"),
    main_containers=("main", "node"),
)


def owns(obj: Object) -> bool:
    """Whether it is a job of its own, the run of a schedule or a trial; others are parts of TrainJobs."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return not any(one.get("controller") and one["kind"] not in ("Cron", "Trial") for one in owners)


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
    specs="arena.kinds.training.specs.jobset",
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
