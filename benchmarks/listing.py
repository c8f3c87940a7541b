"""`arena list`: 100 jobs on the local cluster."""

import json
import shutil
import sys
from collections.abc import Iterator

from benchmarks.home import Home, home, until
from benchmarks.measure import Figure, median, run, spread

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


def versus(at: Home, other: list[str], runs: int) -> tuple[list[float], list[float]]:
    """Seconds of `arena list` and of another command, in turn."""
    ours, theirs = [], []
    for turn in range(runs + 1):
        first, second = at.arena("list").seconds, run(other, at.env).seconds
        if turn:  # the first round warms up
            ours.append(first)
            theirs.append(second)
    return ours, theirs


def figures(runs: int) -> Iterator[Figure]:
    """Wall time of the whole process, alternating with the command that it is compared with."""
    with home() as at:
        fill(at)
        others = [("import click", 2.5, [sys.executable, "-c", "import click"])]
        if kubectl := shutil.which("kubectl"):
            config = str(at.state / "kubeconfig")
            others.append(("kubectl get", 1.3, [kubectl, "--kubeconfig", config, "get", "pytorchjobs"]))
        for what, budget, argv in others:
            ours, theirs = versus(at, argv, runs)
            yield Figure(
                what=f"arena list, local cluster, {JOBS} jobs", budget=budget,
                measured=median(ours) / median(theirs), unit=f"x {what}",
                note=f"{median(ours) * 1000:.0f} ms ({spread(ours)}), {what} {median(theirs) * 1000:.0f} ms",
            )  # fmt: skip
