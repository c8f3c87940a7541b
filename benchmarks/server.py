"""The local cluster's server: with nothing to do, with many pods, and when it starts."""

import time
from collections.abc import Iterator

import psutil

from benchmarks.home import Home, home, until
from benchmarks.measure import Figure, median, spread, times

WINDOW = 10.0
"""Seconds of watching."""
PODS = 500
JOBS = "/apis/batch/v1/namespaces/default/jobs"


def figures(runs: int) -> Iterator[Figure]:
    """Resident memory, CPU time as a share of the window, and what a stopped server adds to a command."""
    with home() as at:
        yield from starting(at, runs)
        server = psutil.Process(at.server())
        memory, share, used = watched(server)
        yield Figure(what="idle server, memory", budget=45, measured=memory, unit="MB")
        yield Figure(
            what="idle server, CPU", budget=0.2, measured=share, unit="% of a core",
            note=f"{used * 1000:.0f} ms in {WINDOW:.0f} s; the clock ticks every 10 ms",
        )  # fmt: skip
        seconds = run_pods(at)
        memory, share, used = watched(server)
        yield Figure(
            what=f"server of {PODS} running pods, memory", budget=150, measured=memory, unit="MB",
            note=f"started in {seconds:.0f} s",
        )  # fmt: skip
        yield Figure(
            what=f"server of {PODS} running pods, CPU", budget=10, measured=share, unit="% of a core",
            note=f"{used * 1000:.0f} ms in {WINDOW:.0f} s",
        )  # fmt: skip


def starting(at: Home, runs: int) -> Iterator[Figure]:
    """What `arena local start` takes longer where no server runs; one runs at the end."""

    def start(stop: bool) -> float:
        if stop:
            at.arena("local", "stop")
        return at.arena("local", "start").seconds

    cold = times(lambda: start(stop=True), runs)
    warm = times(lambda: start(stop=False), runs)
    yield Figure(
        what="cold start of the server", budget=300, measured=(median(cold) - median(warm)) * 1000, unit="ms",
        note=f"more than a running one; {spread(cold)}",
    )  # fmt: skip
    at.arena("list")


def watched(server: psutil.Process) -> tuple[float, float, float]:
    """Memory in MB, CPU in percent of a core, and CPU seconds, once the server is at rest."""
    time.sleep(3)
    before = sum(server.cpu_times()[:2])
    time.sleep(WINDOW)
    used = sum(server.cpu_times()[:2]) - before
    return server.memory_info().rss / 1e6, 100 * used / WINDOW, used


def run_pods(at: Home) -> float:
    """Run one job of many pods that sleep; the seconds until all are ready."""
    container = {"name": "main", "image": "none", "command": ["sleep", "3600"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"parallelism": PODS, "completions": PODS, "completionMode": "Indexed", "template": template}
    began = time.monotonic()
    at.ask(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "many"}, "spec": spec})
    until(lambda: at.ask(f"{JOBS}/many").get("status", {}).get("ready") == PODS, 900, every=2.0)
    return time.monotonic() - began
