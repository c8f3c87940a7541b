"""arena scaleout: add workers to a running elastic job."""

import click

from arena.commands import _scaling

SUMMARY = """Add workers to a running elastic job, up to its --max-workers.

    The job sees them in its host file once all of them run.
    The command returns at once unless --wait is given.

    \b
    arena scaleout etjob --name resnet --count 2 --wait
    arena scaleout etjob --name resnet --script /scripts/grow.sh -e MODE=soft -t 2m
    """


@click.group("scaleout", cls=_scaling.Kinds, out=True, summary=SUMMARY)
def command() -> None:
    """Add workers to a running elastic job."""
