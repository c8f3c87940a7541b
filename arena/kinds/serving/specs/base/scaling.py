"""The options by which KServe scales a serving."""

from arena.errors import SpecError
from arena.kinds.option_types import INTEGER, OptionType, integer
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import option
from arena.kinds.validators import text

BUILT_IN = ("concurrency", "rps", "cpu", "memory")
"""Metrics that KServe knows; others are metrics of pods in an autoscaler of arena's own."""


def optional(low: int, high: int = 2**31 - 1) -> OptionType:
    """A whole number; "" if none is given, which differs from 0."""
    number = integer(low, high)
    return OptionType(lambda value: "" if text(value) == "" else number(value), "N", safe=True)


class ScalingOptions(ServingSpec):
    """How many instances there are, and what decides that."""

    min_replicas: int | str = option(
        "", "Minimum number of instances; 0 scales to zero  [default: --replicas]", optional(0)
    )
    max_replicas: int = option(0, "Maximum number of instances (0: that of the cluster)", INTEGER)
    scale_target: int = option(0, "Value of the metric that each instance should have", INTEGER)
    scale_metric: str = option(
        "", "Metric to scale by: concurrency, rps, cpu, memory, or a metric of pods", safe=True
    )
    container_concurrency: int = option(0, "Requests at a time for each instance (0: any number)", INTEGER)

    @property
    def least(self) -> int:
        """The minimum number of instances."""
        return self.replicas if isinstance(self.min_replicas, str) else self.min_replicas

    @property
    def has_own_metric(self) -> bool:
        """Whether it is scaled by a metric that KServe does not know."""
        return bool(self.scale_metric) and self.scale_metric not in BUILT_IN

    def check_scaling(self) -> None:
        """Refuse options that contradict each other; raises SpecError."""
        if self.max_replicas and self.max_replicas < self.least:
            raise SpecError(
                f"--max-replicas {self.max_replicas} is less than the minimum, {self.least}",
                "give at least that many",
            )
        if self.has_own_metric and not (self.scale_target and self.max_replicas):
            raise SpecError(
                f"--scale-metric {self.scale_metric} needs --scale-target and --max-replicas",
                "give both, or choose " + ", ".join(BUILT_IN),
            )

    def unused(self) -> dict[str, str]:
        """As for every workload; --min-replicas takes precedence over --replicas."""
        lost = "replicas" in self.given and not isinstance(self.min_replicas, str)
        return ({"replicas": "omitting --min-replicas"} if lost else {}) | super().unused()
