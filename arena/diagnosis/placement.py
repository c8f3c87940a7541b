"""Which of the reasons that a scheduler gives is the decisive one: without it, the pod would run.

A scheduler lists for all nodes together why it did not choose them: `0/5 nodes are available: 2 Insufficient
cpu, 3 node(s) had untolerated taint {dedicated: infra}`. Most of these nodes were never meant for the pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import accelerators
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.scheduling.nodes import Node
    from arena.scheduling.pods import Pod

Object = Mapping[str, Any]
GPU, CPU, MEMORY, OTHER = "gpu-short", "cpu-short", "memory-short", "resource-short"
TAINT, AFFINITY, UNKNOWN = "taint", "affinity", "unknown"
CLAIM, VOLUME, IN_USE, GANG = "claim", "volume", "in-use", "gang"
"""A claim that is not bound, whichever node; no volume for it on some nodes; one that only another pod may
use; too few pods for a gang."""
SHORT = (GPU, CPU, MEMORY, OTHER)
_COUNT = (
    r"(?:(?:all nodes are|No nodes are|\d+/(\d+) nodes? (?:is|are)) (?:un)?available\b"
    r"|No nodes with enough resources were found)[^:;]*[:;]+\s*(.*)"
)
_TAIL = r"\.?\s*(?:no new claims to deallocate|preemption:|Preemption is).*"
"""What newer schedulers say after the reasons: whether ending other pods would help."""
_OLD = r"([A-Z][\w/ .-]*?) \((\d+)\)"
"""A reason as Kubernetes wrote it before 1.9."""
_KINDS = (
    (
        CLAIM,
        r"unbound immediate|persistentvolumeclaim .*(?:not found|being deleted)|bound to non-existent"
        r"|binding volumes",
    ),
    (VOLUME, r"persistent volumes to bind|enough free storage"),
    (IN_USE, r"ReadWriteOncePod"),
    (
        GANG,
        r"tasks? in gang|[Cc]oscheduling|waiting on permit|minMember|min-?available|sibling pods|pod ?group"
        r"|gang",
    ),
    (TAINT, r"taint|were unschedulable|NodeUnschedulable|\bnot ready\b|out of disk|disk pressure"),
    (
        AFFINITY,
        r"node selector|affinity|MatchNodeSelector|topology spread|free ports|PodFitsHostPorts|volume zone"
        r"|VolumeZone|volume count|MatchInterPodAffinity|the requested node name"
        r"|match pod|existing pods",
    ),
    (
        OTHER,
        r"[Tt]oo many pods|enough resources|resource fit|NodeResourcesFit|cannot allocate all claims"
        r"|[Ii]nsufficient|unavailable",
    ),
)
_NEVER = (
    r"node-role\.kubernetes\.io/|node\.kubernetes\.io/|virtual-kubelet\.io/|eks\.amazonaws\.com/compute-type"
    r"|CriticalAddonsOnly|^(?:node\.)?os\b|windows|unschedulable|node\.cloudprovider\.kubernetes\.io/"
)
"""Taints of nodes that no job is meant for, or that are ill, unless there are no others."""
_DEVICES = r"gpu|nvidia|amd\.com|accelerator|tpu|neuron|habana|ascend|npu|cuda"
"""What the taints of nodes with devices are usually called."""


class Reason(NamedTuple):
    """Why a scheduler did not choose some nodes."""

    kind: str
    nodes: int
    """The number of nodes; 0 if the reason is about none in particular."""
    text: str
    what: str = ""
    """The resource that is short, or the taint."""


def reasons(message: str) -> list[Reason]:
    """The reasons in a scheduler's message."""
    message = " ".join(message.split())
    found = re.search(_COUNT, message)
    if not found:
        one = _reason(0, message)
        return [one] if one.kind in (CLAIM, GANG) else []
    listed = re.sub(_TAIL, "", found.group(2)).rstrip(". ")
    if old := re.findall(_OLD, listed):
        return [_reason(int(count), text) for text, count in old]
    return list(_split(listed))


def _split(listed: str) -> Iterator[Reason]:
    # Reasons may contain commas, but only a number of nodes begins one.
    for part in re.split(r", (?=\d+ )", listed):
        number, text = re.fullmatch(r"(?:(\d+) )?(.*)", part).groups()  # type: ignore[union-attr]
        if text:
            yield _reason(int(number or 0), text)


def _reason(nodes: int, text: str) -> Reason:
    if short := re.search(r"[Ii]nsufficient ([\w./-]+?)\.?$|enough resources: ([\w./ -]+?)\.?$", text):
        what = short[1] or short[2]
        return Reason(_shortage(what), nodes, text, what)
    kind = next((kind for kind, sign in _KINDS if re.search(sign, text)), UNKNOWN)
    taint = re.search(r"taint \{([^:}]*)", text)
    return Reason(kind, nodes, text, taint[1].strip() if taint else text)


def _shortage(resource: str) -> str:
    word = resource.lower()
    if re.match(r"cpu|memory", word):
        return CPU if word.startswith("cpu") else MEMORY
    return GPU if accelerators.find(resource) or re.search(_DEVICES, word) else OTHER


