"""Evaluations of models: their list, the page of one, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena.model.evaluations import Evaluation
from arena.model.jobs import Phase
from arena.views import times
from arena.views.instances import section
from arena.views.noun import Noun
from arena.views.table import Column, pairs


def _status(one: Evaluation) -> str:
    """The phase as the Go arena writes it here: `Running`, `Complete`, `Failed`."""
    phase = one.job.phase
    return "Complete" if phase is Phase.SUCCEEDED else phase.value.capitalize()


def page(one: Evaluation, now: datetime) -> str:
    """Everything about one evaluation."""
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
            ("CreationTimestamp", times.stamp(one.job.created)),
        ]
    )
    return f"{header}\n\n{section(one.job.instances, now)}" if one.job.instances else header


def data(one: Evaluation, now: datetime) -> dict[str, Any]:
    """The evaluation under the Go arena's JSON keys, followed by keys that are new here."""
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
        "creationTimestamp": times.stamp(one.job.created),
        "completionTime": times.stamp(one.job.finished),
        "reason": one.job.reason,
        "submitter": one.job.submitter,
    }


EVALUATIONS: Noun[Evaluation] = Noun(
    plural="evaluations",
    columns=(
        Column("NAMESPACE", lambda one, now: one.job.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.job.name),
        Column("MODEL_NAME", lambda one, now: one.model),
        Column("MODEL_VERSION", lambda one, now: one.version),
        Column("STATUS", lambda one, now: _status(one)),
        Column("CREATE_TIME", lambda one, now: times.stamp(one.job.created)),
        Column("SUBMITTER", lambda one, now: one.job.submitter or "N/A", wide=True),
    ),
    data=data,
    page=page,
    name=lambda one: one.job.name,
)
