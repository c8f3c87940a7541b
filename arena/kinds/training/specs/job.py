"""Job: its Spec, and the values of its template."""

from typing import Any

from arena import labels
from arena.errors import MissingOperator
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.job import NAME
from arena.kinds.training.specs.base import render, rendezvous, workers
from arena.kinds.training.specs.base.spec import BatchPodSpec
from arena.kinds.training.specs.base.workers import WorkerSpec
from arena.kinds.workload import runs
from arena.kinds.workload.rendering import Rendering

PORT = types.OptionType(types.integer(1, 65535), "PORT", safe=True)


class JobSpec(WorkerSpec):
    """The options of a Job."""

    nproc_per_node: str = option("", "Processes of each worker, for torchrun", types.PROCESSES)
    port: int = option(29500, "Port for the workers' rendezvous", PORT)


def values(spec: JobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: there is no image, or a label is arena's own.
        MissingOperator: there are several workers, and the cluster cannot number them.
    """
    found = single(spec, NAME, rendering, workers.size(spec)) | workers.pod(spec, rendering)
    found |= {"workers": spec.workers, "port": spec.port}
    if spec.workers == 1:
        return found | {"env": found["env"] + rendezvous.single_worker(spec, spec.nproc_per_node)}
    return found | _rendezvous(spec, rendering, found["env"])


def single(spec: BatchPodSpec, kind: str, rendering: Rendering, size: render.Size) -> dict[str, Any]:
    """The values of a Job of one pod, except for those of its container; raises as `render.shared`.

    Args:
        kind: the name of the kind that uses a Job.
    """
    found = render.shared(spec, kind, rendering, size)
    # A failed pod is kept, so that its log can be read, and another replaces it.
    del found["restart_policy"], found["scheduling"]
    return {
        **found,
        # The default of 6 would contradict a missing --retry.
        "backoff_limit": spec.retry,
        "workers": 1,
        "mode": None,
        "service": None,
        "subdomain": None,
        "match": labels.common(spec.name, kind, FAMILY.component),
        "port": None,
    }


def _rendezvous(spec: JobSpec, rendering: Rendering, env: list[dict[str, Any]]) -> dict[str, Any]:
    """What several workers need to find each other."""
    if not rendering.resource.field:
        raise MissingOperator(
            f"--workers {spec.workers}: the cluster is too old to number the pods of a Job",
            "use --workers 1, or update the cluster to Kubernetes 1.24 or newer",
        )
    host = f"{runs.name(rendering, spec.name)}-0.{spec.name}"
    found = rendezvous.rendezvous(spec, host, spec.port, spec.nproc_per_node)
    env = runs.variable(rendering, labels.BATCH_JOB_NAME) + env + found
    return {"mode": "Indexed", "service": "Service", "subdomain": spec.name, "env": env}


SPECS = Specs(spec=JobSpec, values=values)
