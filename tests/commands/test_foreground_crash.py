"""Whatever is killed while a command runs a sweep, no result is lost and no trial that has ended runs again.

`ARENA_TEST_KILLS=100 pytest tests/commands/test_foreground_crash.py` kills more often than by default.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from product import Product, product, quoted, until

KILLS = int(os.environ.get("ARENA_TEST_KILLS", "5"))
PARALLEL = 3
ATTEMPTS = 6
"""How often a trial's job starts its program again once it was killed."""
PROGRAM = """
import fcntl, sys, time
from pathlib import Path

home, value, trial = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def note(what):
    with open(home / "log", "a") as file:
        file.write(f"{what} {trial}\\n")

def slot():
    for number in range(PARALLEL):
        file = open(home / f"slot-{number}", "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            file.close()
    note("exceeded")

held = slot()
time.sleep(0.2)
print("score=" + value, flush=True)
note("finished")
"""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """A local cluster of the test's own."""
    with product(tmp_path) as made:
        made.must("local", "start")
        yield made


class Sweep:
    """A sweep whose process is started again whenever it was killed."""

    def __init__(self, arena: Product, trials: int) -> None:
        self.arena = arena
        script = arena.home / "train.py"
        script.write_text(PROGRAM.replace("PARALLEL", str(PARALLEL)), "utf-8")
        words = ("--param", f"x=int:1..{100 * trials}", "--metric", "score:max", "--max-trials", str(trials))
        line = f"{quoted('python', script, arena.home)} {{x}} {{trial}}"
        self.child = arena.start(
            "sweep", "submit", "job", "--name", "hp", "--engine", "foreground", *words, "--max-failed", "1",
            "--parallel", str(PARALLEL), "--retry", str(ATTEMPTS), line,
        )  # fmt: skip

    def has_ended(self) -> bool:
        """Whether its process has ended; a server that was killed is started again by it, or here."""
        code = self.child.poll()
        if code == 6:
            self.arena.must("local", "start")
            self.go_on()
            return False
        assert code in (None, 0), self.child.communicate()
        return code == 0

    def go_on(self) -> None:
        """Run it in a new process."""
        self.child = self.arena.start("sweep", "resume", "hp")

    def kill(self, chosen: random.Random) -> str:
        """Kill its process, the server, a program, or what watches over a program; say what it was."""
        what = chosen.choice(["process", "process", "server", "trial", "supervisor"])
        with suppress(psutil.Error, OSError):
            if what == "process":
                self.child.kill()
                self.child.wait()
                self.go_on()
            elif what == "server":
                psutil.Process(self.arena.server()).kill()
            elif found := self.arena.processes("supervisor.py" if what == "supervisor" else "train.py"):
                chosen.choice(found).kill()
        return what


@pytest.mark.timeout(120 + 20 * KILLS)
def test_random_kills(arena: Product) -> None:
    """After kills at random moments, all trials have ended once, never more than allowed at the same time."""
    number = 3 * KILLS
    sweep, chosen, killed = Sweep(arena, number), random.Random(KILLS), list[str]()
    until(lambda: "hp-1" in arena.jobs())
    while len(killed) < KILLS and not sweep.has_ended():
        moment = time.monotonic() + chosen.random() * 0.8
        until(lambda: time.monotonic() > moment)  # noqa: B023 - it is called at once
        killed.append(sweep.kill(chosen))
    until(sweep.has_ended, 60 + 10 * KILLS, f"the end after {killed}")
    made = json.loads(arena.must("sweep", "get", "hp", "-o", "json"))
    assert made["status"] == "SUCCEEDED", made["reason"]
    trials = made["trials"]
    assert sorted(one["number"] for one in trials) == [*range(1, number + 1)]
    assert Counter(one["status"] for one in trials) == {"SUCCEEDED": number}
    assert all(one["metrics"]["score"] == one["assignments"]["x"] for one in trials)
    assert len({one["assignments"]["x"] for one in trials}) == number
    noted = [line.split() for line in (arena.home / "log").read_text("utf-8").splitlines()]
    assert [one for what, one in noted if what == "exceeded"] == []
    finished = Counter(one for what, one in noted if what == "finished")
    assert set(finished) == {one["name"] for one in trials}
    # A program that was killed between its last line and its own end runs again, and nothing else does.
    assert sum(finished.values()) - number <= sum(one in ("trial", "supervisor") for one in killed)
