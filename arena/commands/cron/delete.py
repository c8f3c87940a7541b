"""arena cron delete (del): delete crons and their runs."""

from arena.commands import _deleting
from arena.commands.cron._family import CRONS

command = _deleting.delete_command(
    CRONS,
    """Delete crons and their runs, including active runs.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one.

    \b
    arena cron delete nightly
    arena cron delete -l team=vision -y
    """,
)
