"""The decisive one of a scheduler's reasons, by its message and by what the nodes offer."""

import pytest

from arena.diagnosis.placement import decisive, reasons

MASTER = {"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}
GPUS = "nvidia.com/gpu"
TAINTED = f"0/5 nodes are available: 2 node(s) had untolerated taint {{team: a}}, 3 Insufficient {GPUS}."
MIXED = f"0/10 nodes are available: 2 Insufficient cpu, 8 Insufficient {GPUS}."
CHOSEN = (
    "0/6 nodes are available: 2 node(s) had untolerated taint {team: a}, "
    "4 node(s) didn't match Pod's node affinity/selector."
)


def node(name, gpus="0", cpu="32", labels=None, taints=()):
    status = {
        "allocatable": {"cpu": cpu, "memory": "64Gi", "pods": "110", GPUS: gpus},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints)},
        "status": status,
    }


def pod(gpus="1", cpu="4", node="", **spec):
    limits = {"cpu": cpu, GPUS: gpus} if gpus else {"cpu": cpu}
    where = {"nodeName": node} if node else {}
    return {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": "c", "resources": {"limits": limits}}], **where, **spec},
    }


TEAM = {"key": "team", "value": "a", "effect": "NoSchedule"}
PLAIN = [node(f"cpu-{i}") for i in range(8)]


@pytest.mark.parametrize(
    ("message", "kind", "what"),
    [
        (f"0/3 nodes are available: 3 Insufficient {GPUS}.", "gpu-short", GPUS),
        ("0/3 nodes are available: 3 Insufficient amd.com/gpu.", "gpu-short", "amd.com/gpu"),
        ("all nodes are unavailable: 2 Insufficient nvidia.com/gpu.", "gpu-short", GPUS),
        ("0/2 nodes are available: 2 Insufficient rdma/hca.", "resource-short", "rdma/hca"),
        ("0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient nvidia.com/gpu.", "gpu-short", GPUS),
        ("0/4 nodes are available: 4 Insufficient cpu, 3 Insufficient nvidia.com/gpu.", "cpu-short", "cpu"),
        ("0/5 nodes are available: 2 Insufficient cpu, 4 Insufficient memory.", "memory-short", "memory"),
        (
            "0/6 nodes are available: 3 Insufficient nvidia.com/gpu, 3 node(s) had taint "
            "{node-role.kubernetes.io/master: }, that the pod didn't tolerate.",
            "gpu-short",
            GPUS,
        ),
        (
            "0/5 nodes are available: 2 node(s) had untolerated taint {nvidia.com/gpu: present}, "
            "3 Insufficient nvidia.com/gpu. preemption: 0/5 nodes are available: 2 Preemption is not helpful "
            "for scheduling, 3 No preemption victims found for incoming pod.",
            "taint",
            GPUS,
        ),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", "taint", "a"),
        ("0/2 nodes are available: 2 node(s) had untolerated taint(s).", "taint", None),
        ("0/2 nodes are available: 2 node(s) were unschedulable.", "taint", None),
        (CHOSEN, "taint", "team"),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint "
            "{node-role.kubernetes.io/control-plane: }, 2 node(s) had volume node affinity conflict.",
            "affinity",
            None,
        ),
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had volume node affinity conflict.",
            "cpu-short",
            "cpu",
        ),
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity.", "affinity", None),
        (
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
            "affinity",
            None,
        ),
        ("0/4 nodes are available: 4 pod has unbound immediate PersistentVolumeClaims.", "claim", None),
        ('persistentvolumeclaim "data" not found', "claim", None),
        (
            "0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and "
            "ReadWriteOncePod access mode.",
            "in-use",
            None,
        ),
        (
            "No nodes are available that match all of the following predicates:: "
            "Insufficient alpha.kubernetes.io/nvidia-gpu (3).",
            "gpu-short",
            None,
        ),
        ("0/3 nodes are available: 1 Insufficient CPU, 2 Insufficient memory.", "memory-short", None),
        ("0/3 nodes are available: 3 node(s) had taints that the pod didn't tolerate.", "taint", None),
        ("2/2 tasks in gang unschedulable: pod group is not ready, 2 minAvailable", "gang", None),
        (
            "0/9 nodes are available: 1 cannot allocate all claims. no new claims to deallocate, x",
            "resource-short",
            None,
        ),
        (
            "No nodes with enough resources were found: 2 node(s) didn't have enough resources: GPUs.",
            "gpu-short",
            "GPUs",
        ),
        (
            "No nodes are available that match all of the following predicates:: Insufficient cpu (9), "
            "Insufficient memory (15), MatchNodeSelector (18).",
            "memory-short",
            "memory",
        ),
    ],
)
def test_the_message_alone(message, kind, what):
    """Of several reasons, the one that keeps the pod from the nodes that are meant for it decides."""
    found = decisive(message)
    assert (found.kind, what or found.what) == (kind, found.what)


