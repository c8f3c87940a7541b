"""ReplicaSet: a number of identical pods."""

import copy

from arena.local.definitions import Definition
from arena.local.machinery import conditions, pod_status
from arena.local.machinery.clock import earliest, left
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Operator
from arena.local.machinery.pod_template import replica_count
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.template_columns import CONTAINERS, IMAGES, SELECTOR
from arena.local.machinery.writes import RETRY, suffix
from arena.local.objects import PODS, REPLICASETS, Object, key
from arena.local.operators.apps import validation


def operator() -> Operator:
    """The operator of ReplicaSets."""
    return ReplicaSet.operator(owns=(PODS,))


class ReplicaSet(Reconciler):
    """One pass over one ReplicaSet."""

    resource = REPLICASETS

    def reconcile(self) -> float | None:
        """Keep as many pods active as the spec requests."""
        pods = [pod for pod in self.owned(PODS) if pod_status.is_active(pod)]
        wanted = size(self.obj)
        for pod in sorted(pods, key=_worth)[: max(0, len(pods) - wanted)]:
            self.remove(PODS, pod)
            pods.remove(pod)
            self.event("SuccessfulDelete", f"Deleted pod: {key(pod)[1]}")
        made = [self._create() for _ in range(wanted - len(pods))]
        pods.extend(pod for pod in made if pod)
        wait = self._report(pods, None in made)
        self.write_status()
        return earliest(wait, RETRY if None in made else None)

    def _create(self) -> Object | None:
        template = copy.deepcopy(self.obj["spec"]["template"])
        meta = dict(template.get("metadata") or {})
        meta["name"] = f"{self.obj['metadata']['name'][:57]}-{suffix()}"
        pod = self.create_pod({"metadata": meta, "spec": template["spec"]}, "FailedCreate")
        if pod:
            self.event("SuccessfulCreate", f"Created pod: {meta['name']}")
        return pod

    def _report(self, pods: list[Object], refused: bool) -> float | None:
        """Write the status; the seconds until a ready pod counts as available."""
        ready = [pod for pod in pods if pod_status.is_ready(pod)]
        least = float(self.obj["spec"].get("minReadySeconds") or 0)
        waits = [left(pod_status.ready_since(pod), least, self.now) if least else 0.0 for pod in ready]
        failure = [self._failure()] if refused else []
        self.status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": sum(wait <= 0 for wait in waits),
            "observedGeneration": self.obj["metadata"].get("generation", 1),
            **({"conditions": failure} if failure else {}),
        }
        return earliest(*(wait for wait in waits if wait > 0))

    def _failure(self) -> Object:
        why = "a pod was refused; the ReplicaSet's Events say why"
        before = conditions.find(self.status, "ReplicaFailure")
        return conditions.following(before, Condition("ReplicaFailure", "FailedCreate", why), self.now)


def size(obj: Object) -> int:
    """spec.replicas, which is 1 by default."""
    return replica_count(obj["spec"])


def _worth(pod: Object) -> tuple[bool, bool, bool, str, str]:
    """Sort key by which surplus pods are deleted: those that do not run yet, then the newest."""
    created, name = pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    placed = bool(pod["spec"].get("nodeName"))
    return placed, pod_status.phase(pod) == "Running", pod_status.is_ready(pod), newest_first, name


DEFINITIONS = (
    Definition(
        resource=REPLICASETS,
        short=("rs",),
        scale=True,
        check=validation.check,
        immutable=("selector",),
        fields=("status.replicas",),
        columns=(
            ("Desired", lambda obj: obj["spec"].get("replicas") or 0),
            ("Current", lambda obj: (obj.get("status") or {}).get("replicas") or 0),
            ("Ready", lambda obj: (obj.get("status") or {}).get("readyReplicas") or 0),
        ),
        wide=(CONTAINERS, IMAGES, SELECTOR),
        custom=False,
    ),
)
