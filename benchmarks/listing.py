"""`arena list`: 100 jobs on the local cluster, and the cluster that ARENA_TEST_KUBECONFIG names."""

import json
import os
from collections.abc import Iterator

from benchmarks.home import Home, home, until
from benchmarks.measure import Figure, median, run, spread, times

JOBS = 100
PATH = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"


def fill(at: Home) -> None:
    """Make jobs of one short replica each, and wait until all have ended."""
    at.arena("local", "start")
    text = at.arena("submit", "pytorchjob", "--name", "job", "--dry-run", "-o", "json", "true").out
    made = json.loads(text)
    job = next(item for item in made.get("items", [made]) if item["kind"] == "PyTorchJob")
    for number in range(JOBS):
        at.ask(PATH, job | {"metadata": job["metadata"] | {"name": f"job-{number:03d}"}})
    until(lambda: sum("completionTime" in item.get("status", {}) for item in at.ask(PATH)["items"]) == JOBS)


def figures(runs: int) -> Iterator[Figure]:
    """Wall time of the whole process."""
    with home() as at:
        fill(at)
        seconds = times(lambda: at.arena("list").seconds, runs)
        yield Figure(
            what=f"arena list, local cluster, {JOBS} jobs", budget=150, measured=median(seconds) * 1000,
            unit="ms", note=spread(seconds),
        )  # fmt: skip
    kubeconfig = os.environ.get("ARENA_TEST_KUBECONFIG")
    if kubeconfig:
        argv = at.argv("--kubeconfig", kubeconfig, "list", "-A")
        seconds = times(lambda: run(argv, at.env | {"HOME": "/"}).seconds, runs)
        yield Figure(
            what="arena list, real cluster", budget=350, measured=median(seconds) * 1000,
            unit="ms + network", note=spread(seconds),
        )  # fmt: skip
