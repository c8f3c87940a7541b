"""TFJob and PyTorchJob under one version: those of the training operator, and of the operators before it."""

from arena.errors import MissingOperator
from arena.resources import Resource


def of(plural: str, kind: str) -> tuple[Resource, Resource]:
    """The type of the training operator, whose jobs have a runPolicy, and that of the Go arena's time."""
    # Who brought XGBoostJob brought them all: then the cluster need not be asked for their fields.
    today = Resource("kubeflow.org", "v1", plural, kind=kind, field="runPolicy", sibling="xgboostjobs")
    return today, today._replace(field="", sibling="")


def check(resource: Resource) -> None:
    """Refuse the older release, which would drop the runPolicy and with it every limit of a job.

    Raises:
        MissingOperator: it is that.
    """
    if not resource.field:
        raise MissingOperator(
            f"the {resource.kind} of this cluster has no runPolicy: its operator is of the Go arena's time",
            "install training operator 1.9, or submit it as a plain job: arena submit job",
        )
