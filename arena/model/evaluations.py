"""Evaluations of models."""

from arena.model.jobs import Job
from arena.values import frozen


@frozen
class Evaluation:
    """A job that evaluates a model."""

    job: Job
    model: str = ""
    version: str = ""
    model_path: str = ""
    dataset_path: str = ""
    metrics_path: str = ""
