"""kill -9 of every part: nothing is orphaned, nothing is lost, and the next command works."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from product import Product, until

pytestmark = pytest.mark.timeout(180)

TALKER = """
import pathlib, sys, time
for number in range(400):
    print("line", number, flush=True)
    if number == 199:
        while not pathlib.Path({go!r}).exists():
            time.sleep(0.02)
"""
SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(600)\n"


def kill(process: psutil.Process) -> None:
    """End it by SIGKILL, and wait until it is gone."""
    process.kill()
    process.wait(10)


def programs(arena: Product, script: str) -> list[psutil.Process]:
    """The processes of that script, without the supervisors and shells around it."""
    return [
        p for p in arena.processes(script) if "python" in p.name() and "supervisor.py" not in str(p.cmdline())
    ]


def supervisors(arena: Product) -> list[psutil.Process]:
    """The supervisors of all pods."""
    return arena.processes("supervisor.py")


def numbers(path: Path) -> list[int]:
    """The numbers of all lines seen."""
    return [int(number) for number in re.findall(r"line (\d+)", path.read_text(encoding="utf-8"))]


def followed(arena: Product) -> tuple[Path, Path, subprocess.Popen[bytes]]:
    """A job half of whose lines are out: the file that lets it go on, and what `logs -f` wrote and is."""
    go, seen = arena.home / "go", arena.home / "seen"
    arena.submit("talker", TALKER.format(go=str(go)))
    with seen.open("wb") as file:
        follower = arena.start("logs", "-f", "talker", stdout=file)
    until(lambda: len(numbers(seen)) >= 200, what="the first half of the log")
    return go, seen, follower


def test_a_killed_server_loses_no_line_and_no_job(arena: Product) -> None:
    """`logs -f` and the job outlive a killed server: every line once, in order, and the job succeeds."""
    go, seen, follower = followed(arena)
    old = arena.server()
    os.kill(old, signal.SIGKILL)
    until(lambda: arena.jobs() == {"talker": "RUNNING"}, what="the job to be found again")
    assert arena.server() != old
    go.touch()
    assert follower.wait(30) == 0, follower.stderr and follower.stderr.read()
    assert numbers(seen) == list(range(400))
    assert arena.jobs() == {"talker": "SUCCEEDED"}
    until(lambda: not arena.processes(), what="the last process to end")


def test_a_command_starts_a_killed_server_again(arena: Product) -> None:
    """`logs -f` alone brings a killed server back, and shows every line once."""
    go, seen, follower = followed(arena)
    os.kill(arena.server(), signal.SIGKILL)
    go.touch()
    assert follower.wait(30) == 0, follower.stderr and follower.stderr.read()
    assert numbers(seen) == list(range(400))


def test_a_job_that_ends_without_a_server_is_known_afterwards(arena: Product) -> None:
    """A program that ends while no server runs has its exit code and log kept for the next one."""
    go = arena.home / "go"
    arena.submit("talker", TALKER.format(go=str(go)))
    until(lambda: programs(arena, "talker.py"), what="the program")
    os.kill(arena.server(), signal.SIGKILL)
    go.touch()
    until(lambda: not arena.processes(), what="the program's end")
    until(lambda: arena.jobs() == {"talker": "SUCCEEDED"}, what="the outcome")
    assert "line 399" in arena.must("logs", "talker")


def test_a_killed_supervisor_leaves_no_orphan(arena: Product) -> None:
    """When a supervisor is killed its program is ended too, and the job says that it failed."""
    arena.submit("sleeper", SLEEPER)
    until(lambda: programs(arena, "sleeper.py"), what="the program")
    until(lambda: arena.jobs() == {"sleeper": "RUNNING"}, what="the job to run")
    for supervisor in supervisors(arena):
        kill(supervisor)
    until(lambda: arena.jobs() == {"sleeper": "FAILED"}, what="the failure")
    until(lambda: not arena.processes(), what="the orphan's end")


def test_a_killed_program_fails_its_job_with_137(arena: Product) -> None:
    """SIGKILL of the program is a failure whose exit code `wait` and `get` name."""
    arena.submit("sleeper", SLEEPER)
    until(lambda: arena.jobs() == {"sleeper": "RUNNING"}, what="the job to run")
    for program in until(lambda: programs(arena, "sleeper.py"), what="the program"):
        kill(program)
    code, _, err = arena.run("wait", "sleeper")
    assert code == 7
    assert "137" in err
    until(lambda: not arena.processes(), what="the supervisor's end")


def test_killing_everything_at_once(arena: Product) -> None:
    """After kill -9 of server, supervisors and programs the next commands work and nothing is left."""
    arena.submit("sleeper", SLEEPER)
    until(lambda: programs(arena, "sleeper.py"), what="the program")
    victims = [psutil.Process(arena.server()), *supervisors(arena), *programs(arena, "sleeper.py")]
    for victim in victims:
        with suppress(psutil.NoSuchProcess):  # one may go with another
            victim.kill()
    until(lambda: arena.jobs() == {"sleeper": "FAILED"}, what="the failure")
    until(lambda: not arena.processes(), what="the last process to end")
    arena.must("submit", "pytorchjob", "--name", "next", "--wait", "true")
    arena.must("delete", "sleeper", "next")
    assert arena.jobs() == {}


def test_reset_leaves_no_process(arena: Product) -> None:
    """`local reset` ends every program, also one that left its session and ignores SIGTERM."""
    stubborn = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork() or os.setsid()\n"
        "time.sleep(600)\n"
    )
    arena.submit("stubborn", stubborn)
    until(lambda: len(programs(arena, "stubborn.py")) == 2, what="both processes")
    arena.must("local", "reset", "--yes")
    assert not arena.processes()
    assert not arena.state.exists()
