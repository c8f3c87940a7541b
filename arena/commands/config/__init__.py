"""arena config: show settings and trust project files."""

import click

from arena.commands._verbs import Verbs


@click.group("config", cls=Verbs, package=__name__)
def command() -> None:
    """Show settings and where they come from; trust project files."""
