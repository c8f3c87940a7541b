"""Whether the accelerators of nodes are offered to pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from arena import accelerators
from arena.digits import whole
from arena.model.checks import NOTE, OK, WARNING, Check
from arena.resources import NODES

if TYPE_CHECKING:
    from arena.session import Session

HINTS = {
    "nvidia.com/gpu.present": "true",
    "feature.node.kubernetes.io/pci-10de.present": "true",
    "feature.node.kubernetes.io/pci-0302_10de.present": "true",
    "feature.node.kubernetes.io/pci-0300_10de.present": "true",
    "feature.node.kubernetes.io/pci-1002.present": "true",
    "amd.com/gpu.family": "",
    "cloud.google.com/gke-accelerator": "",
    "k8s.amazonaws.com/accelerator": "",
    "aliyun.accelerator/nvidia_name": "",
}
"""Labels of nodes with accelerators, set by node feature discovery and by clouds; "" stands for any value."""


def check(session: Session) -> Iterator[Check]:
    """Yield the accelerators that nodes offer, and the nodes that should offer some but do not."""
    offered: Counter[str] = Counter()
    silent, sick = [], []
    for node in session.cluster().many(NODES):
        name, status = node["metadata"]["name"], node.get("status") or {}
        there, usable = ({one: whole(text) or 0 for one, text in (status.get(field) or {}).items()
                          if accelerators.find(one)} for field in ("capacity", "allocatable"))  # fmt: skip
        offered.update(usable)
        if any(usable.get(one, 0) < count for one, count in there.items()):
            sick.append(name)
        if not there and _hints(node["metadata"].get("labels") or {}):
            silent.append(name)
    for name in silent[:5]:
        message = f"node {name} has accelerators by its labels, but offers none to pods"
        yield Check(id="accelerators.plugin", state=WARNING, message=message,
                    remedy="install or mend its device plugin: kubectl get daemonsets -A")  # fmt: skip
    if sick:
        on = f"{len(sick)} node{'s' * (len(sick) != 1)}: {', '.join(sick[:5])}"
        yield Check(id="accelerators.health", state=WARNING, message=f"accelerators are unhealthy on {on}",
                    remedy="arena top node; kubectl describe node NODE")  # fmt: skip
    if offered:
        told = ", ".join(f"{count} {name}" for name, count in sorted(offered.items()))
        yield Check(id="accelerators", state=OK, message=f"the nodes offer {told}")
    elif not silent:
        yield Check(id="accelerators", state=NOTE, message="no node offers an accelerator: jobs run on CPUs")


def _hints(labels: Mapping[str, str]) -> bool:
    """Whether labels tell of an accelerator."""
    return any(labels.get(key) and labels[key] == (value or labels[key]) for key, value in HINTS.items())
