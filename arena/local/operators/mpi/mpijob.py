"""MPIJob (v2beta1): a launcher, which is a batch Job, and workers that it reaches by a hostfile.

On the loopback, every rank runs on this machine: the hostfile lists it, workers are placeholders that wait
for SIGTERM, and no ssh is needed.
"""

from collections.abc import Iterator
from datetime import datetime

from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.machinery import conditions, pod_status, replica_validation
from arena.local.machinery.clock import stamp
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.loopback import is_local
from arena.local.machinery.operator import Operator
from arena.local.machinery.writes import RETRY, owned
from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES, Object, Objects, Resource, key
from arena.local.operators.mpi import manifests
from arena.local.operators.mpi.manifests import Job

MPIJOBS = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")


def operator() -> Operator:
    """The operator of MPIJobs."""
    return MPIJob.operator(owns=(PODS, JOBS, SERVICES, CONFIGMAPS, SECRETS))


class MPIJob(JobLifecycle):
    """One pass over one MPIJob."""

    resource = MPIJOBS
    failed = "{title} has failed: {why}"
    has_run_policy = True

    def __init__(self, objects: Objects, obj: Object, now: datetime) -> None:
        super().__init__(objects, obj, now)
        self.job = Job(obj)

    @property
    def deadline(self) -> None:
        """The launcher's Job enforces the deadline."""

    @property
    def title(self) -> str:
        """Its name in messages, with the namespace."""
        return f"MPIJob {'/'.join(key(self.obj))}"

    def is_finished(self) -> bool:
        """Whether it has ended; one that failed because workers were evicted ends with its launcher."""
        return super().is_finished() and bool(self.status.get("completionTime"))

    def advance(self) -> float | None:
        """Refuse what can never run, and take the next step of other jobs."""
        if invalid := manifests.flaw(self.job):
            self.event("ValidationError", invalid, "Warning")
            return None
        return super().advance()

    def clean_up(self) -> None:
        """Apply the cleanPodPolicy to the workers."""
        policy = self.policy.get("cleanPodPolicy") or "None"
        if policy != "None":
            self._remove_workers(keep_finished=policy == "Running")

    def stop(self) -> None:
        """Suspend the launcher and remove the workers."""
        launcher = self._launcher()
        if launcher:
            self.set_suspend(JOBS, launcher, True)
        self._remove_workers(keep_finished=False)
        self.status.pop("startTime", None)
        self.status["replicaStatuses"] = {"Launcher": {}, "Worker": {}}

    def run(self) -> float | None:
        """Create the objects of the job, and write its state."""
        service = self.ensure(SERVICES, manifests.service(self.job))
        local = is_local(service)
        self.ensure(CONFIGMAPS, manifests.config(self.job, local))
        if not local:
            self._ensure_key()
        complete = self._fill(local)
        workers = self._workers()
        launcher = self._launch(local, workers)
        self._judge(launcher, workers)
        return None if complete else RETRY

    def fail(self, reason: str, message: str) -> None:
        """End the job: the condition has the launcher's reason, the Event always the same."""
        text = self.failed.format(title=self.title, why=message)
        self.status["completionTime"] = stamp(self.now)
        if self.set_condition(conditions.FAILED, Text(reason, text)):
            self.event("MPIJobFailed", text, "Warning")

    def _workers(self) -> list[Object]:
        return self.owned(PODS, manifests.selector(self.job, "worker"))

    def _remove_workers(self, keep_finished: bool) -> None:
        self.remove_pods(
            pod for pod in self._workers() if not (keep_finished and pod_status.is_finished(pod))
        )

    def _launcher(self) -> Object | None:
        """The launcher's Job, where this job owns it."""
        found = self.objects.get(JOBS, self.job.launcher, key(self.obj)[0])
        owners = (found or {"metadata": {}})["metadata"].get("ownerReferences") or []
        return found if self.obj["metadata"]["uid"] in [one["uid"] for one in owners] else None

    def _launch(self, local: bool, workers: list[Object]) -> Object | None:
        """Make the launcher when it may start, and resume it when it was suspended."""
        launcher = self._launcher()
        ready = [pod for pod in workers if pod_status.is_ready(pod)]
        waits = self.obj["spec"].get("launcherCreationPolicy") == "WaitForWorkersReady"
        if launcher is None and (not waits or len(ready) == self.job.size):
            launcher = self.ensure(JOBS, manifests.launcher(self.job, local))
        return self.set_suspend(JOBS, launcher, False) if launcher else None

    def _ensure_key(self) -> None:
        """Make the ssh key of a job on a real cluster; only when it is missing, as that takes long."""
        if self.objects.get(SECRETS, f"{self.job.name}-ssh", key(self.obj)[0]) is None:
            self.ensure(SECRETS, manifests.secret(self.job))

    def _fill(self, local: bool) -> bool:
        """Make missing workers and remove surplus ones; False when one was refused."""
        existing = {pod["metadata"]["name"]: pod for pod in self._workers()}
        wanted = [f"{self.job.name}-worker-{index}" for index in range(self.job.size)]
        self.remove_pods(pod for name, pod in existing.items() if name not in wanted)
        missing = [index for index, name in enumerate(wanted) if name not in existing]
        made = [self.create_pod(manifests.worker(self.job, index, local)) for index in missing]
        return None not in made

    def _judge(self, launcher: Object | None, workers: list[Object]) -> None:
        """Tell what the states of launcher and workers mean for the job."""
        state = (launcher or {}).get("status") or {}
        counts = {name: int(state.get(name) or 0) for name in ("active", "succeeded", "failed")}
        self.status["replicaStatuses"] = {
            "Launcher": {name: number for name, number in counts.items() if number},
            "Worker": pod_status.replica_counts(workers),
        }
        if conditions.holds(state, conditions.COMPLETE):
            self._succeed(state.get("completionTime"))
        elif conditions.holds(state, conditions.FAILED):
            self._fail_as(launcher, conditions.find(state, conditions.FAILED))
        else:
            self._judge_active(launcher, workers)

    def _judge_active(self, launcher: Object | None, workers: list[Object]) -> None:
        evicted = [pod for pod in workers if (pod.get("status") or {}).get("reason") == "Evicted"]
        if evicted:
            text = Text("MPIJobEvicted", f"{len(evicted)}/{len(workers)} workers are evicted")
            self.announce(conditions.FAILED, text, "Warning")
        pods = self._launcher_pods(launcher)
        if pod_status.count(pods, "Running") and pod_status.count(workers, "Running") == self.job.size:
            self.announce(conditions.RUNNING, Text("MPIJobRunning", f"{self.title} is running."))

    def _succeed(self, end: str | None) -> None:
        text = Text("MPIJobSucceeded", f"{self.title} successfully completed.")
        self.end(conditions.SUCCEEDED, text)
        self.status["completionTime"] = end or self.status["completionTime"]

    def _fail_as(self, launcher: Object | None, condition: Object) -> None:
        """Fail with the launcher's reason, and with that of its last pod if its retries are used up."""
        reason = str(condition.get("reason", "Failed"))
        if reason == "BackoffLimitExceeded":
            failed = pod_status.in_phase(self._launcher_pods(launcher), "Failed")
            last = [(pod.get("status") or {}).get("reason") for pod in failed][-1:]
            reason = "/".join(filter(None, [reason, *last]))
        self.fail(reason, condition.get("message", ""))

    def _launcher_pods(self, launcher: Object | None) -> list[Object]:
        return owned(self.objects, PODS, launcher) if launcher else []


def check(obj: Object) -> Iterator[FieldError]:
    """An MPIJob has exactly one Launcher, and Workers if any."""
    spec = obj["spec"]
    yield from replica_validation.check_replicas(obj, "mpiReplicaSpecs", "", "mpi-operator")
    yield from replica_validation.check_types(spec, "mpiReplicaSpecs", ("Launcher", "Worker"))
    if "Launcher" not in spec["mpiReplicaSpecs"]:
        yield missing("spec.mpiReplicaSpecs", "must have Launcher replica spec")
    elif (spec["mpiReplicaSpecs"]["Launcher"] or {}).get("replicas", 1) != 1:
        yield from replica_validation.check_single(spec, "mpiReplicaSpecs", "Launcher")
    workers = spec["mpiReplicaSpecs"].get("Worker") or {}
    if isinstance(workers.get("replicas"), int) and workers["replicas"] < 1:
        yield invalid("spec.mpiReplicaSpecs[Worker].replicas", workers["replicas"], "must be at least 1")


DEFINITIONS = (Definition(resource=MPIJOBS, check=check, immutable=("runPolicy.managedBy",)),)
