"""TrainingJob of the ET operator: a launcher that runs the user's command, and workers that come and go.

The launcher starts when the workers run. Lost workers are replaced if their policy says so, and scale
requests are processed one after the other while the job runs.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, missing
from arena.local.machinery import conditions, pod_status
from arena.local.machinery.clock import earliest
from arena.local.machinery.job_lifecycle import Text
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.writes import RETRY, write_status
from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES, Object, Objects, key
from arena.local.operators.elastic import manifests, scale_requests, scaling, workers
from arena.local.operators.elastic.manifests import SCALEINS, SCALEOUTS, TRAININGJOBS
from arena.local.operators.elastic.scale_requests import Scale
from arena.local.operators.elastic.workers import ElasticJob

WORKERS_READY = "WorkersReady"
LAUNCHER_CREATED = "LauncherCreated"
STEPS = (workers.CREATED, WORKERS_READY, LAUNCHER_CREATED)
_SCALED = (scale_requests.SCALING, scale_requests.SUCCEEDED, scale_requests.FAILED)
BACKOFF = 6


def operator() -> Operator:
    """The operator of TrainingJobs and of the requests to scale them."""
    related = {SCALEINS: _scaled, SCALEOUTS: _scaled, JOBS: _scripted}
    return TrainingJob.operator((PODS, SERVICES, CONFIGMAPS, SECRETS), related)


def _scaled(_: Objects, obj: Object) -> Iterable[Key]:
    name = (obj["spec"].get("selector") or {}).get("name")
    return [(key(obj)[0], name)] if name else []


def _scripted(_: Objects, obj: Object) -> Iterable[Key]:
    name = (obj["metadata"].get("labels") or {}).get(manifests.JOB_NAME)
    return [(key(obj)[0], name)] if name else []


class TrainingJob(ElasticJob):
    """One pass over one TrainingJob, whose status has a phase in addition to the conditions."""

    @cached_property
    def requests(self) -> list[Scale]:
        """The requests to scale it that are not over, the one under way first."""
        return scale_requests.pending(self.objects, self.job)

    @property
    def scale(self) -> Scale | None:
        """The request that is carried out while the job runs."""
        return self.requests[0] if self.requests and not self.is_suspended() else None

    def is_suspended(self) -> bool:
        """Whether its annotation suspends it."""
        return self.job.suspended

    def reconcile(self) -> float | None:
        """Take the step that follows; the job's status is stored before that of the request to scale it."""
        finished = self.is_finished()
        delay = super().reconcile()
        if self.scale and not finished:
            write_status(self.objects, self.scale.resource, self.scale.obj, self.scale.status)
        return delay

    def advance(self) -> float | None:
        """Initialize the status, and take the next step."""
        for name, value in {"phase": conditions.CREATED, **scale_requests.new_status()}.items():
            self.status.setdefault(name, value)
        if not conditions.is_known(self.status, conditions.CREATED):
            self.status.update(phase=conditions.CREATED, restartCount=0)
        return super().advance()

    def clean_up(self) -> None:
        """Apply the cleanPodPolicy, and end the scale requests of the job."""
        for scale in self.requests:
            scaling.fail(self, scale, f"{scale.title}: the job {self.job.name} has ended")
            write_status(self.objects, scale.resource, scale.obj, scale.status)
        policy = self.policy.get("cleanPodPolicy") or "Running"
        if policy == "None":
            return
        kept = [] if policy == "All" else filter(pod_status.is_finished, self.workers.values())
        names = self.workers.keys() - {pod["metadata"]["name"] for pod in kept}
        workers.remove_workers(self, sorted(names))
        for service in self.owned(SERVICES):
            self.remove(SERVICES, service)

    def stop(self) -> None:
        """Remove all pods, and forget the progress of the job."""
        self._clear()
        self._forget()
        self.status["phase"] = conditions.SUSPENDED

    def resume(self) -> None:
        """Begin again after a suspension."""
        if conditions.holds(self.status, conditions.SUSPENDED):
            self.status["phase"] = conditions.CREATED
        super().resume()

    def run(self) -> float | None:
        """Start or replace workers, start the launcher when they run, and carry out a request to scale."""
        if not self.status.get("targetWorkers"):
            # Stored before the first worker is created: until then, existing pods belong to an earlier start
            # and are removed.
            if self._clear():
                self.status["targetWorkers"] = self.job.target
            return None
        busy = self.scale.names if self.scale else []
        workers.ensure_environment(self, busy)
        fresh = not conditions.holds(self.status, workers.CREATED)
        delay = workers.create_first(self) if fresh else workers.replace_lost(self, busy)
        self.read_pods()
        workers.publish(self, scaling.usable(self, self.scale))
        delay = earliest(delay, self._launch())
        self._judge()
        if self.scale and self.status["phase"] in (conditions.RUNNING, scale_requests.SCALING):
            delay = earliest(delay, scaling.advance(self, self.scale))
        return delay

    def can_restart(self, reason: str) -> bool:
        """Whether its policy and its limit allow another start."""
        return self.policy.get("restartPolicy") == "OnFailure" and self._restarts() < self._limit()

    def restart(self, reason: str, message: str) -> None:
        """Forget the progress of the job: the next pass removes its pods, and later ones start it again."""
        count = self._restarts() + 1
        self._forget()
        self.status.update(restartCount=count, phase=conditions.RESTARTING)
        known = self.status["conditions"]
        self.status["conditions"] = [one for one in known if one["type"] != conditions.RESTARTING]
        text = f"{self.title} restarts ({count} of {self._limit()}) because {message}."
        self.announce(conditions.RESTARTING, Text("TrainingJobRestarting", text), "Warning")

    def end(self, kind: str, text: Text, urgency: str = "Normal") -> None:
        """End the job in the phase `kind`."""
        self.status["phase"] = kind
        super().end(kind, text, urgency)

    def _restarts(self) -> int:
        return int(self.status.get("restartCount") or 0)

    def _limit(self) -> int:
        limit = self.policy.get("backoffLimit")
        return BACKOFF if limit is None else int(limit)

    def _forget(self) -> None:
        """Forget the progress of the job: it starts again when its pods are gone."""
        known = self.status.get("conditions") or []
        self.status["conditions"] = [one for one in known if one["type"] not in (*STEPS, *_SCALED)]
        self.status.update(targetWorkers=[], currentWorkers=[], currentScaler="")
        self.status["replicaStatuses"] = {"Launcher": {}, "Worker": {}}

    def _clear(self) -> bool:
        """Remove all pods; return whether none is left."""
        pods = [*self.workers.values(), *filter(None, [self.launcher])]
        self.remove_pods(pods)
        return not pods

    def _launch(self) -> float | None:
        """Create the launcher when all workers run; return the seconds until a refused one is tried again."""
        if self.launcher is None:
            if not self._may_launch():
                return None
            self.launcher = self.create_pod(manifests.launcher(self.job, self.local))
        if self.launcher is None:
            return RETRY
        self.set_condition(WORKERS_READY, Text(WORKERS_READY, "The workers run."))
        self.set_condition(LAUNCHER_CREATED, Text(LAUNCHER_CREATED, "The launcher is created."))
        return None

    def _may_launch(self) -> bool:
        """Whether to create a launcher: only once, unless its policy is Always."""
        if conditions.holds(self.status, LAUNCHER_CREATED):
            again: bool = self.job.role("launcher").get("restartPolicy") == "Always"
            if not again:
                self.fail("TrainingJobFailed", "its launcher is gone")
            return again
        if len(self.running(self.job.target)) == len(self.job.target):
            return True
        dead = workers.lost_for_good(self) if conditions.holds(self.status, workers.CREATED) else []
        if dead:
            self.fail("TrainingJobWorkerFailed", f"its worker {dead[0]} ended before the launcher started")
        return False

    def _judge(self) -> None:
        """Tell what the phases of launcher and workers mean for the job."""
        if self.status["phase"] == conditions.RESTARTING and not self.status["targetWorkers"]:
            return  # decided in this pass
        self.status["replicaStatuses"] = {
            "Launcher": pod_status.replica_counts(filter(None, [self.launcher])),
            "Worker": pod_status.replica_counts(self.workers.values()),
        }
        if self.launcher is None:
            return
        state = pod_status.phase(self.launcher)
        if state == "Succeeded":
            text = Text("TrainingJobSucceeded", f"{self.title} successfully completed.")
            self.end(conditions.SUCCEEDED, text)
        elif state == "Failed":
            code = pod_status.exit_code(self.launcher, pod_status.first(self.launcher))
            why = (self.launcher.get("status") or {}).get("reason") or f"exit code {code}"
            self.fail("TrainingJobFailed", f"its launcher failed: {why}")
        elif state == "Running" and self.status["phase"] != scale_requests.SCALING:
            self.status["phase"] = conditions.RUNNING
            self.announce(conditions.RUNNING, Text("TrainingJobRunning", f"{self.title} is running."))


def check(obj: Object) -> Iterator[FieldError]:
    """Launcher and workers of a TrainingJob have containers."""
    specs = obj["spec"]["etReplicaSpecs"]
    for role in ("launcher", "worker"):
        path = f"spec.etReplicaSpecs.{role}"
        one = specs.get(role) or {}
        if not ((one.get("template") or {}).get("spec") or {}).get("containers"):
            yield missing(f"{path}.template.spec.containers", "must be specified")


DEFINITIONS = (Definition(resource=TRAININGJOBS, check=check),)
