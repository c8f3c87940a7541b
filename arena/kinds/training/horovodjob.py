"""Horovod job: an MPIJob whose launcher starts the command on every worker with horovodrun."""

import shlex
from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Kind, Object, switch
from arena.kinds.spec import option
from arena.kinds.training import FAMILY, mpijob
from arena.kinds.training.base import reading
from arena.kinds.training.mpijob import MPIJobSpec
from arena.kinds.workload import pod_values
from arena.kinds.workload.rendering import Rendering
from arena.resources import Resource

NAME = "horovodjob"

_LAUNCHERS = (mpijob.HOROVODRUN, "mpirun", "mpiexec")


class HorovodJobSpec(MPIJobSpec):
    """The options of a Horovod job."""

    ssh_port: int = option(
        0, "Port of the workers' SSH server (0: its default)", types.PORT, old=("--sshPort",)
    )


def values(spec: HorovodJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `mpijob.values`."""
    found = mpijob.launch(spec, NAME, rendering)
    found["command"] = pod_values.shell(spec, command(spec, rendering.resource))
    if spec.ssh_port and rendering.resource.version == mpijob.V2.version:
        found["worker_command"] = ["/usr/sbin/sshd", "-De", "-p", str(spec.ssh_port)]
    return found


def command(spec: HorovodJobSpec, resource: Resource) -> str:
    """The launcher's command: the user's command under horovodrun, unless it calls a launcher itself."""
    if spec.command.split()[0].rpartition("/")[2] in _LAUNCHERS:
        return spec.command
    words = [mpijob.HOROVODRUN, "-np", str(spec.workers * spec.slots), "--hostfile", "/etc/mpi/hostfile"]
    if resource.version == mpijob.V1.version:
        # Its workers run no SSH server: only mpirun knows how to reach them.
        words.append("--mpi")
    elif spec.ssh_port:
        words += ["-p", str(spec.ssh_port)]
    return shlex.join([*words, spec.shell, "-c", spec.command])


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
    spec=HorovodJobSpec,
    values=values,
    read=mpijob.reader(NAME),
    pods=mpijob.pods_of,
    owns=owns,
    event_writer=mpijob.first_worker,
    job_of=mpijob.job_of,
    former=mpijob.FORMER,
    conventions=mpijob.CONVENTIONS,
    kueue=mpijob.is_queued,
    suspend=switch("spec", "runPolicy", "suspend"),
    servers=("worker",),
    examples=('arena submit horovodjob --name resnet --workers 4 --gpus 1 --image IMAGE "python train.py"',),
)
