"""JobSet: groups of Jobs that find each other by name, and that start, restart and end as one."""

from functools import cached_property

from arena.local.definitions import Definition
from arena.local.machinery import conditions
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.operator import Key, Operator
from arena.local.objects import JOBS, JOBSETS, PODS, SERVICES, Object, Objects, key
from arena.local.operators.jobset import child_jobs, policies, validation
from arena.local.operators.jobset.child_jobs import NAME, Snapshot


def operator() -> Operator:
    """The operator of JobSets."""
    return JobSet.operator(owns=(JOBS, SERVICES), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    name = (pod["metadata"].get("labels") or {}).get(NAME)
    return [(key(pod)[0], name)] if name else []


class JobSet(JobLifecycle):
    """One pass over one JobSet."""

    resource = JOBSETS
    created = None
    suspended = Text("SuspendedJobs", "jobset is suspended")
    resumed = Text("ResumeJobs", "jobset is resumed")
    failed = "{why}"
    records_times = False

    @cached_property
    def snapshot(self) -> Snapshot:
        """The JobSet and its Jobs as the pass found them."""
        jobs = self.owned(JOBS, f"{NAME}={self.obj['metadata']['name']}")
        return Snapshot(self.obj, jobs, int(self.status.get("restarts") or 0))

    def is_finished(self) -> bool:
        """Whether it has succeeded or failed."""
        return bool(self.status.get("terminalState"))

    def clean_up(self) -> None:
        """Remove the Jobs that still run."""
        for job in self.snapshot.jobs:
            if not child_jobs.is_finished(job):
                self.remove(JOBS, job)

    def stop(self) -> None:
        """Suspend the Jobs."""
        self._suspend_jobs(True)

    def resume(self) -> None:
        """Resume the Jobs."""
        self._suspend_jobs(False)
        super().resume()

    def run(self) -> None:
        """Restart or end the JobSet according to its policies, or create the missing Jobs."""
        failed = [job for job in self.snapshot.current if child_jobs.holds(job, "Failed")]
        if failed:
            self._handle_failure(failed[0])
        elif policies.has_succeeded(self.snapshot):
            self.end(conditions.COMPLETED, Text("AllJobsCompleted", "jobset completed successfully"))
        else:
            self._start()

    def end(self, kind: str, text: Text, urgency: str = "Normal") -> None:
        """End the JobSet in the state `kind`."""
        self.status["terminalState"] = kind
        super().end(kind, text, urgency)

    def report(self) -> None:
        """Write the counts of Jobs."""
        self.status["replicatedJobsStatus"] = child_jobs.counts(self.snapshot)
        self.status.setdefault("restarts", 0)

    def _suspend_jobs(self, suspend: bool) -> None:
        for job in self.snapshot.current:
            if not child_jobs.is_finished(job):
                self.set_suspend(JOBS, job, suspend)

    def _handle_failure(self, job: Object) -> None:
        """Apply the failurePolicy to a failed Job: end the JobSet, or restart it or the Job."""
        restarts = int(self.status.get("restartsCountTowardsMax") or 0)
        verdict = policies.judge(self.obj, job, restarts)
        message = f"{verdict.why} (first failed job: {job['metadata']['name']}: {child_jobs.reason(job)})"
        if verdict.ends:
            self.fail(verdict.ends, message)
            return
        if verdict.counts:
            self.status["restartsCountTowardsMax"] = restarts + 1
        if verdict.alone:
            self.remove(JOBS, job)
        else:
            # The next pass removes the Jobs: then the stored status shows that their attempt is over.
            self.status["restarts"] = self.snapshot.attempt + 1
        self.event(verdict.action, message, "Warning")

    def _start(self) -> None:
        """Create the missing Jobs that may start; after a restart once the earlier pods are gone."""
        if self.obj["spec"].get("network", {}).get("enableDNSHostnames", True):
            self.ensure(SERVICES, child_jobs.service(self.snapshot))
        earlier = [job for job in self.snapshot.jobs if job not in self.snapshot.current]
        for job in earlier:
            self.remove(JOBS, job)
        if earlier or child_jobs.leftovers(self.objects, self.snapshot):
            return  # The port of the first worker is free when it has ended.
        for body in policies.ready_to_start(self.snapshot):
            self.ensure(JOBS, body)


DEFINITIONS = (
    Definition(
        resource=JOBSETS,
        check=validation.check,
        fill=validation.fill,
        immutable=("managedBy", "coordinator"),
        change=validation.check_change,
    ),
)
