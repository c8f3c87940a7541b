"""StatefulSet: pods with stable names and claims, created and deleted in order."""

import copy
from collections.abc import Iterator
from functools import cached_property

from arena.local.checks import at_least, enum, fields, labels
from arena.local.definitions import Definition, set_defaults
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.machinery import pod_status, volume_claims
from arena.local.machinery.operator import Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.template_columns import CONTAINERS, IMAGES
from arena.local.machinery.template_hash import digest
from arena.local.machinery.writes import RETRY
from arena.local.objects import PODS, STATEFULSETS, Object, key
from arena.local.operators.apps import validation
from arena.local.operators.apps.replicaset import size

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
HASH = "controller-revision-hash"


def operator() -> Operator:
    """The operator of StatefulSets."""
    return StatefulSet.operator(owns=(PODS,))


class StatefulSet(Reconciler):
    """One pass over one StatefulSet."""

    resource = STATEFULSETS

    @cached_property
    def pods(self) -> dict[str, Object]:
        """Its pods by name, including those that the pass creates."""
        return {key(pod)[1]: pod for pod in self.owned(PODS)}

    @cached_property
    def revision(self) -> str:
        """The name of the current template's revision."""
        return f"{self.obj['metadata']['name']}-{digest(self.obj['spec']['template'])}"

    @property
    def in_order(self) -> bool:
        """Whether pods are created and deleted one after the other."""
        return bool(self.obj["spec"].get("podManagementPolicy") != "Parallel")

    def reconcile(self) -> float | None:
        """Take one step towards the pods 0 to replicas-1, all of the current template."""
        refused = self._grow()
        if not refused and not self._shrink():
            self._update()
        self._report()
        self.write_status()
        return RETRY if refused else None

    @property
    def _claims(self) -> list[Object]:
        return self.obj["spec"].get("volumeClaimTemplates") or []

    def _name(self, index: int) -> str:
        return f"{self.obj['metadata']['name']}-{index}"

    def _index(self, name: str) -> int:
        return int(name[len(self.obj["metadata"]["name"]) + 1 :])

    def _grow(self) -> bool:
        """Create missing pods, in order once the one before is ready; True when a pod was refused."""
        for index in range(size(self.obj)):
            pod = self.pods.get(self._name(index))
            if pod and pod_status.is_finished(pod):
                self.remove(PODS, pod)
            if pod is None:
                pod = self._create(index)
                if pod is None:
                    return True
                self.pods[key(pod)[1]] = pod
            if self.in_order and not pod_status.is_ready(pod):
                return False
        return False

    def _create(self, index: int) -> Object | None:
        labels = (self.obj["spec"].get("selector") or {}).get("matchLabels") or {}
        volume_claims.create(self.objects, self._claims, (key(self.obj)[0], self._name(index)), labels)
        pod = self.create_pod(self._pod(index), "FailedCreate")
        if pod:
            self._report_pod("SuccessfulCreate", "create", self._name(index))
        return pod

    def _report_pod(self, reason: str, verb: str, name: str) -> None:
        self.event(reason, f"{verb} Pod {name} in StatefulSet {self.obj['metadata']['name']} successful")

    def _pod(self, index: int) -> Object:
        template = copy.deepcopy(self.obj["spec"]["template"])
        name = self._name(index)
        meta = dict(template.get("metadata") or {})
        ours = {POD_NAME: name, POD_INDEX: str(index), HASH: self.revision}
        meta.update(name=name, labels={**(meta.get("labels") or {}), **ours})
        spec = template["spec"]
        spec["hostname"] = name
        if self.obj["spec"].get("serviceName"):
            spec["subdomain"] = self.obj["spec"]["serviceName"]
        volume_claims.mount(spec, self._claims, name)
        return {"metadata": meta, "spec": spec}

    def _shrink(self) -> bool:
        """Delete surplus pods, the last first; True while there are any."""
        surplus = [name for name in self.pods if self._index(name) >= size(self.obj)]
        for name in sorted(surplus, key=self._index, reverse=True):
            self._delete(self.pods[name])
            if self.in_order:
                break
        return bool(surplus)

    def _delete(self, pod: Object) -> None:
        if not pod_status.is_going(pod):
            self._report_pod("SuccessfulDelete", "delete", key(pod)[1])
            self.remove(PODS, pod)

    def _update(self) -> None:
        """Delete the last pod of an old template when all pods after it are ready; it is created again."""
        strategy = self.obj["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        first = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        for index in range(size(self.obj) - 1, first - 1, -1):
            pod = self.pods.get(self._name(index))
            if pod is None:
                return
            if not self._is_new(pod):
                self._delete(pod)
                return
            if not pod_status.is_ready(pod):
                return

    def _is_new(self, pod: Object) -> bool:
        return bool((pod["metadata"].get("labels") or {}).get(HASH) == self.revision)

    def _report(self) -> None:
        """Write the status."""
        pods = list(self.pods.values())
        new = [pod for pod in pods if self._is_new(pod)]
        ready = sum(map(pod_status.is_ready, pods))
        done = len(new) == len(pods) == size(self.obj)
        before = self.status.get("currentRevision")
        self.status = {
            "observedGeneration": self.obj["metadata"].get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": len(new),
            "currentReplicas": len(new) if done else len(pods) - len(new),
            "currentRevision": self.revision if done else before or self.revision,
            "updateRevision": self.revision,
            "collisionCount": 0,
        }


def _fill(obj: Object) -> None:
    spec = obj["spec"]
    strategy = spec["updateStrategy"]
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        set_defaults(strategy, rollingUpdate={})
    if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        set_defaults(strategy["rollingUpdate"], partition=0)
    for claim in spec.get("volumeClaimTemplates") or []:
        set_defaults(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        set_defaults(claim["status"], phase="Pending")


_RETENTIONS = enum("Retain", "Delete")
_rest = fields(
    {
        "ordinals": fields({"start": at_least(0)}),
        "persistentVolumeClaimRetentionPolicy": fields(
            {"whenDeleted": _RETENTIONS, "whenScaled": _RETENTIONS}
        ),
    }
)
_MUTABLE = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy", "minReadySeconds")  # fmt: skip


def _check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a StatefulSet; its pods are checked when they are created, as on a cluster."""
    return validation.check(obj, "statefulset", _check_rest)


def _check_rest(path: str, spec: Object) -> Iterator[FieldError]:
    yield from _rest(path, spec)
    for index, one in enumerate(spec.get("volumeClaimTemplates") or []):
        if not (one.get("metadata") or {}).get("name"):
            yield missing(f"{path}.volumeClaimTemplates[{index}].metadata.name")
    meta = (spec.get("template") or {}).get("metadata") or {}
    yield from labels(f"{path}.template.labels", meta.get("labels"))
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        policy = spec.get("podManagementPolicy")
        yield invalid(f"{path}.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    strategy, where = spec.get("updateStrategy") or {}, f"{path}.updateStrategy"
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        yield invalid(where, strategy, "must be 'RollingUpdate' or 'OnDelete'")
    elif strategy["type"] == "OnDelete" and rolling is not None:
        yield invalid(f"{where}.rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")
    else:
        yield from at_least(0)(f"{where}.rollingUpdate.partition", (rolling or {}).get("partition"))


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    before, after = ({k: v for k, v in one["spec"].items() if k not in _MUTABLE} for one in (old, new))
    if before != after:
        *names, last = (f"'{name}'" for name in _MUTABLE)
        mutable = f"{', '.join(names)} and {last}"
        yield forbidden("spec", f"updates to statefulset spec for fields other than {mutable} are forbidden")


DEFINITIONS = (
    Definition(
        resource=STATEFULSETS,
        short=("sts",),
        scale=True,
        fill=_fill,
        templates=False,
        check=_check,
        change=_change,
        columns=(("Ready", validation.ready),),
        wide=(CONTAINERS, IMAGES),
        custom=False,
    ),
)
