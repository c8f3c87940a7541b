"""What the pods of the local cluster need because all of them share this machine.

The API allots a loopback port to each port that a Service or Pod declares. On a real cluster nothing is
allotted, so an object without allotted ports lives there.
"""

import json
import os

from arena.local.objects import PORTS, TOKEN, Object


def allotted_ports(obj: Object) -> dict[int, int]:
    """Map the declared ports of a Service or Pod to the loopback ports allotted to them; {} elsewhere."""
    text = (obj["metadata"].get("annotations") or {}).get(PORTS)
    return {int(port): int(real) for port, real in json.loads(text).items()} if text else {}


def is_local(obj: Object) -> bool:
    """Whether a Service belongs to the local cluster, and not to a real one."""
    return bool(allotted_ports(obj))


def allotted_token(obj: Object) -> str:
    """The secret allotted to a Service or Pod; "" if it has none."""
    return str((obj["metadata"].get("annotations") or {}).get(TOKEN) or "")


def openmpi_environment() -> dict[str, str]:
    """The variables that let OpenMPI run all ranks here, on however few cores, also as root."""
    found = {"OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_btl_tcp_if_include": "127.0.0.0/8"}
    found.update(OMPI_MCA_hwloc_base_binding_policy="none", OMPI_MCA_mpi_yield_when_idle="1")
    if os.geteuid() == 0:
        found.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return found
