"""`arena metrics` on a local cluster with real jobs."""

import json
import sys
from pathlib import Path

import pytest
from product import Product, quoted

pytestmark = pytest.mark.timeout(60)


def test_several_jobs_over_each_other(arena: Product, tmp_path: Path) -> None:
    """The metrics of jobs are a table, one plot, one picture and JSON; what they printed once counts, too."""
    for name, start in (("slow", 4), ("fast", 1)):
        line = (
            f"for i in 1 2 4; do echo step=$i loss=$(({start} * 8 / i)); done; echo 'accuracy: 0.5' nan=nan"
        )
        arena.must("submit", "job", "--name", name, "--wait", line)
    rows = [line.split() for line in arena.must("metrics", "slow", "fast").splitlines()]
    assert rows == [
        ["METRIC", "JOB", "STEP", "LAST", "MIN", "MAX", "VALUES", "CURVE"],
        ["loss", "slow", "4", "8", "8", "32", "3", "█▄▂"],
        ["loss", "fast", "4", "2", "2", "8", "3", "▂▁▁"],
        ["accuracy", "slow", "-", "0.5", "0.5", "0.5", "1"],
        ["accuracy", "fast", "-", "0.5", "0.5", "0.5", "1"],
        ["nan", "slow", "-", "nan", "-", "-", "1"],
        ["nan", "fast", "-", "nan", "-", "-", "1"],
    ]
    drawn = arena.must("metrics", "slow", "fast", "--metric", "loss", "--ascii").splitlines()
    assert drawn[0] == "loss"
    assert drawn[-1] == "o slow 8   + fast 2"
    assert any(line.endswith(" step") for line in drawn[-4:])
    assert "There are no two finite values." in arena.must("metrics", "slow", "--plot")
    file = tmp_path / "loss.svg"
    assert (
        arena.run("metrics", "slow", "fast", "--metric", "loss", "--file", str(file)).err == f"saved {file}\n"
    )
    assert {"slow 8", "fast 2"} <= set(file.read_text("utf-8").replace("<", ">").split(">"))
    [one] = json.loads(arena.must("metrics", "slow", "-o", "json"))
    assert [(at["step"], at["value"]) for at in one["metrics"]["loss"]["points"]] == [
        (1, 32),
        (2, 16),
        (4, 8),
    ]
    assert one["metrics"]["nan"]["last"] == "nan"
    assert one["onlyLastLines"] is None


def test_jobs_without_metrics(arena: Product) -> None:
    """A job that prints no metrics is told of, bounds are told of, and what is unknown is refused."""
    arena.must("submit", "job", "--name", "mute", "--wait", "echo out")
    ended = arena.run("metrics", "mute")
    assert (ended.code, ended.out, ended.err) == (0, "", "mute has reported no metrics, such as loss=0.5\n")
    arena.must("submit", "job", "--name", "long", "--wait", "seq -f 'loss=%g' 20002")
    ended = arena.run("metrics", "long", "-o", "json")
    [one] = json.loads(ended.out)
    assert (one["onlyLastLines"], one["metrics"]["loss"]["min"]) == (20000, 3)
    assert "only the last 20,000 lines of long were read\n" in arena.run("metrics", "long").err
    ended = arena.run("metrics", "long", "--metric", "lost")
    assert (ended.code, ended.out) == (2, "")
    assert "no metric is called lost" in ended.err
    assert arena.run("metrics", "none").code == 3
    assert arena.run("metrics").code == 2
    assert arena.run("metrics", *(f"j{at}" for at in range(13))).code == 2
    assert arena.run("metrics", "long", "--file", "a.gif").code == 2
    assert arena.run("metrics", "long", "-o", "json", "--file", "a.png").code == 2


EVENTS = """
import struct, sys, time
def field(number, kind, content):
    size = bytes([len(content)]) if kind == 2 else b""
    return bytes([number << 3 | kind]) + size + content
def record(content):
    return struct.pack("<QI", len(content), 0) + content + bytes(4)
def event(step, tag, value, wall):
    summary = field(1, 2, field(1, 2, tag) + field(2, 5, struct.pack("<f", value)))
    return record(field(1, 1, struct.pack("<d", wall)) + field(2, 0, bytes([step])) + field(5, 2, summary))
import os
for folder, start in (("train", 4), ("val", 8)):
    os.makedirs(f"{sys.argv[1]}/{folder}", exist_ok=True)
    with open(f"{sys.argv[1]}/{folder}/events.out.tfevents.{os.getpid()}", "wb") as file:
        file.write(record(b"\\xff" * 9) + event(1, b"loss", 99, time.time() - 1000))
        file.write(b"".join(event(step, b"loss", start / step, time.time()) for step in (1, 2, 4)) + b"cut")
print("train/loss=7 other=1")
"""


@pytest.mark.parametrize("place", ["relative", "absolute"])
def test_event_files(arena: Product, place: str) -> None:
    """On the local cluster, the scalars of event files that were written while the job ran count, too."""
    file = arena.home / "events.py"
    file.write_text(EVENTS, "utf-8")
    folder = "runs" if place == "relative" else str(arena.home / "logs")
    options = ("--tensorboard", "--logdir", folder)
    arena.must(
        "submit", "pytorchjob", "--name", "tb", *options, "--wait", quoted(sys.executable, file, folder)
    )
    [one] = json.loads(arena.must("metrics", "tb", "-o", "json"))
    told = {
        name: [(at["step"], at["value"]) for at in metric["points"]]
        for name, metric in one["metrics"].items()
    }
    assert told == {
        "train/loss": [(1, 4), (2, 2), (4, 1)],
        "val/loss": [(1, 8), (2, 4), (4, 2)],
        "other": [(None, 1)],
    }
