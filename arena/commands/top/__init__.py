"""arena top: show GPUs, CPUs and memory by node or by job."""

import click

from arena.commands._verbs import Verbs


@click.group("top", cls=Verbs, package=__name__)
def command() -> None:
    """Show which nodes and jobs hold the resources of the cluster."""
