"""arena evaluate list (ls): list evaluations."""

from arena.commands import _family
from arena.commands.evaluate._family import EVALUATIONS

command = _family.list_command(
    EVALUATIONS,
    """List evaluations, the newest first.

    \b
    arena evaluate list -A
    arena evaluate list -o wide
    """,
)
