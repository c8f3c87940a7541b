"""RayJob: a Ray cluster as processes of this machine, and the program that runs on it.

The name of an attempt's cluster is in the status before any of it is created. The attempt depends on its
head: when the head ends, so does the attempt, and a retry gets a new cluster.
"""

from functools import cached_property

from arena.local.machinery import conditions, pod_status
from arena.local.machinery.clock import earliest, left, stamp
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.operator import Operator
from arena.local.machinery.writes import RETRY, suffix
from arena.local.objects import PODS, SECRETS, SERVICES, Object, Resource, key
from arena.local.operators.ray import manifests, program, runtime_env
from arena.local.operators.ray.manifests import RAYJOBS, Job
from arena.tuples import NamedTuple

NOT_FOUND = 127
"""The exit code of a container whose command does not exist."""
NO_RAY = "ray is not installed where the job runs: pip install ray"
ENDED = ("Complete", "Failed", "ValidationFailed")
LIMITS = ("DeadlineExceeded", "PreRunningDeadlineExceeded")


def operator() -> Operator:
    """The operator of RayJobs."""
    return RayJob.operator(owns=(PODS, SERVICES, SECRETS))


class ClusterPods(NamedTuple):
    """The pods of an attempt that exist."""

    head: Object | None
    workers: dict[str, Object]
    submitter: Object | None