@pytest.mark.parametrize("message", ["", "no idea", "0/3 nodes are available: 3 gremlins.", "0/0 nodes"])
def test_what_is_not_known(message):
    """A message without a reason that is known has no decisive one."""
    assert decisive(message) is None


def test_the_reasons_of_a_message():
    """Each reason has its number of nodes; what is said about preemption is none."""
    message = TAINTED + " preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
    assert [(one.kind, one.nodes) for one in reasons(message)] == [("taint", 2), ("gpu-short", 3)]


@pytest.mark.parametrize(
    ("message", "nodes", "wanted", "kind"),
    [
        # Only the tainted nodes have GPUs.
        (TAINTED, [*PLAIN[:3], *(node(f"g-{i}", "8", taints=[TEAM]) for i in range(2))], pod(), "taint"),
        # The others have GPUs, but they are taken.
        (
            TAINTED,
            [*(node(f"g-{i}", "8") for i in range(3)), *(node(f"t-{i}", "8", taints=[TEAM]) for i in (1, 2))],
            pod(),
            "gpu-short",
        ),
        # No node has so many.
        (TAINTED, [node("g", "4"), node("t", "4", taints=[TEAM])], pod("8"), "gpu-short"),
        (MIXED, [*PLAIN, *(node(f"g-{i}", "8") for i in range(2))], pod(cpu="16"), "cpu-short"),
        (
            f"0/4 nodes are available: 3 Insufficient {GPUS}, 1 node(s) didn't match node selector.",
            [*PLAIN[:3], node("g", "8", labels={"zone": "b"})],
            pod(nodeSelector={"zone": "a"}),
            "affinity",
        ),
        (
            CHOSEN,
            [*PLAIN[:4], *(node(f"g-{i}", "8", labels={"pool": "g"}, taints=[TEAM]) for i in range(2))],
            pod(nodeSelector={"pool": "g"}),
            "taint",
        ),
        (
            CHOSEN,
            [*(node(f"g-{i}", "8", labels={"pool": "g"}) for i in range(4)), node("t", "8", taints=[TEAM])],
            pod(nodeSelector={"pool": "typo"}),
            "affinity",
        ),
    ],
)
def test_what_the_nodes_offer(message, nodes, wanted, kind):
    """If the nodes are known, a reason counts only for those that have, or had, what the pod requests."""
    nodes = [*nodes, node("master", taints=[MASTER])]
    assert decisive(message, wanted, nodes).kind == kind


def test_what_other_pods_hold():
    """Of two shortages, the one that the known pods prove decides."""
    nodes = [node("a", "8", cpu="32"), node("b", "8", cpu="32")]
    message = f"0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient {GPUS}."
    others = [pod("2", "30", node="a"), pod("2", "30", node="b")]
    assert decisive(message, pod(), nodes, others).kind == "cpu-short"
    assert decisive(message, pod(), nodes).kind == "gpu-short"
