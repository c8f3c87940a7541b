"""Servings that are LeaderWorkerSets: groups of pods that answer together."""

from collections.abc import Callable, Mapping, Sequence

from arena import labels
from arena.kinds.kind import Object, Pod, PodConventions
from arena.kinds.serving.base import probes, reading
from arena.kinds.serving.base import status as state
from arena.kinds.workload import instances
from arena.model.servings import Probe, Serving
from arena.resources import Resource

LEADER_WORKER_SETS = Resource("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", kind="LeaderWorkerSet")
LEADER = "leader"
WORKER = "worker"
PODS = PodConventions(
    role_labels=(labels.ROLE,),
    index_labels=(labels.LWS_WORKER,),
    main_containers=("serving", "distributed-serving-leader", "distributed-serving-worker"),
)
"""The pods of arena and of the Go arena; those of others have no roles."""


def reader(kind: str, protocol: str = "") -> Callable[[Object, Sequence[Pod]], Serving]:
    """The function that reads LeaderWorkerSets of a kind.

    Args:
        kind: its name.
        protocol: the protocol of its requests, if all its servings speak the same.
    """

    def read(obj: Object, pods: Sequence[Pod]) -> Serving:
        meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
        notes = meta.get("annotations") or {}
        groups = int(spec.get("replicas", 1))
        return reading.serving(
            kind,
            obj,
            meta.get("labels") or {},
            wanted=groups,
            available=int(status.get("readyReplicas") or 0),
            protocol=notes.get(labels.PROTOCOL, protocol),
            gpus=groups * _gpus(spec.get("leaderWorkerTemplate") or {}),
            instances=reading.pods_of(pods, PODS),
            rollout=state.groups_rollout(obj),
            probes=_probes(spec.get("leaderWorkerTemplate") or {}),
        )

    return read


def _probes(template: Object) -> tuple[Probe, ...]:
    """The probes of the pods that answer: the leaders, or without a leader's template all of them."""
    return probes.probes(template.get("leaderTemplate") or template.get("workerTemplate") or {})


def _gpus(template: Object) -> int:
    """GPUs of the leader and the workers of a group; without a leader's template, all are workers."""
    worker = instances.gpus((template.get("workerTemplate") or {}).get("spec") or {})
    leader = template.get("leaderTemplate")
    first = instances.gpus(leader.get("spec") or {}) if leader else worker
    return first + (int(template.get("size") or 1) - 1) * worker


def is_set(obj: Object) -> bool:
    """Whether an object is a LeaderWorkerSet; objects in lists may not say what they are."""
    return "leaderWorkerTemplate" in (obj.get("spec") or {})


def type_of(obj: Object) -> str:
    """The label `servingType`; "" if others created it."""
    return str((obj["metadata"].get("labels") or {}).get(labels.SERVING_TYPE) or "")


def pods(obj: Object) -> Mapping[str, str]:
    """The labels that all its pods have."""
    return {labels.LWS_NAME: obj["metadata"]["name"]}


def object_of(pod: Object) -> str:
    """The name of the LeaderWorkerSet to which a pod belongs, or ""."""
    return str((pod["metadata"].get("labels") or {}).get(labels.LWS_NAME) or "")
