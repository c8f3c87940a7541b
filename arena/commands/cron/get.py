"""arena cron get: show a cron and its runs."""

from arena.commands import _family
from arena.commands.cron._family import CRONS

command = _family.get_command(
    CRONS,
    """Show a cron and its runs.

    \b
    arena cron get nightly
    arena cron get nightly -e
    arena cron get nightly -o json
    """,
)
