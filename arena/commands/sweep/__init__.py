"""arena sweep: search for good hyperparameters."""

import click

from arena.commands._verbs import Verbs


@click.group("sweep", cls=Verbs, package=__name__)
def command() -> None:
    """Search for good hyperparameters: run a job many times with other values, and keep the best.

    The trials of a sweep are jobs of any kind. Katib starts them, which the local cluster has, too; what
    Katib cannot do, the command itself does.

    \b
    arena sweep submit job --param lr=log:1e-5..1 --metric loss:min --image IMAGE "python train.py --lr {lr}"
    arena sweep get NAME
    arena sweep best NAME -o command
    """
