"""How far a program is."""

from collections.abc import Mapping

from arena.values import field, frozen


@frozen
class Progress:
    """How far a program is, as it tells in its output."""

    share: float | None = None
    """From 0 to 1; None if it tells only values."""
    what: str = ""
    """What it counts, such as `epoch 3/10, step 43/100`."""
    seconds_left: int | None = None
    """The time that is left by its own estimate; None if it gives none."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The last values that it printed, such as `loss`."""
