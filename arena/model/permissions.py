"""Permissions in the terms of Kubernetes' roles, and the commands that they allow."""

from arena.tuples import NamedTuple
from arena.values import frozen

VERBS = ("get", "list", "watch", "create", "patch", "delete")
"""The verbs of rights, in the order in which they are shown."""


class Right(NamedTuple):
    """A permission in a namespace, or in all of the cluster."""

    verb: str
    resource: str
    """Plural, with its subresource: `pods`, `pods/log`."""
    group: str = ""
    clusterwide: bool = False

    @property
    def where(self) -> str:
        """`pods/log`, `workloads.kueue.x-k8s.io`: the resource with its group."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


@frozen
class Lack:
    """Rights that a user does not have, and what does not work for it."""

    rights: tuple[Right, ...]
    effect: str = ""
    """What the answer lacks: `instances`; "" if the command does not work without these rights."""


@frozen
class Ability:
    """Whether a user may use a command."""

    command: str
    """The command with the flag that it is about: `submit --secret`."""
    allowed: bool
    missing: tuple[Lack, ...] = ()
    """What the user may not do that the command asks for; if it is allowed, it works without."""