def decisive(
    message: str, pod: Object | None = None, nodes: Sequence[Object] = (), others: Sequence[Object] = ()
) -> Reason | None:
    """The decisive one of the reasons in a scheduler's message; None if there is none that is known.

    Args:
        pod: the pod, if it is known.
        nodes: the nodes of the cluster, if they are known: what they offer tells more than the message.
        others: the pods that are known to run.
    """
    found = [one for one in reasons(message) if one.kind != UNKNOWN]
    for kind in (CLAIM, GANG, IN_USE):
        if whole := next((one for one in found if one.kind == kind), None):
            return whole
    if not found:
        return None
    try:
        one = _by_nodes(found, Field(pod, nodes, others)) if pod and pod.get("spec") and nodes else None
        one = one or _by_text(found, message)
        # Some schedulers do not name the resource.
        unnamed = one.kind == OTHER and one.what == one.text and "pods" not in one.text
        return one._replace(kind=GPU) if unnamed and _wants_devices(pod or {}) else one
    except (AttributeError, KeyError, TypeError, ValueError):
        # Objects from a folder may be of any form, which the room of scheduling does not expect.
        return _by_text(found, message)


def _wants_devices(pod: Object) -> bool:
    """Whether a container of a pod requests GPUs or the like."""
    asked = (one.get("resources") or {} for one in (pod.get("spec") or {}).get("containers") or ())
    return any(accelerators.counts(str(name)) for one in asked for name in one.get("limits") or ())


def _by_text(found: Sequence[Reason], message: str) -> Reason:
    """The decisive reason as far as the message alone tells."""
    meant = [one for one in found if not _is_never_meant(one)] or found
    # Whoever taints nodes because of their devices leaves the others without any.
    keeps = next((one for one in meant if one.kind == TAINT and re.search(_DEVICES, one.what)), None)
    if keeps and any(one.kind == GPU for one in meant):
        return keeps
    if short := [one for one in meant if one.kind in SHORT]:
        total = re.search(_COUNT, message)
        rest = int((total and total[1]) or 0) - sum(one.nodes for one in found if one.kind not in SHORT)
        # A node that lacks several resources is counted for each: so many at least lack nothing else.
        alone = {one: max(0, rest - sum(each.nodes for each in short if each is not one)) for one in short}
        return max(short, key=lambda one: (alone[one], one.kind == GPU, one.nodes))
    return next((one for one in meant if one.kind == TAINT), meant[0])


class Field:
    """The nodes of a cluster, as one pod sees them.

    Attributes:
        able: those that have what the pod requests, or had it if no other pod were there.
        free: those of them without a taint that keeps the pod away, and which its selectors choose.
        tainted: those of them that only a taint closes.
        unchosen: those of them that only the pod's selectors exclude.
    """

    def __init__(self, pod: Object, nodes: Sequence[Object], others: Sequence[Object]) -> None:
        from arena.scheduling import nodes as read_nodes
        from arena.scheduling import pods as read_pods
        from arena.scheduling.topology import chosen

        self.pod: Pod = read_pods.pod(pod)
        self.nodes: list[Node] = [read_nodes.node(one) for one in nodes]
        self.able = [one for one in self.nodes if all(self.has(one, name) for name in self.pod.wants)]
        open = {one.name: not one.obstacle(self.pod.tolerations) for one in self.able}
        meant = {one.name: chosen(self.pod, one) for one in self.able}
        self.free = [one for one in self.able if open[one.name] and meant[one.name]]
        self.tainted = [one for one in self.able if not open[one.name] and meant[one.name]]
        self.unchosen = [one for one in self.able if open[one.name] and not meant[one.name]]
        self._held: dict[tuple[str, str], int] = {}
        for other in map(read_pods.pod, others):
            for name, amount in other.wants.items():
                key = other.node, name
                self._held[key] = self._held.get(key, 0) + amount

    def has(self, node: Node, resource: str) -> bool:
        """Whether a node has as much of a resource as the pod requests."""
        return node.allocatable.get(resource, 0) >= self.pod.wants.get(resource, 0)

    def is_short(self, node: Node, resource: str) -> bool:
        """Whether the pods that are known leave too little of a resource on a node."""
        left = node.allocatable.get(resource, 0) - self._held.get((node.name, resource), 0)
        return left < self.pod.wants.get(resource, 0)


def _by_nodes(found: Sequence[Reason], field: Field) -> Reason | None:
    """The decisive reason by what the nodes offer; None if they do not tell."""
    short = [one for one in found if one.kind in SHORT]
    if field.free:
        # Other reasons are about nodes that would not do in any case.
        if short:
            return max(short, key=lambda one: _weight(one, field))
        rest = [one for one in found if one.kind == AFFINITY]
        return rest[-1] if rest else None
    if field.tainted and (taints := [one for one in found if one.kind == TAINT]):
        return next((one for one in taints if not _is_never_meant(one)), taints[0])
    if field.unchosen and (selectors := [one for one in found if one.kind == AFFINITY]):
        return selectors[0]
    return None


def _weight(one: Reason, field: Field) -> tuple[int, int, bool]:
    """On how many of the nodes that would do a resource is short: for certain, and by the numbers."""
    certain = sum(field.is_short(node, one.what) for node in field.free)
    never = sum(not field.has(node, one.what) for node in field.nodes)
    return certain, one.nodes - never, one.kind == GPU


def _is_never_meant(one: Reason) -> bool:
    return one.kind == TAINT and bool(re.search(_NEVER, one.what))
