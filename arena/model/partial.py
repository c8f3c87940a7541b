"""The result of reading several things, some of which may not be readable."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

from arena.values import frozen

T = TypeVar("T", covariant=True)


@frozen
class Unread:
    """Something that could not be read."""

    what: str
    """Plural name of the objects, as the cluster has it: `tfjobs.kubeflow.org`; or `reasons`."""
    why: str
    """What the cluster answered, as a sentence without a period."""
    effect: str = ""
    """What the answer lacks for it, as a sentence without a period: `instances are missing`."""
    forbidden: bool = False
    """Whether this user may not read it, rather than that the cluster has a fault."""


class Partial(Sequence[T], Generic[T]):
    """What was found, as a sequence that never changes, and what could not be read.

    It equals a list or tuple of what was found if everything could be read.

    Attributes:
        found: what was found.
        unread: what could not be read; empty if nothing is missing.
    """

    __slots__ = ("found", "unread")

    found: tuple[T, ...]
    unread: tuple[Unread, ...]

    def __init__(self, found: Sequence[T], unread: Sequence[Unread] = ()) -> None:
        object.__setattr__(self, "found", tuple(found))
        object.__setattr__(self, "unread", tuple(unread))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be changed")

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        return self.found[at]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[T]:
        return iter(self.found)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Partial):
            return (self.found, self.unread) == (other.found, other.unread)
        return not self.unread and isinstance(other, list | tuple) and list(self.found) == list(other)

    def __hash__(self) -> int:
        return hash((self.found, self.unread))

    def __repr__(self) -> str:
        return f"Partial({list(self.found)!r}, unread={list(self.unread)!r})"
