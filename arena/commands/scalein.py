"""arena scalein: take workers from an elastic job while it runs."""

import click

from arena.commands import _scaling


@click.group("scalein", cls=_scaling.Kinds)
def command() -> None:
    """Take workers from an elastic job while it runs."""


SUMMARY = """Take workers from a running elastic job, those of the highest numbers first.

    It learns of it by its host file; what runs on them may come to an end before they go.
    Returns at once unless --wait is given.

    \b
    arena scalein etjob --name resnet --count 2 --wait
    arena scalein etjob --name resnet --script /scripts/shrink.sh -e MODE=soft -t 2m
    """

command.add_command(_scaling.make(out=False, summary=SUMMARY))
