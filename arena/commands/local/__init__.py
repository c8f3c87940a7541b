"""arena local: start, stop and inspect the local cluster."""

import click

from arena.commands._verbs import Verbs


@click.group("local", cls=Verbs, package=__name__)
def command() -> None:
    """Manage the local cluster, which runs jobs as processes of this machine without Kubernetes.

    It starts when a command needs it, and ends after it has been idle for half an hour. Programs in it
    run as you, without isolation. Images are recorded but not run.
    """
