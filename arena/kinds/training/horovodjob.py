"""Horovod job: an MPIJob whose launcher starts the command on every worker with horovodrun."""

import shlex
from typing import Any

from arena.kinds import forms
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import mpijob, render
from arena.kinds.training.mpijob import MPIJobSpec
from arena.resources import Resource

NAME = "horovodjob"

_LAUNCHERS = ("horovodrun", "mpirun", "mpiexec")


class HorovodJobSpec(MPIJobSpec):
    """What a Horovod job is asked to be."""

    ssh_port: int = option(0, "Port of the workers' SSH (0: the usual one)", forms.PORT, old=("--sshPort",))


def values(spec: HorovodJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as those of an MPIJob."""
    found = mpijob.launch(spec, NAME, resource)
    found["command"] = render.shell(spec, command(spec, resource))
    if spec.ssh_port and resource.version == mpijob.V2.version:
        found["worker_command"] = ["/usr/sbin/sshd", "-De", "-p", str(spec.ssh_port)]
    return found


def command(spec: HorovodJobSpec, resource: Resource) -> str:
    """What the launcher runs: the user's command under horovodrun, unless it calls a launcher itself."""
    if spec.command.split()[0].rpartition("/")[2] in _LAUNCHERS:
        return spec.command
    words = ["horovodrun", "-np", str(spec.workers * spec.slots), "--hostfile", "/etc/mpi/hostfile"]
    if resource.version == mpijob.V1.version:
        # Its workers run no SSH server: only mpirun knows how to reach them.
        words.append("--mpi")
    elif spec.ssh_port:
        words += ["-p", str(spec.ssh_port)]
    return shlex.join([*words, spec.shell, "-c", spec.command])


KIND = Kind(
    name=NAME,
    aliases=("horovod", "hj"),
    summary="Horovod programs, started by horovodrun",
    resources=mpijob.RESOURCES,
    template="mpijob.yaml",
    spec=HorovodJobSpec,
    values=values,
    read=mpijob.reader(NAME),
    pods=mpijob.pods_of,
    owns=mpijob.runs_horovod,
    job_of=mpijob.job_of,
    former=mpijob.FORMER,
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit horovodjob --name resnet --workers 4 --gpus 1 --image IMAGE "python train.py"',),
)
