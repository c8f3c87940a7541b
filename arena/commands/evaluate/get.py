"""arena evaluate get: show an evaluation and its instances."""

from arena.commands import _family
from arena.commands.evaluate._family import EVALUATIONS

command = _family.get_command(
    EVALUATIONS,
    """Show an evaluation and its instances.

    \b
    arena evaluate get bert-1
    """,
)