class RayJob(JobLifecycle):
    """One pass over one RayJob, whose state is the jobDeploymentStatus; it has no conditions."""

    resource = RAYJOBS
    created = None
    failed = "{title} has failed: {why}"
    records_times = False

    @property
    def state(self) -> str:
        """The jobDeploymentStatus; "" before the first attempt."""
        return str(self.status.get("jobDeploymentStatus") or "")

    @cached_property
    def job(self) -> Job:
        """The attempt."""
        return Job(self.obj, self.status["rayClusterName"])

    @cached_property
    def pods(self) -> ClusterPods:
        """The pods of the attempt as the pass found them."""
        found = {key(pod)[1]: pod for pod in self.owned(PODS)}
        workers = {name: found[name] for name, _ in self.job.workers if name in found}
        return ClusterPods(found.get(self.job.head), workers, found.get(self.job.submitter))

    def is_finished(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.state in ENDED

    def expire(self) -> None:
        """The time to live is that of the cluster, and `clean_up` enforces it."""

    def clean_up(self) -> float | None:
        """Remove a working cluster when its time to live is over, and the remains of any other at once.

        Pods that have ended stay, for the sake of their logs.
        """
        alive = [pod for pod in self.owned(PODS) if not pod_status.is_finished(pod)]
        works = f"{self.status.get('rayClusterName')}-head" in [key(pod)[1] for pod in alive]
        if works and self.status.get("reason") not in LIMITS:
            if not self.policy.get("shutdownAfterJobFinishes"):
                return None
            limit = float(self.policy.get("ttlSecondsAfterFinished") or 0)
            seconds = left(self.status.get("endTime"), limit, self.now)
            if seconds > 0:
                return seconds
        self.remove_pods(alive)
        for resource, one in self._owned_by(SERVICES, SECRETS):
            self.remove(resource, one)
        return None

    def advance(self) -> float | None:
        """Release the remains of an attempt, name the cluster of a new one, or take its next step."""
        if self.state in ("Suspending", "Retrying"):
            self._release()
        elif self.state in ("", "Suspended") or not self.status.get("rayClusterName"):
            self._begin()
        else:
            return super().advance()
        return None

    def suspend(self) -> None:
        """Only stop: a later pass reports that the job is suspended, once its cluster is released."""
        self.stop()

    def stop(self) -> None:
        """Let the next passes release the cluster."""
        self.status["jobDeploymentStatus"] = "Suspending"

    def run(self) -> float | None:
        """Create the cluster and the submitter, and write the state of the program."""
        self._report_cluster()
        if self.pods.submitter and pod_status.is_finished(self.pods.submitter):
            self._conclude(self.pods.submitter)
            return None
        if lost := self._lost():
            self.fail(*lost)
            return None
        return self._fill()

    def fail(self, reason: str, message: str) -> None:
        """Fail the attempt, and the job with it unless it may try again."""
        failed = int(self.status.get("failed") or 0) + 1
        self.status.update(failed=failed, reason=reason, message=message, endTime=stamp(self.now))
        super().fail(reason, message)

    def can_restart(self, reason: str) -> bool:
        """Whether retries are left, and the reason does not rule them out."""
        retries = int(self.policy.get("backoffLimit") or 0)
        return int(self.status["failed"]) <= retries and reason not in (*LIMITS, "RayNotInstalled")

    def restart(self, reason: str, message: str) -> None:
        """Let the next passes release the cluster and begin again."""
        self.status["jobDeploymentStatus"] = "Retrying"
        self.event(reason, f"{self.title} tries again: {message}", "Warning")

    def end(self, kind: str, text: Text, urgency: str = "Normal") -> None:
        """End the job in the state `kind`."""
        self.status["jobDeploymentStatus"] = kind
        self.event(text.reason, text.message, urgency)

    def _owned_by(self, *resources: Resource) -> list[tuple[Resource, Object]]:
        return [(resource, one) for resource in resources for one in self.owned(resource)]

    def _release(self) -> None:
        """Remove the objects of an attempt; when all are gone the job is suspended, or starts again."""
        remaining = self._owned_by(PODS, SERVICES, SECRETS)
        for resource, one in remaining:
            self.remove(resource, one)
        if remaining:
            return
        kept: Object = {name: self.status[name] for name in ("failed", "succeeded") if name in self.status}
        state = "Suspended" if self.state == "Suspending" else ""
        self.status = {**kept, "jobDeploymentStatus": state}

    def _begin(self) -> None:
        """Name the cluster of a new attempt, unless the job is suspended."""
        if self.is_suspended():
            self.status["jobDeploymentStatus"] = "Suspended"
            return
        if why := self._unfit():
            self.status.update(reason="ValidationFailed", message=why, endTime=stamp(self.now))
            self.end("ValidationFailed", Text("ValidationFailed", why), "Warning")
            return
        name = self.obj["metadata"]["name"]
        self.status.update(
            jobDeploymentStatus="Initializing",
            jobStatus="",
            jobId=f"{name}-{suffix()}",
            rayClusterName=f"{name}-{suffix()}",
            startTime=stamp(self.now),
        )
        self._report_limits()

    def _unfit(self) -> str:
        """Why the job cannot run, as far as the API does not check it; "" if it can."""
        try:
            runtime_env.read(self.policy.get("runtimeEnvYAML"))
        except ValueError as error:
            return f"the runtimeEnvYAML of {self.title} cannot be read: {error}"
        has_program = bool(program.command(self.policy))
        return "" if has_program else f"{self.title} has no entrypoint, and its submitter no command"

    def _report_limits(self) -> None:
        """Say what of the spec the local cluster ignores."""
        if others := self.job.environment.others:
            what = ", ".join(others)
            message = f"the local cluster ignores {what} of runtimeEnvYAML: install what the program needs"
            self.event("RuntimeEnvIgnored", message, "Warning")
        if self.policy["rayClusterSpec"].get("enableInTreeAutoscaling"):
            message = "the local cluster does not autoscale: it starts as many workers as the job begins with"
            self.event("AutoscalingIgnored", message, "Warning")

    def _report_cluster(self) -> None:
        """Write the state of the cluster, and of the program once it was submitted."""
        head, workers, submitter = self.pods
        running = pod_status.in_phase(workers.values(), "Running")
        leads = head is not None and pod_status.phase(head) == "Running"
        self.status["rayClusterStatus"] = {
            "state": "ready" if leads and len(running) == len(self.job.workers) else "",
            "desiredWorkerReplicas": len(self.job.workers),
            "availableWorkerReplicas": len(running),
            "head": {"podName": self.job.head},
        }
        if submitter:
            runs = pod_status.phase(submitter) == "Running"
            self.status.update(jobDeploymentStatus="Running", jobStatus="RUNNING" if runs else "PENDING")

    def _lost(self) -> Text | None:
        """Why the attempt cannot continue: its head has ended, or is gone."""
        head, _, submitter = self.pods
        if head is None or pod_status.is_going(head):
            return Text("AppFailed", "its head is gone") if head or submitter else None
        if not pod_status.is_finished(head):
            return None
        code = pod_status.exit_code(head, pod_status.first(head))
        if code == NOT_FOUND:
            return Text("RayNotInstalled", NO_RAY)
        reason = "AppFailed" if submitter else "SubmissionFailed"
        return Text(reason, f"its head ended with exit code {code}")

    def _fill(self) -> float | None:
        """Make head and workers, and the submitter once they run; the seconds until a pod is tried again."""
        address = manifests.head_address(self.objects, self.job)
        head, workers, submitter = self.pods
        bodies = [] if head else [manifests.head(self.job, address)]
        bodies += [
            manifests.worker(self.job, address, name, group)
            for name, group in self.job.workers
            if name not in workers
        ]
        if self.status["rayClusterStatus"]["state"] == "ready" and submitter is None:
            bodies.append(program.pod(self.job, address))
        made = [self.create_pod(body, "FailedToCreatePod") for body in bodies]
        if head is None and made[0]:
            self.event("CreatedRayCluster", f"Created RayCluster {self.job.cluster}")
        return earliest(self._replace_workers(), RETRY if None in made else None)

    def _replace_workers(self) -> float | None:
        """Delete workers that have ended, each a while after its end; the seconds until the next."""
        waits = []
        for pod in self.pods.workers.values():
            if pod_status.is_finished(pod) and not pod_status.is_going(pod):
                wait = left(pod_status.finished_at(pod), RETRY, self.now)
                if wait > 0:
                    waits.append(wait)
                else:
                    self.remove(PODS, pod)
        return min(waits, default=None)

    def _conclude(self, submitter: Object) -> None:
        """End the job as its program ended."""
        if pod_status.phase(submitter) == "Failed":
            code = pod_status.exit_code(submitter, "ray-job-submitter")
            self.status["jobStatus"] = "FAILED"
            self.fail("AppFailed", f"the program ended with exit code {code}")
            return
        succeeded = int(self.status.get("succeeded") or 0) + 1
        end = pod_status.finished_at(submitter)
        self.status.update(jobStatus="SUCCEEDED", endTime=end, succeeded=succeeded)
        self.end(conditions.COMPLETE, Text("RayJobSucceeded", f"{self.title} has succeeded."))
