"""10,000 pods and 2,000 jobs: the page stays smooth, and its server small."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import browser
import psutil
import pytest
import yaml
from product import Product, until
from screens import RUNNING, Stage
from servers import LocalApi

JOBS, PODS = 2_000, 5
"""Number of jobs, and of pods of each."""
PAINT, MEMORY = 1000.0, 100.0
"""Milliseconds until the first paint and until the rows, once they are read; MiB of the server."""
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
LENGTH = "document.querySelector('.table')?.getAttribute('aria-rowcount')"
COUNT = "document.querySelector('.count').textContent"
SCROLLED = """new Promise(done => {
  const table = document.querySelector(".table"), times = [];
  let last = performance.now();
  const step = now => {
    times.push(now - last);
    last = now;
    table.scrollTop += 700;
    if (times.length < 80) requestAnimationFrame(step);
    else done(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]);
  };
  requestAnimationFrame(step);
})"""
FILTERED = """(() => {
  const field = document.querySelector("input");
  field.value = "failed train-1";
  const began = performance.now();
  field.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - began;
})()"""


@pytest.fixture(scope="module")
def crowd(api: LocalApi, stage: Stage) -> LocalApi:
    """A cluster with all these jobs and pods, on which nothing acts."""

    def fill(number: int) -> None:
        job = stage.job(
            f"train-{number:04}", "Created", ("Running", "Running", "Running", "Failed")[number % 4]
        )
        for pod in range(PODS):
            stage.pod(job, f"worker-{pod}" if pod else "master", **RUNNING)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fill, range(JOBS)))
    return api


@pytest.fixture
def viewed(crowd: LocalApi, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The link to the page of that cluster, and the process of its server."""
    arena = Product(tmp_path)
    cluster = {"name": "c", "cluster": {"server": crowd.url}}
    context = {"name": "c", "context": {"cluster": "c", "user": "", "namespace": "default"}}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({"current-context": "c", "clusters": [cluster], "contexts": [context]}))
    arena.env["KUBECONFIG"] = str(path)
    child = arena.start("dashboard", "--no-open")
    out = arena.lines(child.stdout)
    try:
        [link] = until(lambda: out)
        yield link.strip(), child.pid
    finally:
        arena.close()


def test_crowd(viewed: tuple[str, int], stage: Stage, chromium: browser.Browser) -> None:
    """The page paints within a second, has few elements, scrolls and filters at once; the server is small."""
    link, pid = viewed
    chromium.open(link)
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    assert until(lambda: chromium.run(paint)) < PAINT
    until(lambda: chromium.run(LENGTH) == str(JOBS), seconds=150)
    chromium.open(link.partition("#")[0])  # as the next viewer
    until(lambda: chromium.run(LENGTH) == str(JOBS))
    assert chromium.run("performance.now()") < PAINT + 1000
    assert chromium.run(paint) < PAINT
    assert chromium.run("document.querySelectorAll('*').length") < 1000
    assert chromium.run(SCROLLED) < 50
    assert chromium.run(FILTERED) < 100
    assert chromium.run("performance.memory.usedJSHeapSize / 2**20") < 50
    for more in range(1, 3):  # and so several readings
        stage.job(f"more-{more}")
        until(lambda more=more: f"{JOBS + more:,} jobs" in chromium.run(COUNT), seconds=150)
    assert psutil.Process(pid).memory_info().rss < MEMORY * 2**20
