"""What is measured: a server, and the requests that it gets."""

from collections.abc import Callable
from typing import Protocol

from arena.actions.serving.address import Address
from arena.values import field, frozen


class Meter(Protocol):
    """Reads one streamed answer of a language model."""

    @property
    def tokens(self) -> int:
        """The number of tokens so far."""

    @property
    def times(self) -> list[float]:
        """When each piece of text arrived."""

    def feed(self, data: bytes, now: float) -> None:
        """Take a piece of the body."""

    def end(self) -> bool:
        """The answer is complete; return whether it is a right one."""


@frozen
class Target:
    """A server and its requests."""

    name: str
    address: Address
    requests: tuple[bytes, ...] = field(repr=False)
    """Complete HTTP requests, at least one, which are sent in turn; they may hold a token."""
    right: Callable[[bytes], bool] = lambda body: True
    """Whether the body of an answer with a status of 2xx is right."""
    reason: Callable[[bytes], str] = lambda body: ""
    """What the server says in the body of an error."""
    meter: Callable[[], Meter] | None = None
    """What reads the answers of a language model; None for other servers."""
    protocol: str = ""
    model: str = ""
    remark: str = ""
    """What the user should know of the way to the server; "" if nothing."""
