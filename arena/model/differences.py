"""Differences between two jobs."""

from arena.values import frozen


@frozen
class Difference:
    """An option or field in which two jobs differ; None if a job has no value for it."""

    what: str
    """An option such as `workers` or `env.LR`, a path below `spec`, `kind`, or `status`."""
    left: str | None
    right: str | None
