"""Horovod job: an MPIJob whose launcher starts the command on every worker with horovodrun."""

from arena.kinds.kind import Kind, Object, switch
from arena.kinds.training import FAMILY, mpijob
from arena.kinds.training.base import reading

NAME = "horovodjob"


def owns(obj: Object) -> bool:
    """Whether an MPIJob was submitted as a Horovod job, or its launcher runs horovodrun."""
    made = reading.made_as(obj, NAME, mpijob.RESOURCES)
    return reading.runs(mpijob.launcher(obj), mpijob.HOROVODRUN) if made is None else made


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("horovod", "hj"),
    summary="Horovod programs, started by horovodrun",
    resources=mpijob.RESOURCES,
    template="mpijob.yaml",
    specs="arena.kinds.training.specs.horovodjob",
    read=mpijob.reader(NAME),
    pods=mpijob.pods_of,
    owns=owns,
    event_writer=mpijob.first_worker,
    job_of=mpijob.job_of,
    former=mpijob.FORMER,
    conventions=mpijob.CONVENTIONS,
    kueue=mpijob.is_queued,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=mpijob.HALT,
    servers=("worker",),
    examples=('arena submit horovodjob --name resnet --workers 4 --gpus 1 --image IMAGE "python train.py"',),
)
