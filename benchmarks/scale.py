"""Reading 10,000 pods, 1,000 nodes and 2,000 jobs, against `kubectl get pods -A` in the same run.

Needs a cluster filled that way, named by ARENA_TEST_KUBECONFIG, and kubectl; only run with `--scale`.
"""

import os
from collections.abc import Iterator

from benchmarks.home import home
from benchmarks.measure import Figure, median, run, spread

READS = [("list", "-A"), ("top", "node"), ("top", "job", "-A")]


def figures(runs: int) -> Iterator[Figure]:
    """Wall time as a share of kubectl's, and the peak of the memory."""
    kubeconfig = os.environ["ARENA_TEST_KUBECONFIG"]
    with home() as at:
        kubectl = ["kubectl", "--kubeconfig", kubeconfig, "get", "pods", "-A"]
        for words in READS:
            theirs, ours = [], []
            for _ in range(max(runs // 3, 3)):
                theirs.append(run(kubectl, at.env))
                ours.append(run(at.argv("--kubeconfig", kubeconfig, *words), at.env))
            seconds = [one.seconds for one in ours]
            base = median([one.seconds for one in theirs])
            yield Figure(
                what=f"arena {' '.join(words)}, 10,000 pods", budget=0.6, measured=median(seconds) / base,
                unit="x kubectl", note=f"{spread(seconds, 1, 's')}, kubectl {base:.2f} s",
            )  # fmt: skip
            yield Figure(
                what=f"arena {' '.join(words)}, memory", budget=100,
                measured=median([one.memory for one in ours]), unit="MiB",
            )  # fmt: skip
