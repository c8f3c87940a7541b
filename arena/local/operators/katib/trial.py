"""Trial: one job with one set of parameters, and what it reported.

A trial has ended when its job has, and when all output of its pods has been read. Then its job is deleted
unless the trial retains it; logs and metrics stay for as long as the Experiment does.
"""

from functools import cached_property

from arena.local import definitions
from arena.local.definitions import Definition
from arena.local.machinery import conditions, failures
from arena.local.machinery.clock import left, stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.pod_template import selector
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import OBSERVATION_LOGS, PODS, Object, Objects, Refused, Resource, key
from arena.local.operators.katib import (
    early_stopping,
    gjson,
    kinds,
    observations,
    statuses,
    structures,
    template,
    validation,
)
from arena.local.operators.katib.kinds import (
    CREATED,
    EARLY_STOPPED,
    FAILED,
    KILLED,
    METRICS_UNAVAILABLE,
    RUNNING,
    SUCCEEDED,
    TRIAL_LABEL,
    TRIALS,
)

PATIENCE = 20.0
"""Seconds after the end of its job within which the output of its pods is read."""
STOPPING = "TrialStopping"
"""The reason of the condition Running of a trial whose job is being deleted early."""


def operator() -> Operator:
    """The operator of Trials."""
    return Trial.operator(owns=kinds.runnable(), related={OBSERVATION_LOGS: _of_log, PODS: _of_pod})


def _of_log(_: Objects, log: Object) -> list[Key]:
    name = (log["metadata"].get("labels") or {}).get(TRIAL_LABEL)
    return [(key(log)[0], name)] if name else []


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    """A trial that is being stopped waits for its pods."""
    return _of_log(objects, pod) if pod["metadata"].get("deletionTimestamp") else []


