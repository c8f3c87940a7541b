"""arena evaluate: evaluate models."""

import click

from arena.commands._verbs import Verbs


@click.group("evaluate", cls=Verbs, package=__name__)
def command() -> None:
    """Evaluate a model with a program of yours, which reads its inputs from variables.

    The variables are MODEL_NAME, MODEL_VERSION, MODEL_PATH, DATASET_PATH and METRICS_PATH. An evaluation
    is a job, and `arena logs` shows its output.

    \b
    arena evaluate model --model-name bert --model-path /models/bert --image IMAGE "python evaluate.py"
    arena evaluate list
    """
