"""arena scaleout: give an elastic job more workers while it runs."""

import click

from arena.commands import _scaling


@click.group("scaleout", cls=_scaling.Kinds)
def command() -> None:
    """Give an elastic job more workers while it runs."""


SUMMARY = """Give a running elastic job more workers, up to its --max-workers.

    It learns of them by its host file once all of them run.
    Returns at once unless --wait is given.

    \b
    arena scaleout etjob --name resnet --count 2 --wait
    arena scaleout etjob --name resnet --script /scripts/grow.sh -e MODE=soft -t 2m
    """

command.add_command(_scaling.make(out=True, summary=SUMMARY))
