"""Sweeps on a real cluster without Katib: the command runs the trials, which are real pods."""

import json
import signal

import pytest
from field import RUNS, Field
from product import until

pytestmark = pytest.mark.cluster


def test_a_sweep_without_katib(ground: Field):
    """Its trials run two at a time; after its command was killed, another one goes on and repeats none."""
    words = ("sweep", "submit", "job", "--name", "s", *RUNS, "--param", "x=1,2,3,4,5", "--algorithm", "grid")
    child = ground.admin.start(
        *words, "--parallel", "2", "--metric", "score:max", "echo score=0.{x}; sleep 1"
    )
    assert child.stderr is not None
    assert child.stderr.readline().endswith(b"has no Katib\n")

    def sweep():
        code, out, _ = ground.admin.run("sweep", "get", "s", "-o", "json")
        return json.loads(out) if code == 0 else {"trials": []}

    until(lambda: "SUCCEEDED" in [one["status"] for one in sweep()["trials"]], 90, "the first result")
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert ground.admin.must("sweep", "resume", "s", seconds=120) == "sweep s resumed\n"
    made = sweep()
    (best,) = [one for one in made["trials"] if one["name"] == made["best"]]
    assert (made["status"], best["metrics"]) == ("SUCCEEDED", {"score": 0.5})
    assert sorted(one["number"] for one in made["trials"]) == [1, 2, 3, 4, 5]
    assert sorted(one["assignments"]["x"] for one in made["trials"]) == [1, 2, 3, 4, 5]
    ground.admin.must("sweep", "delete", "s")
    assert ground.admin.must("list", "-o", "name") == ""
