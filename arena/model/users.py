"""The users of a cluster."""

from arena.model.partial import Unread
from arena.values import frozen


@frozen
class User:
    """A user as the cluster identifies them."""

    name: str
    groups: tuple[str, ...] = ()
    admin: bool = False
    reported: bool = True
    """Whether the cluster itself reported the name."""
    unread: tuple[Unread, ...] = ()
    """What the cluster did not answer."""
