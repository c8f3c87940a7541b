"""arena submit: submit a training job."""

import click

from arena.commands._jobs import JOBS
from arena.commands._kinds import Kinds


@click.group("submit", cls=Kinds, family=JOBS)
def command() -> None:
    """Submit a training job.

    \b
    arena submit pytorchjob --workers 4 --gpus 1 --image IMAGE "python train.py"
    arena submit tf --ps 1 --workers 2 --image IMAGE "python train.py"
    arena submit pytorchjob --workers 2 "python train.py" --dry-run
    arena submit pytorchjob -f job.yaml --logs
    """
