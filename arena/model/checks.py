"""Checks of a cluster and of the way to it."""

from arena.values import frozen

OK, NOTE, WARNING, FAILURE, UNKNOWN = "ok", "note", "warning", "failure", "unknown"
"""States: well; worth knowing; works less well; does not work; could not be read."""


@frozen
class Check:
    """What was checked, how it is, and what to do about it."""

    id: str
    """The name of the check, such as `operators.katib`. It is for scripts and stays when texts change."""
    state: str
    message: str
    """One sentence."""
    remedy: str = ""
    """The next step, mostly a command; "" if there is none."""
