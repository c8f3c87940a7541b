"""What the kinds of the training operator share: their types, and the conventions of their pods.

The operators that served TFJob and PyTorchJob before it, at the Go arena's time, used the same version of
these types.
"""

from collections.abc import Callable, Mapping

from arena import labels
from arena.errors import MissingOperator
from arena.kinds.kind import Halt, Object, PodConventions
from arena.resources import Resource

# Without a cleanPodPolicy, older operators leave the pods of a job that has reached its deadline.
HALT = Halt(
    {"spec": {"runPolicy": {
        "activeDeadlineSeconds": 1, "cleanPodPolicy": "Running", "ttlSecondsAfterFinished": None,
    }}}
)  # fmt: skip
"""Before training operator 1.7, no job can be suspended."""

CHIEF_ROLES = ("launcher", "master", "chief")

TRAINING_OPERATOR = PodConventions(
    role_labels=(
        labels.REPLICA_TYPE,
        labels.TF_REPLICA_TYPE,
        labels.PYTORCH_REPLICA_TYPE,
        labels.MPI_ROLE_TYPE,
        labels.JOB_ROLE,
    ),
    index_labels=(
        labels.REPLICA_INDEX,
        labels.TF_REPLICA_INDEX,
        labels.PYTORCH_REPLICA_INDEX,
    ),
    chief_roles=CHIEF_ROLES,
)


def resources(plural: str, kind: str) -> tuple[Resource, Resource]:
    """The type of the training operator, whose jobs have a runPolicy, and that of the Go arena's time."""
    # If XGBoostJob is served, too, it is the training operator, so the schema need not be requested.
    today = Resource("kubeflow.org", "v1", plural, kind=kind, field="runPolicy", sibling="xgboostjobs")
    return today, today._replace(field="", sibling="")


def check_release(resource: Resource) -> None:
    """Refuse the older release, which would ignore the runPolicy with all limits of a job.

    Raises:
        MissingOperator: the cluster has the older release.
    """
    if not resource.field:
        raise MissingOperator(
            f"the {resource.kind} of this cluster has no runPolicy: its operator is too old",
            "install training operator 1.9, or submit it as a plain job: arena submit job",
        )


FORMER = (f"{labels.OLD_GROUP}=kubeflow.org,!{labels.JOB_NAME}",)
"""Selects the pods of the old operators of TFJob and PyTorchJob."""

_BEFORE_RUN_POLICY = {"cleanPodPolicy", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"}
"""Fields at the top level of a job's spec in the Go arena's time."""


def selector(operator: str, old: str = "") -> Callable[[Object], Mapping[str, str]]:
    """The labels of a job's pods: those that the operator sets, or the old key for an older job.

    Newer kinds have no old key.
    """

    def pods_of(obj: Object) -> Mapping[str, str]:
        spec = obj.get("spec") or {}
        name = obj["metadata"]["name"]
        if "runPolicy" not in spec and _BEFORE_RUN_POLICY & spec.keys():
            return {labels.OLD_GROUP: "kubeflow.org", old: name}
        return {labels.JOB_NAME: name, labels.OPERATOR_NAME: operator}

    return pods_of


def job_of(operator: str, old: str = "") -> Callable[[Object], str]:
    """The job that a pod belongs to, by the labels of the current operator or the old key."""

    def name_of(pod: Object) -> str:
        own = pod["metadata"].get("labels") or {}
        if own.get(labels.OPERATOR_NAME) == operator:
            return own.get(labels.JOB_NAME) or ""
        return own.get(old) or ""

    return name_of


def master(name: str) -> dict[str, str]:
    """Labels of the pod that the training operator calls the master of a job."""
    return {labels.JOB_NAME: name, labels.JOB_ROLE: "master"}
