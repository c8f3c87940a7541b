"""What a caller may ask beside the object itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Validation = Literal["Ignore", "Warn", "Strict"]
Propagation = Literal["Background", "Foreground", "Orphan"]


def _silent(warning: str) -> None:
    """Nobody reads warnings."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How to write. The default is that of the operators: trusted and untracked."""

    dry: bool = False
    validation: Validation = "Ignore"
    """What to do about unknown fields; Ignore also leaves out the check of the types of values."""
    manager: str = ""
    """Who writes, for `managedFields`; "" leaves them alone."""
    applied: bool = False
    """Whether `managedFields` is already what it shall be: server-side apply."""
    warn: Callable[[str], None] = _silent


TRUSTED = Writing()


@dataclass(frozen=True, slots=True)
class Deleting:
    """How to delete."""

    grace: int | None = None
    """Seconds; None takes the pod's own, 0 removes it at once."""
    propagation: Propagation = "Background"
    uid: str = ""
    version: str = ""
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Which objects to list."""

    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""


class Page(NamedTuple):
    """A part of a list, as stored JSON texts."""

    texts: list[str]
    version: int
    token: str = ""
    remaining: int | None = None
