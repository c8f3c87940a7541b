"""Values that the templates of all training kinds share. None drops a key of the template."""

from typing import Any

from arena import labels
from arena.kinds.training.specs.base import queues
from arena.kinds.training.specs.base.spec import BatchPodSpec, BatchSpec
from arena.kinds.workload import metadata as workload
from arena.kinds.workload.pod_values import pod
from arena.kinds.workload.rendering import Rendering
from arena.values import frozen

Values = dict[str, Any]


@frozen
class Size:
    """What a job requests in total."""

    pods: int
    gpus: int


def shared(spec: BatchPodSpec, kind: str, rendering: Rendering, size: Size) -> Values:
    """Values of the job object and of the pods of every role.

    Raises:
        SpecError: a label is arena's own.
    """
    return {
        "api_version": rendering.resource.api_version,
        "name": spec.name,
        **metadata(spec, kind, size),
        # If pods restart in place, the restart that reaches the limit ends the job, so 1 would allow none.
        "backoff_limit": spec.retry + 1 if spec.retry else None,
        "restart_policy": "OnFailure" if spec.retry else "Never",
        "active_deadline": spec.running_timeout or None,
        "ttl": spec.ttl_after_finished or None,
        "scheduling": queues.policy(spec, size.pods),
        **pod(spec, rendering),
    }


def metadata(spec: BatchSpec, kind: str, size: Size) -> Values:
    """Labels and annotations of the job and of its pods; raises as `shared`."""
    both = workload.own_labels(spec, kind, "training", "training.kubeflow.org/")
    remarks = {**spec.annotation, labels.GPUS: str(size.gpus)}
    job_marks, job_notes = queues.on_job(spec, size.pods)
    pod_marks, pod_notes = queues.on_pods(spec, kind, size.pods)
    model_marks, model_notes = spec.registered_model
    return {
        "labels": {**both, **job_marks, **model_marks},
        "annotations": {**remarks, **job_notes, **model_notes, **workload.record(spec)},
        "pod_labels": {**both, **pod_marks},
        # An injected proxy never ends, so the pod would not end either.
        "pod_annotations": {labels.ISTIO_INJECT: "false", **remarks, **pod_notes},
    }