class Trial(Reconciler):
    """One pass over one Trial."""

    resource = TRIALS

    def reconcile(self) -> float | None:
        """Create its job, follow it, and report its end."""
        if statuses.is_final(self.status):
            self._clean_up()
            return None
        if "startTime" not in self.status:
            self.status["startTime"] = stamp(self.now)
            self._mark(CREATED, "TrialCreated", "Trial is created")
        again = self._follow()
        self.write_status()
        if statuses.is_final(self.status):
            self._clean_up()
        return again

    @property
    def spec(self) -> Object:
        """Its spec."""
        found: Object = self.obj["spec"]
        return found

    @cached_property
    def type(self) -> Resource | None:
        """The type of its job."""
        return kinds.resource_of(self.spec["runSpec"])

    @cached_property
    def job(self) -> Object | None:
        """Its job, if it exists and is the trial's."""
        namespace, name = key(self.obj)
        there = self.objects.get(self.type, name, namespace) if self.type else None
        uids = [one["uid"] for one in (there or {"metadata": {}})["metadata"].get("ownerReferences") or []]
        return there if self.obj["metadata"]["uid"] in uids else None

    @cached_property
    def logs(self) -> list[Object]:
        """The ObservationLogs of its pods."""
        return observations.logs(self.objects, self.obj)

    @property
    def metrics(self) -> list[Object]:
        """What it has reported so far."""
        return observations.metrics(self.logs, self.spec["objective"], self.spec["primaryContainerName"])

    def _follow(self) -> float | None:
        if conditions.find(self.status, RUNNING).get("reason") == STOPPING:
            self._stop()
            return None
        if self.job is None and statuses.phase(self.status) == RUNNING:
            self._stop_as(KILLED, "its job was deleted")
            return None
        if self.job is None and not self._create():
            return None
        self._mark(RUNNING, "TrialRunning", "Trial is running")
        return self._judge()

    def _create(self) -> bool:
        """Create its job; False if that failed the trial."""
        wanted = self.spec["runSpec"]
        if self.type is None:
            what = f"{wanted.get('kind')} of {wanted.get('apiVersion')}"
            self._end(FAILED, "TrialFailed", f"Trial has failed. The local cluster has no {what}")
            return False
        try:
            self.job = self.ensure(self.type, template.lasting(wanted))
        except Refused as refusal:
            if refusal.code == 403:  # a quota, which others may leave again
                raise
            self._end(FAILED, "TrialFailed", f"Trial has failed. Its job was refused: {refusal.message}")
            return False
        return True

    def _judge(self) -> float | None:
        """End the trial if its job has ended; the seconds until the next pass."""
        assert self.job is not None
        has_failed = gjson.holds(self.spec["failureCondition"], self.job)
        if not has_failed and not gjson.holds(self.spec["successCondition"], self.job):
            met = early_stopping.met(self.spec, self.logs)
            if met:
                self._stop_as(EARLY_STOPPED, met)
            return None
        seconds = left(self._ended_at(), PATIENCE, self.now)
        if seconds > 0 and not observations.are_complete(self.objects, self.obj, self.logs):
            return seconds
        self.status["observation"] = {"metrics": self.metrics}
        self._fail_with_job() if has_failed else self._succeed()
        return None

    def _ended_at(self) -> str:
        """When its job ended; when the trial began, if the kind of the job does not say that."""
        assert self.job is not None
        told = next((one.outcome for one in definitions.every() if one.resource == self.type), None)
        return (told or conditions.outcome)(self.job).time or str(self.status["startTime"])

    def _succeed(self) -> None:
        """The job has succeeded; the trial has, if it reported a number."""
        if not observations.is_available(self.metrics, self.spec["objective"]):
            why = observations.why_unavailable(self.logs, self.obj)
            self._end(METRICS_UNAVAILABLE, "MetricsUnavailable", f"Metrics are not available: {why}")
        elif flaw := observations.flaw(self.metrics, self.spec["objective"]):
            self._end(FAILED, "MetricNotFinite", f"Trial has failed. {flaw}")
        else:
            self._end(SUCCEEDED, "TrialSucceeded", "Trial has succeeded")

    def _fail_with_job(self) -> None:
        assert self.job is not None
        told = conditions.final(self.job.get("status") or {})
        parts = ["Trial has failed"]
        if told.get("message"):
            parts.append(f"Job message: {told['message']}")
        last = failures.last_words(observations.last_output(self.logs, self.spec["primaryContainerName"]))
        if last:
            parts.append(f"Its last output was: {last}")
        reason = f"TrialFailed. Job reason: {told['reason']}" if told.get("reason") else "TrialFailed"
        self._end(FAILED, reason, ". ".join(parts))

    # A trial that ends before its job

    def _stop_as(self, kind: str, why: str) -> None:
        """Begin to end its job: the slot of the trial is free once its processes have ended."""
        self._mark(RUNNING, STOPPING, f"{kind}: {why}")
        self._stop()

    def _stop(self) -> None:
        """Delete its job; the trial has ended when its pods have."""
        if self.job is not None and self.type is not None:
            self.remove(self.type, self.job)
        namespace, name = key(self.obj)
        if self.objects.list(PODS, namespace, selector({TRIAL_LABEL: name})):
            return
        kind, _, why = str(conditions.find(self.status, RUNNING).get("message")).partition(": ")
        if observations.is_available(self.metrics, self.spec["objective"]):
            self.status["observation"] = {"metrics": self.metrics}
        if kind == EARLY_STOPPED:
            self._end(EARLY_STOPPED, "TrialEarlyStopped", f"Trial is early stopped: {why}")
        else:
            self._end(KILLED, "TrialKilled", f"Trial is killed: {why}")

    def _end(self, kind: str, reason: str, message: str) -> None:
        self._mark(kind, reason, message)
        self.status["completionTime"] = stamp(self.now)
        urgency = "Normal" if kind in (SUCCEEDED, EARLY_STOPPED) else "Warning"
        self.event(reason.partition(".")[0], message, urgency)

    def _clean_up(self) -> None:
        """Delete the job of a trial that has ended."""
        if not self.spec.get("retainRun") and self.job is not None and self.type is not None:
            self.remove(self.type, self.job)

    def _mark(self, kind: str, reason: str, message: str) -> None:
        statuses.mark(self.status, Condition(kind, reason, message), self.now)


DEFINITIONS = (
    Definition(resource=TRIALS, structure=structures.TRIAL, check=validation.check_trial, templates=False),
)
