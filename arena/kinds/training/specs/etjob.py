"""Elastic job: its Spec, and the values of its template."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.record import Record
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training.etjob import NAME
from arena.kinds.training.specs.base import et_operator
from arena.kinds.training.specs.base.et_operator import TrainingJobSpec
from arena.kinds.workload.rendering import Rendering


class ETJobSpec(TrainingJobSpec):
    """The options of an elastic job."""

    max_workers: int = option(1000, "Maximum number of workers", types.POSITIVE)
    min_workers: int = option(1, "Minimum number of workers", types.POSITIVE)
    spot_instance: bool = option(False, "Allow spot nodes, which may be reclaimed", safe=True)
    max_wait_time: int = option(0, "Maximum time to wait for such nodes (0: no limit)", types.SECONDS)
    worker_restart_policy: str = option(
        "",
        "When to replace a worker that has ended",
        choice("Never", "OnFailure", "Always", "ExitCode"),
        safe=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_workers > self.max_workers:
            raise SpecError(
                f"--min-workers {self.min_workers} exceeds --max-workers {self.max_workers}", "lower it"
            )
        if not self.min_workers <= self.workers <= self.max_workers:
            raise SpecError(
                f"--workers {self.workers} is not between --min-workers {self.min_workers} "
                f"and --max-workers {self.max_workers}",
                f"give {self.min_workers} to {self.max_workers}",
            )


class ScaleSpec(Record):
    """The options of a request to scale an elastic job."""

    name: str = option(REQUIRED, "Name of the elastic job", types.NAME)
    timeout: int = option(60, "Time limit, including that of the script", types.SECONDS, short="-t")
    retry: int = option(0, "Number of times to run a failed script again")
    count: int = option(1, "Number of workers", types.POSITIVE)
    script: str = option("", "Script in the image to run with the affected workers as its argument")
    env: Mapping[str, str] = option({}, "Environment variable of the script", types.ENV, short="-e")

    def __post_init__(self) -> None:
        if self.timeout < 1:
            raise SpecError("--timeout is less than a second", "give 1s or more")


def values(spec: ETJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `et_operator.launch`."""
    own = {"maxWorkers": str(spec.max_workers), "minWorkers": str(spec.min_workers)}
    found = et_operator.launch(spec, NAME, rendering, own)
    marks = {labels.SPOT_INSTANCE: "true"} if spec.spot_instance else {}
    marks |= {labels.MAX_WAIT_TIME: str(spec.max_wait_time)} if spec.max_wait_time else {}
    return {
        **found,
        "annotations": {**found["annotations"], **marks},
        "worker_min": spec.min_workers,
        "worker_max": spec.max_workers,
        "worker_restart_policy": spec.worker_restart_policy or None,
    }


SPECS = Specs(spec=ETJobSpec, values=values)
