"""The ports of servings whose program the user chooses."""

from collections.abc import Mapping

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.serving.specs.base.spec import GRPC, HTTP, METRICS, ServingSpec
from arena.kinds.spec import option


class PortOptions(ServingSpec):
    """The ports on which a program answers, and what it speaks there.

    The program learns them from the variables HTTP_PORT, GRPC_PORT and METRICS_PORT.
    """

    port: int = option(0, "Port for gRPC (0: none)", types.PORT)
    restful_port: int = option(0, "Port for HTTP (0: none)", types.PORT, old=("--restfulPort",))
    metrics_port: int = option(0, "Port with metrics (0: none)", types.PORT)
    protocol: str = option(
        "", "What its requests by HTTP look like", choice("v1", "v2", "torchserve", "seldon", "openai")
    )

    @property
    def ports(self) -> dict[str, int]:
        """Name -> number of each port; 0 for none."""
        return {HTTP: self.restful_port, GRPC: self.port, METRICS: self.metrics_port}


def check(ports: Mapping[str, int]) -> None:
    """Refuse two ports with the same number, and a serving without a port; raises SpecError."""
    numbers = [one for one in ports.values() if one]
    if not (ports.get(HTTP) or ports.get(GRPC)):
        raise SpecError(
            "a serving needs a port to answer on", "add --restful-port PORT (HTTP) or --port PORT (gRPC)"
        )
    for one in numbers:
        if numbers.count(one) > 1:
            raise SpecError(f"two ports have the number {one}", "give each its own number")
