"""The options that kinds of training jobs share, in classes of related options.

A kind inherits the classes that it supports; `TrainingPodSpec` joins them all.
"""

from collections.abc import Mapping
from typing import ClassVar

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.training.base.queues import COSCHEDULING, KUEUE, VOLCANO
from arena.kinds.workload.pod_spec import ContainerOptions, PodSpec
from arena.kinds.workload.spec import TensorBoardSpec, WorkloadSpec


class BatchSpec(WorkloadSpec):
    """A workload that ends."""

    suffix: ClassVar[str] = "-worker-999999"

    @property
    def queued_by(self) -> str:
        """The system that queues and starts the job; "" if none does."""
        return ""

    @property
    def effective_queue(self) -> str:
        """The queue that must exist for the job to start; "" for none."""
        return ""

    @property
    def pod_scheduler(self) -> str:
        """The scheduler of every workload, except that Volcano schedules the pods of its queues."""
        return self.chosen_scheduler or (VOLCANO if self.queued_by == VOLCANO else "")

    def gang_size(self, pods: int) -> int:
        """The number of the job's `pods` that start together or not at all; 0 if each starts alone."""
        return 0

    @property
    def registered_model(self) -> tuple[dict[str, str], dict[str, str]]:
        """Labels and annotations of the job that name the model that it produces."""
        return {}, {}


class RetryOptions(BatchSpec):
    """A job whose instances may restart."""

    retry: int = option(
        0, "Number of restarts of failed instances before the job fails", after=("rdma", "gpus")
    )


class DeadlineOptions(BatchSpec):
    """A job that may have a deadline."""

    running_timeout: int = option(
        0, "Fail the job if it runs longer (0: no limit)", types.SECONDS, after=("retry", "rdma")
    )


class TimeToLiveOptions(BatchSpec):
    """A job that may be deleted some time after its end."""

    ttl_after_finished: int = option(
        0,
        "Delete the job this long after its end (0: keep it)",
        types.SECONDS,
        after=("running_timeout", "retry"),
    )


class QueueOptions(BatchSpec):
    """A job that may wait in a named queue."""

    queue_name: str = option(
        "", "Kueue or Volcano queue for the job", types.QUEUE, safe=True, after=("queue", "toleration")
    )
    queue_system: str = option(
        "",
        "System of the queue or gang, if the cluster has several",
        choice(KUEUE, VOLCANO, COSCHEDULING),
        safe=True,
        after="queue_name",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.queue_name and self.queue_system == COSCHEDULING:
            raise SpecError(
                f'--queue-name "{self.queue_name}": coscheduling has no queues',
                f"choose --queue-system {KUEUE} or {VOLCANO}, or omit the queue",
            )

    @property
    def queued_by(self) -> str:
        """As for every batch workload: the given system, or what scheduler and queue imply."""
        if self.queue_system:
            return self.queue_system
        if self.chosen_scheduler == VOLCANO:
            return VOLCANO
        return KUEUE if self.queue_name else ""

    @property
    def effective_queue(self) -> str:
        """As for every batch workload."""
        return self.queue_name

    def unused(self) -> dict[str, str]:
        """The unused options of every workload; a queue system also has no effect without a queue."""
        lone = self.queue_system and not self.queue_name
        return super().unused() | ({"queue_system": "--queue-name"} if lone else {})


class QueueStartOptions(QueueOptions):
    """A job that the queue of the cluster may start, whatever it is."""

    queue: bool = option(False, "Let the queue of the cluster start the job", safe=True, after="priority")


class GangOptions(BatchSpec):
    """A job whose instances may start together or not at all."""

    gang: bool = option(False, "Start all instances together or not at all", safe=True, after="toleration")

    def gang_size(self, pods: int) -> int:
        """All pods if --gang is given, else none."""
        return pods if self.gang else 0

    def unused(self) -> dict[str, str]:
        """As for every workload; a gang can replace a queue."""
        found = super().unused()
        if "queue_system" in found:
            found |= {"queue_system": "--queue-name or --gang"}
        if self.gang:
            found.pop("queue_system", None)
        return found


class BatchPodSpec(QueueStartOptions, RetryOptions, DeadlineOptions, TimeToLiveOptions, PodSpec):
    """A workload that ends and whose pods arena describes itself."""


class TrainingSpec(BatchSpec):
    """The options of every training job."""

    workers: int = option(1, "Number of workers", types.POSITIVE, after="image")
    gpus: int = option(0, "GPUs of each worker")
    model_name: str = option("", "Name to register the model under", types.LABEL, safe=True)
    model_source: str = option("", "Location of the model, for its registration")

    @staticmethod
    def shared() -> type:
        """The options of jobs whose pods arena describes."""
        return TrainingPodSpec

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model_name and not self.model_source:
            raise SpecError("--model-name needs --model-source", "give both")

    @property
    def registered_model(self) -> tuple[dict[str, str], dict[str, str]]:
        """As for every batch workload."""
        if not self.model_name:
            return {}, {}
        return {labels.MODEL_NAME: self.model_name}, {labels.MODEL_SOURCE: self.model_source}

    @property
    def own_variables(self) -> dict[str, str]:
        """The variables of every workload, and the number of workers."""
        return {"workers": str(self.workers), **super().own_variables}

    def unused(self) -> dict[str, str]:
        """As for every workload; a source has no effect without a model."""
        lone = self.model_source and not self.model_name
        return super().unused() | ({"model_source": "--model-name"} if lone else {})

    def warnings(self) -> list[str]:
        """The warnings of every workload; no model is registered yet."""
        told = ["--model-name is recorded with the job, but not registered"] if self.model_name else []
        return super().warnings() + told


class WorkerContainerOptions(ContainerOptions):
    """The options of the containers of workers."""

    device: Mapping[str, str] = option(
        {}, "Other device of each worker, such as amd.com/gpu=1", types.DEVICES
    )


class TrainingPodSpec(TrainingSpec, GangOptions, WorkerContainerOptions, TensorBoardSpec, BatchPodSpec):
    """A training job whose pods arena describes itself, with all options of such jobs."""
