"""arena sweep list (ls): list sweeps."""

from arena.commands import _family
from arena.commands.sweep._family import SWEEPS

command = _family.list_command(
    SWEEPS,
    """List sweeps, the newest first, with the best value of their first metric.

    Experiments of Katib that another tool created are listed, too.

    \b
    arena sweep list
    arena sweep list -A -o wide
    """,
)
