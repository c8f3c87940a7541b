"""arena scalein: remove workers from a running elastic job."""

import click

from arena.commands import _scaling

SUMMARY = """Remove workers from a running elastic job, those with the highest numbers first.

    The job sees the change in its host file; programs on these workers have time to finish.
    The command returns at once unless --wait is given.

    \b
    arena scalein etjob --name resnet --count 2 --wait
    arena scalein etjob --name resnet --script /scripts/shrink.sh -e MODE=soft -t 2m
    """


@click.group("scalein", cls=_scaling.Kinds, out=False, summary=SUMMARY)
def command() -> None:
    """Remove workers from a running elastic job."""
