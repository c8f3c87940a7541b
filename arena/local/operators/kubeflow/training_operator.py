"""The training operator: how the jobs of all its kinds run and end; `replicas.Kind` has the differences."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from arena import foreign_json
from arena.local.definitions import Definition
from arena.local.field_errors import FieldError
from arena.local.machinery import conditions, pod_status
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.operator import Operator, of_kind
from arena.local.machinery.pod_template import selector
from arena.local.machinery.training_labels import REPLICA_TYPE
from arena.local.machinery.writes import RETRY
from arena.local.objects import PODS, SERVICES, Object, Objects, key
from arena.local.operators.kubeflow import replicas
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica

REPLACED = "local.arena.io/replaced"
"""Annotation on a job with a backoffLimit, JSON: the uids of the failed pods that were replaced."""

PERMANENT = 127
"""The largest exit code that a replica with the policy ExitCode is not restarted for."""


def operator_of(kind: Kind) -> Operator:
    """The operator of one kind."""

    def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
        return TrainingOperatorJob(kind, objects, obj, now).reconcile()

    return of_kind(kind.resource, reconcile, owns=(PODS, SERVICES))


def definition_of(
    kind: Kind, check: Callable[[Object], Iterable[FieldError]], structure: Mapping[str, Any] | None = None
) -> tuple[Definition, ...]:
    """The definition of one kind: what its webhook refuses, and its structures if nobody publishes them."""
    immutable = ("runPolicy.managedBy",)
    return (Definition(resource=kind.resource, structure=structure or {}, check=check, immutable=immutable),)


class TrainingOperatorJob(JobLifecycle):
    """One pass over one job of the training operator."""

    has_run_policy = True

    def __init__(self, kind: Kind, objects: Objects, obj: Object, now: datetime) -> None:
        super().__init__(objects, obj, now)
        self.resource = kind.resource
        self.job = Job(kind, obj)

    @cached_property
    def pods(self) -> list[Object]:
        """Its pods as the pass found them."""
        return replicas.find(self.objects, self.job)

    @cached_property
    def retryable(self) -> list[Object]:
        """The failed pods that are to be replaced."""
        return [pod for pod in self.pods if self._is_retryable(pod)]

    @cached_property
    def replaced(self) -> set[str]:
        """The uids of the failed pods that were replaced, or are about to be."""
        return self._noted() | {pod["metadata"]["uid"] for pod in self.retryable}

    def stop(self) -> None:
        """Remove pods and Services."""
        replicas.clean(self.objects, self.job, keep_finished=False)
        self.status.pop("startTime", None)
        self.status["replicaStatuses"] = {name: {} for name in self.job.specs}

    def clean_up(self) -> None:
        """Apply the cleanPodPolicy; a job that reached a limit keeps no running pods."""
        policy = self.policy.get("cleanPodPolicy") or "None"
        counts = (self.status.get("replicaStatuses") or {}).values()
        by_limit = conditions.holds(self.status, conditions.FAILED) and not any(
            one.get("failed") for one in counts
        )
        if policy != "None" or by_limit:
            replicas.clean(self.objects, self.job, keep_finished=policy != "All")

    def failure(self) -> Text | None:
        """The deadline, then the backoff limit."""
        if super().failure():
            return self._failed(self.overdue.message)
        if not self._backoff_reached():
            return None
        self._count_replicas()
        return self._failed("it has reached its backoff limit")

    def run(self) -> float | None:
        """Replace failed pods, create missing ones, and write the state of the job."""
        self._replace()
        complete = self._fill()
        self._judge()
        return None if complete else RETRY

    def _type(self, pod: Object) -> str:
        replica = replicas.replica_of(self.job, pod)
        return replica.type if replica else ""

    def _restart_policy(self, pod: Object) -> str:
        name = self._type(pod)
        return self.job.restart_policy(name) if name in self.job.specs else ""

    def _is_retryable(self, pod: Object) -> bool:
        """Whether the pod failed in a way for which its restart policy requires a new pod."""
        policy = self._restart_policy(pod)
        if pod_status.phase(pod) != "Failed" or pod_status.is_going(pod) or policy in ("", "Never"):
            return False
        if policy != "ExitCode":
            # Its node restarts failed programs: so the pod itself failed, as an evicted one does.
            return self.job.kind.replaces
        code = pod_status.exit_code(pod, self.job.kind.container)
        return code is None or code > PERMANENT

    def _backoff_reached(self) -> bool:
        """Whether restarts in place and replaced pods together have used up backoffLimit."""
        limit = self.policy.get("backoffLimit")
        if limit is None:
            return False
        patient = [pod for pod in self.pods if self._restart_policy(pod) in ("OnFailure", "Always")]
        running = [pod for pod in patient if pod_status.phase(pod) == "Running"]
        again = sum(map(pod_status.restarts, running)) + len(self.replaced)
        return again > 0 and again >= int(limit)

    def _noted(self) -> set[str]:
        annotations = self.obj["metadata"].get("annotations") or {}
        try:
            return set(map(str, foreign_json.loads(annotations.get(REPLACED, "[]"))))
        except (ValueError, TypeError):  # written by somebody else
            return set()

    def _replace(self) -> None:
        """Delete failed pods; the next pass creates new ones."""
        # First counted, then deleted: as they are counted by uid, a crash in between counts none twice.
        if self.replaced != self._noted() and self.policy.get("backoffLimit") is not None:
            namespace, name = key(self.obj)
            note = {"metadata": {"annotations": {REPLACED: json.dumps(sorted(self.replaced))}}}
            self.obj = self.job.obj = self.objects.patch(self.resource, name, note, namespace)
        self.remove_pods(self.retryable)

    def _fill(self) -> bool:
        """Create Services and pods for every replica, remove surplus pods; False if a pod was refused."""
        replicas.make_services(self.objects, self.job)
        existing = {replicas.replica_of(self.job, pod): pod for pod in self.pods}
        wanted = dict.fromkeys(self.job.replicas)
        self.remove_pods(pod for replica, pod in existing.items() if replica not in wanted)
        made = [self._create(replica) for replica in wanted if replica not in existing]
        return all(made)

    def _create(self, replica: Replica) -> bool:
        made = self.create_pod(replicas.pod(self.job, replica))
        if made:
            self.event("SuccessfulCreatePod", f"Created pod: {self.job.name_of(replica)}")
        return made is not None

    def _count_replicas(self) -> None:
        """Count the pods of each replica type into replicaStatuses."""
        self.status["replicaStatuses"] = {}
        for name in self.job.specs:
            pods = [pod for pod in self.pods if self._type(pod) == name]
            staying = [pod for pod in pods if not pod_status.is_going(pod)]
            labels = {**self.job.labels(), REPLICA_TYPE: name.lower()}
            counts = pod_status.replica_counts(pods, staying)
            self.status["replicaStatuses"][name] = {**counts, "selector": selector(labels)}

    def _judge(self) -> None:
        """Tell what the phases of the pods mean for the job."""
        self._count_replicas()
        staying = [pod for pod in self.pods if not (self._is_retryable(pod) or pod_status.is_going(pod))]
        failed = pod_status.in_phase(staying, "Failed")
        if self.job.kind.has_succeeded(self.job, pod_status.in_phase(self.pods, "Succeeded")):
            self._succeed()
        elif failed:
            self.fail(*self._failed(f"{len(failed)} {self._type(failed[0])} replica(s) failed"))
        elif self.retryable:
            text = self._text(conditions.RESTARTING, "is restarting because a replica failed")
            self.announce(conditions.RESTARTING, text, "Warning")
        elif len(staying) == len(self.pods) and self._leader_runs():
            self.set_condition(conditions.RUNNING, self._text(conditions.RUNNING, "is running"))

    def _text(self, kind: str, what: str) -> Text:
        return Text(f"{self.resource.kind}{kind}", f"{self.title} {what}.")

    def _failed(self, why: str) -> Text:
        return Text(f"{self.resource.kind}Failed", why)

    def _leader_runs(self) -> bool:
        leaders = {name for name in self.job.kind.leader if name in self.job.specs} or {"Worker"}
        return any(self._type(pod) in leaders for pod in pod_status.in_phase(self.pods, "Running"))

    def _succeed(self) -> None:
        for one in self.status["replicaStatuses"].values():
            done = one.get("succeeded", 0) + one.pop("active", 0)
            if done:
                one["succeeded"] = done
        self.end(conditions.SUCCEEDED, self._text(conditions.SUCCEEDED, "successfully completed"))
