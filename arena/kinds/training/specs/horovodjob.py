"""Horovod job: its Spec, and the values of its template."""

import shlex
from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training.horovodjob import NAME
from arena.kinds.training.mpijob import HOROVODRUN, V1, V2
from arena.kinds.training.specs.mpijob import MPIJobSpec, launch
from arena.kinds.workload import pod_values
from arena.kinds.workload.rendering import Rendering
from arena.resources import Resource

_LAUNCHERS = (HOROVODRUN, "mpirun", "mpiexec")


class HorovodJobSpec(MPIJobSpec):
    """The options of a Horovod job."""

    ssh_port: int = option(
        0, "Port of the workers' SSH server (0: its default)", types.PORT, old=("--sshPort",)
    )


def values(spec: HorovodJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `launch`."""
    found = launch(spec, NAME, rendering)
    found["command"] = pod_values.shell(spec, command(spec, rendering.resource))
    if spec.ssh_port and rendering.resource.version == V2.version:
        found["worker_command"] = ["/usr/sbin/sshd", "-De", "-p", str(spec.ssh_port)]
    return found


def command(spec: HorovodJobSpec, resource: Resource) -> str:
    """The launcher's command: the user's command under horovodrun, unless it calls a launcher itself."""
    if spec.command.split()[0].rpartition("/")[2] in _LAUNCHERS:
        return spec.command
    words = [HOROVODRUN, "-np", str(spec.workers * spec.slots), "--hostfile", "/etc/mpi/hostfile"]
    if resource.version == V1.version:
        # Its workers run no SSH server: only mpirun knows how to reach them.
        words.append("--mpi")
    elif spec.ssh_port:
        words += ["-p", str(spec.ssh_port)]
    return shlex.join([*words, spec.shell, "-c", spec.command])


SPECS = Specs(spec=HorovodJobSpec, values=values)
