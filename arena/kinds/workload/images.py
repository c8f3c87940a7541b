"""The container images of pods."""

from arena.errors import SpecError
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import WorkloadSpec

NO_IMAGE = "local"
"""The image of pods that are processes of this machine, if none was given."""


def image(spec: WorkloadSpec, rendering: Rendering, chosen: str = "") -> str:
    """The image of a role: the `chosen` one, or else that of the whole workload.

    Raises:
        SpecError: neither is given, and pods are containers.
    """
    found = chosen or spec.image or spec.default_image or (NO_IMAGE if rendering.on_host else "")
    if not found:
        raise SpecError("--image is missing", "a cluster needs a container image: add --image IMAGE")
    return found


def any_image(spec: WorkloadSpec, rendering: Rendering) -> str:
    """An image that the nodes pull anyway, for a container that needs only a shell; "" if none is given."""
    return spec.any_image or (NO_IMAGE if rendering.on_host else "")
