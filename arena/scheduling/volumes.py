"""Claims of volumes and the volumes behind them: where pods that mount them can run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena.scheduling import amounts, selectors
from arena.scheduling.nodes import Node
from arena.values import field, frozen

Object = Mapping[str, Any]
STATIC = "kubernetes.io/no-provisioner"
CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
ZONES = (
    ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"),
)
"""Labels of volumes and nodes, today's and those of former releases."""
UNATTACHED = ("nfs", "hostPath", "local", "cephfs", "glusterfs", "azureFile", "quobyte")
"""Sources of volumes that several nodes can mount, whatever the access modes say."""
ONCE, ALONE = "ReadWriteOnce", "ReadWriteOncePod"


@frozen
class Volume:
    """A persistent volume."""

    name: str
    size: int = 0
    modes: Sequence[str] = ()
    kind: str = ""
    """Its storage class."""
    mode: str = "Filesystem"
    labels: Mapping[str, str] = field(default_factory=dict)
    required: Object | None = None
    """Its node affinity."""
    claim: tuple[str, str] = ("", "")
    """The namespace and name of its claim."""
    usable: bool = True
    attached: bool = False
    """Whether it is attached to one node at a time, unless its access modes allow more."""

    def reaches(self, node: Node) -> bool:
        """Whether pods on a node can mount it."""
        return selectors.meets(self.required, node.name, node.labels) and all(
            self._in_zone(keys, node) for keys in ZONES
        )

    def _in_zone(self, keys: Sequence[str], node: Node) -> bool:
        own = next((self.labels[key] for key in keys if key in self.labels), None)
        there = next((node.labels[key] for key in keys if key in node.labels), None)
        return own is None or there in own.split("__")


@frozen
class StorageClass:
    """How claims of a class get their volumes."""

    name: str
    waits: bool = False
    """Whether claims get their volume only when a pod that mounts them is placed."""
    provisioner: str = STATIC
    topologies: Sequence[Object] = ()

    def provides(self, node: Node) -> bool:
        """Whether it can make a volume that pods on a node can mount."""
        if self.provisioner == STATIC:
            return False
        return not self.topologies or any(
            all(node.labels.get(one.get("key", "")) in (one.get("values") or ()) for one in _labels(term))
            for term in self.topologies
        )


def _labels(term: Object) -> Sequence[Object]:
    return term.get("matchLabelExpressions") or ()


@frozen
class Claim:
    """A claim of a volume."""

    name: str
    namespace: str = ""
    volume: str = ""
    """The name of its volume; "" while it has none."""
    is_bound: bool = False
    kind: str = ""
    """Its storage class."""
    modes: Sequence[str] = ()
    mode: str = "Filesystem"
    size: int = 0
    selector: Object | None = None

    def matches(self, volume: Volume) -> bool:
        """Whether a volume that nobody claims is one for it."""
        return (
            volume.usable
            and volume.claim in (("", ""), (self.namespace, self.name))
            and (volume.kind, volume.mode) == (self.kind, self.mode)
            and volume.size >= self.size
            and set(self.modes) <= set(volume.modes)
            and (self.selector is None or selectors.selects(self.selector, volume.labels))
        )


def claim(obj: Object, default_class: str = "") -> Claim:
    """The claim of an object of the API."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    kind = (meta.get("annotations") or {}).get(CLASS, spec.get("storageClassName"))
    requests = (spec.get("resources") or {}).get("requests") or {}
    return Claim(
        name=meta["name"],
        namespace=meta.get("namespace") or "",
        volume=spec.get("volumeName") or "",
        is_bound=(obj.get("status") or {}).get("phase") == "Bound",
        kind=default_class if kind is None else kind,
        modes=spec.get("accessModes") or (),
        mode=spec.get("volumeMode") or "Filesystem",
        size=amounts.whole("storage", str(requests.get("storage", 0))),
        selector=spec.get("selector"),
    )


def volume(obj: Object) -> Volume:
    """The volume of an object of the API."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    owner = spec.get("claimRef") or {}
    return Volume(
        name=meta["name"],
        size=amounts.whole("storage", str((spec.get("capacity") or {}).get("storage", 0))),
        modes=spec.get("accessModes") or (),
        kind=(meta.get("annotations") or {}).get(CLASS) or spec.get("storageClassName") or "",
        mode=spec.get("volumeMode") or "Filesystem",
        labels=meta.get("labels") or {},
        required=(spec.get("nodeAffinity") or {}).get("required"),
        claim=(owner.get("namespace") or "", owner.get("name") or ""),
        usable="deletionTimestamp" not in meta
        and ((obj.get("status") or {}).get("phase") or "Available") in ("Available", "Bound", "Pending"),
        attached=not any(one in spec for one in UNATTACHED),
    )


def storage_class(obj: Object) -> StorageClass:
    """The storage class of an object of the API."""
    return StorageClass(
        name=obj["metadata"]["name"],
        waits=obj.get("volumeBindingMode") == "WaitForFirstConsumer",
        provisioner=obj.get("provisioner") or STATIC,
        topologies=obj.get("allowedTopologies") or (),
    )


def is_default(obj: Object) -> bool:
    """Whether claims that name no storage class get this one."""
    return bool((obj["metadata"].get("annotations") or {}).get(DEFAULT) == "true")


@frozen
class Storage:
    """The claims of a namespace, and what can serve them."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    classes: Mapping[str, StorageClass] = field(default_factory=dict)
    in_use: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Claim -> the nodes on which running pods mount it."""

    def obstacle(self, name: str) -> str:
        """Why no pod can mount a claim, wherever it is; "" if some node may do."""
        found = self.claims.get(name)
        if found is None:
            return f'the claim "{name}" does not exist'
        if found.volume:
            return "" if found.volume in self.volumes else f'the volume of the claim "{name}" is gone'
        kind = self.classes.get(found.kind)
        if kind is None or not kind.waits:
            return f'the claim "{name}" has no volume yet'
        return ""

    def reaches(self, name: str, node: Node, taken: Mapping[str, str]) -> bool:
        """Whether a pod on a node can mount a claim.

        Args:
            taken: claim -> the volume that it got during this placement, "" for a new one.
        """
        found = self.claims[name]
        chosen = found.volume or taken.get(name)
        if chosen:
            return self.volumes[chosen].reaches(node)
        return self.choice(name, node, taken) is not None

    def choice(self, name: str, node: Node, taken: Mapping[str, str]) -> str | None:
        """The volume that a claim gets when a pod goes to a node, "" for a new one; None if there is none."""
        found = self.claims[name]
        gone = set(taken.values())
        free = (one for one in self.volumes.values() if one.name not in gone and found.matches(one))
        fitting = [one for one in free if one.reaches(node)]
        if fitting:
            return min(fitting, key=lambda one: (one.claim == ("", ""), one.size, one.name)).name
        return "" if self.classes[found.kind].provides(node) else None

    def is_for_one_node(self, name: str) -> bool:
        """Whether all pods that mount a claim must be on the same node."""
        found = self.claims[name]
        if not set(found.modes) <= {ONCE, ALONE}:
            return False
        return found.volume not in self.volumes or self.volumes[found.volume].attached

    def is_for_one_pod(self, name: str) -> bool:
        """Whether only one pod at a time can mount a claim."""
        return ALONE in self.claims[name].modes


def by_name(several: Iterable[Any]) -> dict[str, Any]:
    """Values by their names."""
    return {one.name: one for one in several}
