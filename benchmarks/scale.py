"""Reading 10,000 pods, 1,000 nodes and 2,000 jobs, against `kubectl get pods -A` in the same run.

Needs a cluster filled that way, named by ARENA_TEST_KUBECONFIG, and kubectl; only run with `--scale`. How
memory grows from there to 100,000 pods is measured on a server that simulates them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.home import Home, home
from benchmarks.measure import Figure, median, run, spread
from benchmarks.simulated import cluster

BUDGETS = {("list", "-A"): 0.2, ("top", "job", "-A"): 0.2, ("top", "node"): 0.15}
"""The command, and its time as a share of kubectl's."""
MEMORY = 60
FEW, MANY = 10_000, 100_000


def figures(runs: int) -> Iterator[Figure]:
    """Wall time as a share of kubectl's, the peak of the memory, and how it grows."""
    with home() as at:
        yield from _real(at, runs)
        yield _growth(at)


def _real(at: Home, runs: int) -> Iterator[Figure]:
    kubeconfig = os.environ["ARENA_TEST_KUBECONFIG"]
    kubectl = ["kubectl", "--kubeconfig", kubeconfig, "get", "pods", "-A"]
    for words, budget in BUDGETS.items():
        theirs, ours = [], []
        for _ in range(max(runs // 3, 3)):
            theirs.append(run(kubectl, at.env))
            ours.append(run(at.argv("--kubeconfig", kubeconfig, *words), at.env))
        seconds = [one.seconds for one in ours]
        base = median([one.seconds for one in theirs])
        yield Figure(
            what=f"arena {' '.join(words)}, {FEW:,} pods", budget=budget, measured=median(seconds) / base,
            unit="x kubectl", note=f"{spread(seconds)}, kubectl {base:.1f} s",
        )  # fmt: skip
        yield Figure(
            what=f"arena {' '.join(words)}, memory", budget=MEMORY,
            measured=median([one.memory for one in ours]), unit="MiB",
        )  # fmt: skip


def _growth(at: Home) -> Figure:
    """Bytes that each further pod takes."""
    few, many = _peak(at, FEW), _peak(at, MANY)
    return Figure(
        what=f"arena list -A, memory from {FEW:,} to {MANY:,} pods", budget=1024,
        measured=(many - few) * (1 << 20) / (MANY - FEW), unit="bytes a pod",
        note=f"{few:.0f} to {many:.0f} MiB",
    )  # fmt: skip


def _peak(at: Home, pods: int) -> float:
    """The peak of the memory of `list -A` with so many pods, in MiB."""
    with cluster(pods) as server:
        path = Path(at.env["HOME"]) / "simulated"
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        entry = {"name": "c", "cluster": {"server": server}}
        user = {"name": "u", "user": {"token": "t"}}
        known = {"clusters": [entry], "contexts": [context], "users": [user], "current-context": "c"}
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **known}), encoding="utf-8")
        done = at.arena("--kubeconfig", str(path), "list", "-A")
    if done.out.count(b"\n") < 2000:
        raise RuntimeError("the simulated cluster was not listed")
    return done.memory
