"""Reading 10,000 pods, 1,000 nodes and 2,000 jobs, against `kubectl get pods -A` in the same run.

Needs a cluster filled that way, named by ARENA_TEST_KUBECONFIG, and kubectl; only run with `--scale`. How
memory grows from there to 100,000 pods is measured on a server that simulates them.
"""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.home import Home, home
from benchmarks.measure import Figure, Run, median, run, spread, times
from benchmarks.simulated import cluster

BUDGETS = {("list", "-A"): 0.2, ("top", "job", "-A"): 0.2, ("top", "node"): 0.15}
"""The command, and its time as a share of kubectl's."""
NAMESPACE, NAMESPACE_BUDGET = "team-00", 350
"""A namespace of 100 jobs and 500 pods, and the milliseconds in which they are listed."""
MEMORY = 60
PAUSE = 1.0
"""Seconds between two commands."""
FEW, MANY = 10_000, 100_000


def figures(runs: int) -> Iterator[Figure]:
    """Wall time as a share of kubectl's, the peak of the memory, and how it grows."""
    with home() as at:
        yield from _real(at, runs)
        yield _one_namespace(at, runs)
        yield _growth(at)


def _real(at: Home, runs: int) -> Iterator[Figure]:
    done = _rounds(at, runs)
    base = median([one.seconds for one in done[()]])
    for words, budget in BUDGETS.items():
        seconds = [one.seconds for one in done[words]]
        yield Figure(
            what=f"arena {' '.join(words)}, {FEW:,} pods", budget=budget, measured=median(seconds) / base,
            unit="x kubectl", note=f"{spread(seconds)}, kubectl {base:.1f} s",
        )  # fmt: skip
        yield Figure(
            what=f"arena {' '.join(words)}, memory", budget=MEMORY,
            measured=median([one.memory for one in done[words]]), unit="MiB",
        )  # fmt: skip


def _one_namespace(at: Home, runs: int) -> Figure:
    """Wall time of `list` in one namespace."""
    argv = at.argv("--kubeconfig", os.environ["ARENA_TEST_KUBECONFIG"], "list", "-n", NAMESPACE)
    seconds = times(lambda: run(argv, at.env).seconds, runs)
    return Figure(
        what="arena list, one namespace of 100 jobs", budget=NAMESPACE_BUDGET,
        measured=median(seconds) * 1000, unit="ms", note=spread(seconds),
    )  # fmt: skip


def _rounds(at: Home, runs: int) -> dict[tuple[str, ...], list[Run]]:
    """Each command in each round, in random order; kubectl's under ().

    The pauses let the server collect the garbage of the command before, which may take half a second.
    """
    kubeconfig = os.environ["ARENA_TEST_KUBECONFIG"]
    argv: dict[tuple[str, ...], list[str]] = {}
    argv[()] = ["kubectl", "--kubeconfig", kubeconfig, "get", "pods", "-A"]
    argv |= {words: at.argv("--kubeconfig", kubeconfig, *words) for words in BUDGETS}
    done: dict[tuple[str, ...], list[Run]] = {words: [] for words in argv}
    for words in [each for _ in range(runs) for each in random.sample(list(argv), len(argv))]:
        time.sleep(PAUSE)
        done[words].append(run(argv[words], at.env))
    return done


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
