"""arena sweep get: show a sweep and its trials."""

from arena.commands import _family
from arena.commands.sweep._family import SWEEPS

command = _family.get_command(
    SWEEPS,
    """Show a sweep and its trials, the best first and marked with *.

    \b
    arena sweep get digits
    arena sweep get digits -e
    arena sweep get digits -o json
    """,
)
