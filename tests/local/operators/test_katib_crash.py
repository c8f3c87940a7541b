"""Whatever is killed while a sweep runs, no result is lost and no trial that has ended runs again.

`ARENA_TEST_KILLS=100 pytest tests/local/operators/test_katib_crash.py` kills more often than by default.
"""

import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from katib_manifests import experiment, job, template
from product import Product, product, quoted, until

KILLS = int(os.environ.get("ARENA_TEST_KILLS", "10"))
PATH = "/apis/kubeflow.org/v1beta1/namespaces/default"
ATTEMPTS = 6
"""How often a trial's job starts its program again once it was killed."""


@pytest.fixture
def arena(tmp_path: Path):
    """A local cluster of the test's own."""
    with product(tmp_path) as made:
        made.must("local", "start")
        yield made


def status(arena: Product) -> dict:
    """The status of the experiment, from the next server if the last one was killed."""
    with suppress(OSError):
        return arena.ask(f"{PATH}/experiments/hp").get("status") or {}
    arena.must("local", "start")
    return {}


def kill(chosen: random.Random, arena: Product) -> str:
    """Kill the server, the process that computes suggestions, or a process of a trial; what it was."""
    what = chosen.choice(["server", "suggestions", "trial", "trial", "supervisor"])
    with suppress(psutil.Error, OSError):
        server = psutil.Process(arena.server())
        if what == "server":
            server.kill()
        elif what == "suggestions":
            for one in server.children():
                if any("suggestions" in word for word in one.cmdline()):
                    one.kill()
        else:
            word = "supervisor.py" if what == "supervisor" else "train.py"
            found = arena.processes(word)
            if found:
                chosen.choice(found).kill()
    return what


def test_random_kills(arena: Product) -> None:
    """After kills at random moments, all trials end, each with the result of its own parameters."""
    log = arena.home / "finished"
    script = arena.home / "train.py"
    script.write_text(
        "import os, sys, time\n"
        "time.sleep(0.2)\n"
        "print('loss=' + sys.argv[1], flush=True)\n"
        f"with open({str(log)!r}, 'a') as file: file.write(os.environ['KATIB_TRIAL_NAME'] + '\\n')\n",
        "utf-8",
    )
    run = job(f"{quoted('python', script)} ${{trialParameters.lr}}", backoffLimit=ATTEMPTS)
    number = 3 * KILLS
    body = experiment(trialTemplate=template(run), maxTrialCount=number, parallelTrialCount=3)
    arena.ask(f"{PATH}/experiments", {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", **body})
    chosen = random.Random(KILLS)
    killed: list[str] = []
    while len(killed) < KILLS and not status(arena).get("completionTime"):
        moment = time.monotonic() + chosen.random() * 0.4
        until(lambda: time.monotonic() > moment)  # noqa: B023 - it is called at once
        killed.append(kill(chosen, arena))
    until(lambda: status(arena).get("completionTime"), 60 + 10 * KILLS, f"the end after {killed}")
    trials = arena.ask(f"{PATH}/trials")["items"]
    assert len(trials) == status(arena)["trials"] == number
    phases = Counter(one["status"]["conditions"][-1]["type"] for one in trials)
    assert phases == {"Succeeded": number}, [one["status"]["conditions"][-1] for one in trials]
    for one in trials:
        value = one["spec"]["parameterAssignments"][0]["value"]
        assert one["status"]["observation"]["metrics"][0]["latest"] == value
    assert len({one["spec"]["parameterAssignments"][0]["value"] for one in trials}) == number
    finished = Counter(log.read_text("utf-8").split())
    assert set(finished) == {one["metadata"]["name"] for one in trials}
    # A program that was killed between its last line and its own end runs again, and nothing else does.
    assert sum(finished.values()) - number <= len(killed)
