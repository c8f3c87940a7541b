"""arena cron list (ls): list crons."""

from arena.commands import _family
from arena.commands.cron._family import CRONS

command = _family.list_command(
    CRONS,
    """List crons, the newest first.

    \b
    arena cron list
    arena cron list -A -o wide
    """,
)
