"""`arena logs -f` of eight replicas into a file."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.home import Home, home, until
from benchmarks.measure import Figure, median

REPLICAS = 8
LINES = 50_000
PROGRAM = f"""
import os, sys
rank = os.environ["RANK"]
lines = (f"{{rank}}:{{number}} step of the training loop, loss 0.12345\\n" for number in range({LINES}))
sys.stdout.writelines(lines)
"""


def ended(at: Home) -> bool:
    """Whether every replica has written all it has to write."""
    pods = at.ask("/api/v1/namespaces/default/pods")["items"]
    return [pod["status"].get("phase") for pod in pods] == ["Succeeded"] * REPLICAS


def complete(path: Path) -> bool:
    """Whether the file holds every line of every replica once, in order."""
    seen = defaultdict(list)
    for rank, number in re.findall(rb"(\d):(\d+) step of", path.read_bytes()):
        seen[rank].append(int(number))
    return len(seen) == REPLICAS and all(lines == list(range(LINES)) for lines in seen.values())


def follow(at: Home, into: Path) -> float:
    """Seconds that the whole command takes to write all lines."""
    done = at.arena("logs", "-f", "chatty")
    into.write_bytes(done.out)
    return done.seconds


def figures(runs: int) -> Iterator[Figure]:
    """Lines a second, start-up of the command included."""
    with home() as at, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "chatty.py"
        script.write_text(PROGRAM, encoding="utf-8")
        kept = ("--workers", str(REPLICAS), "--clean-task-policy", "None")
        at.arena("submit", "pytorchjob", "--name", "chatty", *kept, f"python {script}")
        until(lambda: ended(at))
        into = Path(folder) / "lines"
        seconds = [follow(at, into) for _ in range(max(runs // 3, 3))]
        whole = complete(into)
    total = REPLICAS * LINES
    yield Figure(
        what=f"logs -f of {REPLICAS} replicas", budget=600_000, measured=total / median(seconds),
        unit="lines/s", least=True, note="nothing lost or doubled" if whole else "LINES LOST OR DOUBLED",
    )  # fmt: skip
