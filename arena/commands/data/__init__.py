"""arena data: show the volumes that jobs can mount."""

import click

from arena.commands._verbs import Verbs


@click.group("data", cls=Verbs, package=__name__)
def command() -> None:
    """Show the volumes that jobs can mount with --data."""
