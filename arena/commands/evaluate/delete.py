"""arena evaluate delete (del): delete evaluations."""

from arena.commands import _deleting
from arena.commands.evaluate._family import EVALUATIONS

command = _deleting.delete_command(
    EVALUATIONS,
    """Delete evaluations.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one.

    \b
    arena evaluate delete bert-1
    arena evaluate delete --all -y
    """,
)
