"""The Spec of custom servings, and the values of their template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.serving.custom import NAME, TYPE
from arena.kinds.serving.specs.base import exposure, probes, render, rollout
from arena.kinds.serving.specs.base.ports import PortOptions
from arena.kinds.serving.specs.base.probes import ProbeOptions
from arena.kinds.serving.specs.base.rollout import RolloutOptions
from arena.kinds.workload.rendering import Rendering


class CustomServingSpec(PortOptions, ProbeOptions, RolloutOptions):
    """The options of a custom serving."""


def values(spec: CustomServingSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if there is no image, or a label is arena's own."""
    return {
        **render.named(spec, NAME, TYPE, protocol=spec.protocol),
        **render.pod(spec, rendering),
        **probes.values(spec),
        **rollout.values(spec, rendering),
    }


SPECS = Specs(spec=CustomServingSpec, values=values, beside=exposure.of(TYPE))
