"""TrainJob: a program under one of the runtimes of a cluster's Kubeflow Trainer."""

from collections.abc import Sequence

from arena import labels
from arena.kinds.kind import Kind, Object, Pod, switch
from arena.kinds.training import FAMILY, jobset
from arena.kinds.training.base import reading
from arena.model.jobs import Job
from arena.resources import Resource

NAME = "trainjob"

PATCHES = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", kind="TrainJob", field="runtimePatches")
"""Since Trainer 2.2."""
TEMPLATES = PATCHES._replace(field="podTemplateOverrides")
"""Trainer 2.1."""
PODS = PATCHES._replace(field="podSpecOverrides")
"""Trainer 2.0."""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job; counts of Jobs replace the condition Running, which does not exist."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    trainer = spec.get("trainer") or {}
    container = {"resources": trainer.get("resourcesPerNode") or {}}
    role = {"replicas": trainer.get("numNodes"), "template": {"spec": {"containers": [container]}}}
    parts = status.get("jobsStatus") or ()
    said = jobset.running(parts, members, again=False)
    conventions = jobset.CONVENTIONS.of_roles(str(one.get("name")) for one in parts)
    return reading.job(NAME, obj, members, [role], conventions, said=(said, ""))


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("train", "trainer"),
    summary="Kubeflow Trainer: a program under a runtime of the cluster",
    resources=(PATCHES, TEMPLATES, PODS),
    template="trainjob.yaml",
    specs="arena.kinds.training.specs.trainjob",
    read=read,
    pods=lambda obj: {labels.JOBSET_NAME: obj["metadata"]["name"]},
    job_of=jobset.job_of,
    conventions=jobset.CONVENTIONS,
    selectors=(labels.JOBSET_NAME,),
    makes=("JobSet",),
    suspend=switch("spec", "suspend"),
    examples=(
        'arena submit trainjob --name bert --workers 4 --gpus 8 --image IMAGE "torchrun train.py"',
        'arena submit trainjob --name gpt --runtime jax-distributed --workers 2 "python train.py"',
    ),
)
