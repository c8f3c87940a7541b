"""arena serve: serve models and other programs that answer requests."""

import click

from arena.commands._kinds import KindsAndVerbs
from arena.commands.serve._family import SERVINGS


@click.group("serve", cls=KindsAndVerbs, package=__name__, family=SERVINGS)
def command() -> None:
    """Serve models and other programs that answer requests.

    \b
    arena serve custom --name digits --image IMAGE --restful-port 8080 "python serve.py"
    arena serve list
    """
