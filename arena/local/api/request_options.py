"""The options of requests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from arena.local.api import repeated_keys
from arena.local.api.repeated_keys import Repeats
from arena.tuples import NamedTuple

Validation = Literal["Ignore", "Warn", "Strict"]
Propagation = Literal["Background", "Foreground", "Orphan"]


def _silent(warning: str) -> None:
    """Ignore warnings."""


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of a write. The defaults are those of operators: trusted and untracked."""

    dry: bool = False
    validation: Validation = "Ignore"
    """What to do about unknown fields; Ignore also skips the check of types."""
    manager: str = ""
    """The manager for `managedFields`; "" for operators and node, whose objects have none."""
    through: str = ""
    """The subresource of the request, if it is not what is written, such as `scale`."""
    applied: bool = False
    """Whether `managedFields` is already final, as for server-side apply."""
    patched: bool = False
    """Whether it is a patch, whose result a cluster reads again: what it cannot read is the patch's fault."""
    cuts: bool = False
    """Whether numbers are cut to the size of their field, as of some patches of built-in kinds."""
    is_read: bool = False
    """Whether the new object was decoded already, as that of a request that replaces one."""
    repeats: Repeats = repeated_keys.NONE
    """The keys that its body repeats."""
    warn: Callable[[str], None] = _silent

    @property
    def changes(self) -> bool:
        """Whether it changes an object that is there, rather than to bring a whole one."""
        return self.patched or self.applied


TRUSTED = WriteOptions()


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Options of a deletion."""

    grace: int | None = None
    """Seconds; None uses the pod's own, 0 removes it at once."""
    propagation: Propagation = "Background"
    uid: str = ""
    version: str = ""
    dry: bool = False


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Options of a list."""

    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    initial: bool | None = None
    """Whether a watch begins with what exists; None: if it names no version."""


class Page(NamedTuple):
    """A part of a list, as stored JSON texts."""

    texts: list[str]
    version: int
    token: str = ""
    remaining: int | None = None
