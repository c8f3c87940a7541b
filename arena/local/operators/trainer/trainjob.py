"""TrainJob: a JobSet made from a runtime, to which the spec of the job is applied.

The local cluster provides the runtimes torch-distributed and jax-distributed.
"""

from collections.abc import Iterator
from functools import cached_property

from arena.local.definitions import Definition
from arena.local.field_errors import DNS_1035, FieldError, invalid, unsupported
from arena.local.machinery import conditions
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.operator import Operator
from arena.local.objects import JOBSETS, Object, Resource, key
from arena.local.operators.trainer import runtimes

GROUP, VERSION = "trainer.kubeflow.org", "v1alpha1"
TRAINJOBS = Resource(GROUP, VERSION, "trainjobs", "TrainJob")
RUNTIMES = Resource(GROUP, VERSION, "trainingruntimes", "TrainingRuntime")
CLUSTER_RUNTIMES = Resource(GROUP, VERSION, "clustertrainingruntimes", "ClusterTrainingRuntime", False)


def operator() -> Operator:
    """The operator of TrainJobs."""
    return TrainJob.operator(owns=(JOBSETS,))


class TrainJob(JobLifecycle):
    """One pass over one TrainJob. After its end its JobSet, which may have a time to live, does the rest."""

    resource = TRAINJOBS
    created = None
    suspended = Text("Suspended", "TrainJob is suspended")
    resumed = Text("Resumed", "TrainJob is resumed")
    failed = "{why}"
    records_times = False

    @property
    def deadline(self) -> None:
        """The Jobs enforce the deadline."""

    @cached_property
    def jobset(self) -> Object:
        """Its JobSet; {} if no runtime can create one, which fails the job."""
        return next(iter(self.owned(JOBSETS)), None) or self._make()

    def advance(self) -> float | None:
        """Take the next step, and copy the state of the JobSet into the status."""
        if self.jobset:
            super().advance()
            self._follow(self.jobset.get("status") or {})
        return None

    def stop(self) -> None:
        """Suspend the JobSet."""
        self.set_suspend(JOBSETS, self.jobset, True)

    def resume(self) -> None:
        """Resume the JobSet."""
        self.set_suspend(JOBSETS, self.jobset, False)
        super().resume()

    def run(self) -> None:
        """The JobSet runs by itself."""

    def _make(self) -> Object:
        reference = self.obj["spec"]["runtimeRef"]
        runtime = self._runtime(reference)
        if runtime is None:
            known = ", ".join(one["metadata"]["name"] for one in self.objects.list(CLUSTER_RUNTIMES))
            why = f'there is no {reference["kind"]} "{reference["name"]}"; the cluster has {known}'
        else:
            why = runtimes.refusal(runtime, self.obj)
        if why or runtime is None:
            self.fail("TrainingRuntimeNotSupported", why)
            return {}
        return self.ensure(JOBSETS, runtimes.jobset(runtime, self.obj))

    def _runtime(self, reference: Object) -> Object | None:
        if reference["kind"] == RUNTIMES.kind:
            return self.objects.get(RUNTIMES, reference["name"], key(self.obj)[0])
        return self.objects.get(CLUSTER_RUNTIMES, reference["name"])

    def _follow(self, found: Object) -> None:
        """Copy the state of the JobSet into the status."""
        if "replicatedJobsStatus" in found:
            self.status["jobsStatus"] = found["replicatedJobsStatus"]
        if conditions.holds(found, conditions.COMPLETED):
            one = conditions.find(found, conditions.COMPLETED)
            self.end(conditions.COMPLETE, Text(str(one.get("reason", "")), one.get("message", "")))
        if conditions.holds(found, conditions.FAILED):
            one = conditions.find(found, conditions.FAILED)
            self.fail(self._reason(one), one.get("message", ""))

    def _reason(self, condition: Object) -> str:
        limited = self.obj["spec"].get("activeDeadlineSeconds")
        late = limited and "DeadlineExceeded" in condition.get("message", "")
        return "DeadlineExceeded" if late else str(condition.get("reason", ""))


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what its webhook refuses, as far as the object alone shows."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    if not DNS_1035.fullmatch(name) or len(name) > 63:
        yield invalid("metadata.name", name, "must be a DNS-1035 label of at most 63 characters")
    reference = spec["runtimeRef"]
    kinds = (CLUSTER_RUNTIMES.kind, RUNTIMES.kind)
    if reference.get("kind") not in kinds:
        yield unsupported("spec.runtimeRef.kind", reference.get("kind"), kinds)
    yield from runtimes.check_patches(spec)


DEFINITIONS = (
    Definition(resource=TRAINJOBS, check=check),
    Definition(resource=RUNTIMES),
    Definition(resource=CLUSTER_RUNTIMES, seeds=runtimes.SHIPPED),
)
