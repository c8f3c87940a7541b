"""arena serve list (ls): list servings."""

from arena.commands import _family
from arena.commands.serve._family import SERVINGS

command = _family.list_command(
    SERVINGS,
    """List servings, the newest first, whoever created them.

    \b
    arena serve list -A
    arena serve list -T custom -o wide
    """,
)
