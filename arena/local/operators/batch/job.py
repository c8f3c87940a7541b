"""Job (batch/v1) runs pods until enough of them have succeeded, or too many have failed.

A pod is counted by its uid, which the status keeps (`uncountedTerminatedPods`) until the Job has ended, so
it counts once, even when it is deleted afterwards or the operator is killed in between. A pod that is
deleted while it runs is replaced, and counts neither as succeeded nor as failed.
"""

from functools import cached_property

from arena.local.definitions import Definition
from arena.local.machinery import conditions, pod_status
from arena.local.machinery.clock import left, stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.operator import Operator
from arena.local.machinery.template_columns import CONTAINERS, IMAGES, SELECTOR
from arena.local.machinery.writes import RETRY
from arena.local.objects import JOBS, PODS, SERVICES, Object, key
from arena.local.operators.batch import (
    completion_indexes,
    job_fields,
    job_pods,
    job_validation,
    pod_hostnames,
)
from arena.local.operators.batch.job_pods import PodCounts

BACKOFF = (1.0, 360.0)
"""Seconds until a failed pod is replaced: after the first failure, and at most.

The Job controller begins with ten seconds, which spare a control plane that many share. Here somebody waits
for the second try, so it begins with one, as the node does with containers.
"""


def operator() -> Operator:
    """The operator of Jobs."""
    # A Job's pods may wait for the Service that names them, which arena names after the Job.
    return Job.operator(owns=(PODS,), related={SERVICES: lambda objects, one: [key(one)]})


class Job(JobLifecycle):
    """One pass over one Job."""

    resource = JOBS
    created = None
    suspended = Text("JobSuspended", "Job suspended")
    resumed = Text("JobResumed", "Job resumed")
    overdue = Text("DeadlineExceeded", "was active longer than specified deadline")
    failed = "Job {why}"

    @cached_property
    def pods(self) -> list[Object]:
        """Its pods as the pass found them."""
        return self.owned(PODS, job_pods.selector(self.obj))

    @cached_property
    def counts(self) -> PodCounts:
        """The counts of its pods."""
        return job_pods.count(self.obj, self.status, self.pods)

    def clean_up(self) -> None:
        """Remove the pods that still run."""
        self.remove_pods(pod for pod in self.pods if pod_status.is_active(pod))

    def stop(self) -> None:
        """Remove the active pods."""
        self.remove_pods(self.counts.active)
        self.counts.active = []
        self.status.pop("startTime", None)

    def failure(self) -> Text | None:
        """A rule of the podFailurePolicy, the backoff limit, the deadline, or too many failed indexes."""
        if self.counts.fatal:
            return Text("PodFailurePolicy", f"has failed: {self.counts.fatal}")
        if self._backoff_reached():
            return Text("BackoffLimitExceeded", "has reached the specified backoff limit")
        return super().failure() or self._failed_indexes()

    def run(self) -> float | None:
        """End the Job when enough pods have succeeded, otherwise keep as many active as are wanted."""
        if completion_indexes.is_success(self.obj, self.counts.done):
            self.end(conditions.COMPLETE, Text("SuccessPolicy", "Matched a rule of the successPolicy"))
        elif job_pods.is_complete(self.obj, self.counts):
            text = Text("CompletionsReached", "Reached expected number of succeeded pods")
            self.end(conditions.COMPLETE, text)
        else:
            # On the loopback pods learn each other's addresses from their Service.
            return (
                pod_hostnames.seconds_until_service(self.objects, self.obj, self.status, self.now)
                or self._fill()
            )
        return None

    def end(self, kind: str, text: Text, urgency: str = "Normal") -> None:
        """End the Job; a first condition announces the end, and a second one reports it."""
        self.counts.active = []
        if kind == conditions.FAILED:
            self.set_condition("FailureTarget", text)
            self.event(text.reason, text.message, urgency)
        else:
            self.set_condition("SuccessCriteriaMet", text)
            self.status["completionTime"] = stamp(self.now)
            self.event("Completed", "Job completed")
        self.set_condition(kind, text)

    def report(self) -> None:
        """Write the counts of pods."""
        job_pods.report(self.obj, self.status, self.counts)

    def set_condition(self, kind: str, text: Text, value: str = "True") -> bool:
        """Set a condition as the Job controller writes them."""
        before = conditions.find(self.status, kind)
        if before.get("status") == value:
            return False
        new = conditions.following(before, Condition(kind, *text, value), self.now)
        self.status["conditions"] = conditions.replaced(
            self.status, {**new, "lastProbeTime": stamp(self.now)}
        )
        return True

    def announce(self, kind: str, text: Text, urgency: str = "Normal", value: str = "True") -> None:
        """Set a condition and report it; the Event's reason does not name the kind."""
        if self.set_condition(kind, text, value):
            self.event(text.reason.removeprefix("Job"), text.message, urgency)

    def _backoff_reached(self) -> bool:
        limit = int(self.policy.get("backoffLimit", 6))
        if len(self.counts.failed) > limit:
            return True
        if self.policy["template"]["spec"].get("restartPolicy") != "OnFailure":
            return False
        again = sum(map(pod_status.restarts, self.counts.active))
        return again > 0 and again >= limit

    def _failed_indexes(self) -> Text | None:
        most, lost = self.policy.get("maxFailedIndexes"), self.counts.lost
        if most is not None and len(lost) > int(most):
            why = "has exceeded the specified maximal number of failed indexes"
            return Text("MaxFailedIndexesExceeded", why)
        if lost and len(self.counts.done | lost) >= completion_indexes.size(self.obj):
            return Text("FailedIndexes", "has failed indexes")
        return None

    def _fill(self) -> float | None:
        """Keep the wanted number of pods active; the seconds until the next pod may be created."""
        wanted = job_pods.wanted(self.obj, self.counts)
        for pod in job_pods.surplus(self.obj, self.counts):
            self.remove(PODS, pod)
            self.counts.active.remove(pod)
        missing = wanted - len(self.counts.active) - self.counts.terminating
        if missing <= 0:
            return None
        return self._pause() or self._create(missing)

    def _create(self, missing: int) -> float | None:
        bodies = job_pods.bodies(self.obj, self.counts, missing)
        for body in bodies:
            pod_hostnames.resolve(self.objects, key(self.obj)[0], body["spec"])
        made = [self.create_pod(body, "FailedCreate") for body in bodies]
        for pod in filter(None, made):
            self.counts.active.append(pod)
            self.event("SuccessfulCreate", f"Created pod: {key(pod)[1]}")
        return RETRY if None in made else None

    def _pause(self) -> float | None:
        """The seconds until a pod may follow the last one that failed."""
        if not self.counts.failed or not self.counts.last_failure:
            return None
        first, longest = BACKOFF
        seconds: float = min(longest, first * 2 ** min(len(self.counts.failed) - 1, 20))
        wait = left(self.counts.last_failure, seconds, self.now)
        return wait if wait > 0 else None


DEFINITIONS = (
    Definition(
        resource=JOBS,
        fill=job_fields.fill,
        check=job_validation.check,
        change=job_validation.check_change,
        fields=("status.successful",),
        columns=(
            ("Status", job_fields.status),
            ("Completions", job_fields.completions),
            ("Duration", job_fields.duration),
        ),
        wide=(CONTAINERS, IMAGES, SELECTOR),
        custom=False,
    ),
)
