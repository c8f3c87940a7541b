"""arena sweep delete (del): delete sweeps and their trials."""

from arena.commands import _deleting
from arena.commands.sweep._family import SWEEPS

command = _deleting.delete_command(
    SWEEPS,
    """Delete sweeps with their trials, including running ones; `arena sweep stop` keeps the results.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one.

    \b
    arena sweep delete digits
    arena sweep delete -l team=vision -y
    """,
)
