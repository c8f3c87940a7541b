"""Evaluations of models: the list, the page of one, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena import units
from arena.model import Evaluation, Phase
from arena.views.jobs import INSTANCES
from arena.views.table import Column, pairs, ruled

NAMESPACE: Column[Evaluation] = Column("NAMESPACE", lambda one, now: one.job.namespace)
EVALUATIONS: tuple[Column[Evaluation], ...] = (
    Column("NAME", lambda one, now: one.job.name),
    Column("MODEL_NAME", lambda one, now: one.model),
    Column("MODEL_VERSION", lambda one, now: one.version),
    Column("STATUS", lambda one, now: _status(one)),
    Column("CREATE_TIME", lambda one, now: _stamp(one.job.created)),
    Column("SUBMITTER", lambda one, now: one.job.submitter or "N/A", wide=True),
)


def columns(*, everywhere: bool) -> tuple[Column[Evaluation], ...]:
    """The columns of the list, led by the namespace where there are several."""
    return (NAMESPACE, *EVALUATIONS) if everywhere else EVALUATIONS


def _status(one: Evaluation) -> str:
    """As the Go arena writes it here: `Running`, `Complete`, `Failed`."""
    phase = one.job.phase
    return "Complete" if phase is Phase.SUCCEEDED else phase.value.capitalize()


def _stamp(moment: datetime | None) -> str:
    return units.rfc3339(moment) if moment else ""


def page(one: Evaluation, now: datetime) -> str:
    """Everything about one evaluation on a page."""
    header = pairs(
        [
            ("Name", one.job.name),
            ("Namespace", one.job.namespace),
            ("Status", _status(one)),
            *([("Reason", one.job.reason)] if one.job.reason else []),
            ("ModelName", one.model),
            ("ModelVersion", one.version),
            ("ModelPath", one.model_path),
            ("DatasetPath", one.dataset_path),
            ("MetricsPath", one.metrics_path),
            ("CreationTimestamp", _stamp(one.job.created)),
        ]
    )
    if not one.job.instances:
        return header
    return header + "\n\nInstances:\n" + ruled(INSTANCES, one.job.instances, now)


def data(one: Evaluation) -> dict[str, Any]:
    """The evaluation under the Go arena's JSON keys, and after them those that are new here."""
    return {
        "uuid": one.job.uid,
        "jobId": one.job.labels.get("jobId", ""),
        "name": one.job.name,
        "namespace": one.job.namespace,
        "modelName": one.model,
        "modelPath": one.model_path,
        "modelVersion": one.version,
        "datasetPath": one.dataset_path,
        "metricsPath": one.metrics_path,
        "status": _status(one),
        "creationTimestamp": _stamp(one.job.created),
        "completionTime": _stamp(one.job.finished),
        "reason": one.job.reason,
        "submitter": one.job.submitter,
    }
