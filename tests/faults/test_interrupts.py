"""Ctrl-C and readers that leave: every long command ends at once, quietly, and leaves nothing behind."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import IO

import pytest
from gate import Gate
from product import Product, quoted, until

pytestmark = pytest.mark.timeout(180)

TALKER = (
    "import itertools, time\n"
    "for number in itertools.count():\n"
    "    print('line', number, flush=True)\n"
    "    time.sleep(0.05)\n"
)

LONG = {
    "logs": ("logs", "-f", "talker"),
    "list": ("list", "-w"),
    "wait": ("wait", "talker"),
    "attach": (
        "attach",
        "talker",
        "--",
        "python",
        "-c",
        "import time; print('in', flush=True); time.sleep(600)",
    ),
    "exec": ("exec", "talker", "--", "python", "-c", "import time; print('in', flush=True); time.sleep(600)"),
    "top node": ("top", "node", "-r"),
    "top job": ("top", "job", "-r"),
}


@pytest.fixture
def talker(arena: Product) -> Product:
    """A job that writes forever."""
    # Python leaves open the file of a module whose import is interrupted.
    arena.env["PYTHONWARNINGS"] = "error,ignore::ResourceWarning"
    arena.submit("talker", TALKER)
    until(lambda: arena.jobs() == {"talker": "RUNNING"}, what="the job to run")
    return arena


def interrupt(child: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Send what Ctrl-C sends; the exit code and the standard error."""
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    return child.returncode, err.decode()


def test_ctrl_c_ends_every_long_command(talker: Product) -> None:
    """Each long command ends with 130 within seconds, without a traceback, and the job continues."""
    for words in LONG.values():
        with (talker.home / "screen").open("w+b") as screen:
            child = talker.start(*words, stdout=screen, stderr=screen)
            until(lambda screen=screen: os.fstat(screen.fileno()).st_size, what=f"what arena {words} writes")
            child.send_signal(signal.SIGINT)
            code = child.wait(30)
            err = Path(screen.name).read_text("utf-8")
        assert code == 130, (words, code, err)
        assert "Traceback" not in err, (words, err)
    until(lambda: not talker.processes("time.sleep(600)"), what="the end of what exec started")
    assert talker.jobs() == {"talker": "RUNNING"}


@pytest.mark.parametrize("flag", ["--wait", "--logs"])
def test_ctrl_c_while_waiting_for_a_submitted_job(arena: Product, flag: str) -> None:
    """Leaving `submit --wait` or `--logs` leaves the job, which was submitted, and says so."""
    script = arena.home / "talker.py"
    script.write_text(TALKER, encoding="utf-8")
    child = arena.start("submit", "pytorchjob", "--name", "talker", flag, quoted("python", script))
    assert child.stdout
    assert child.stdout.readline() == b"pytorchjob talker submitted\n"  # until then Ctrl-C takes it back
    until(lambda: arena.jobs() == {"talker": "RUNNING"}, what="the job to run")
    code, err = interrupt(child)
    assert code == 130
    assert "Traceback" not in err
    assert arena.jobs() == {"talker": "RUNNING"}


@pytest.mark.parametrize("word", ["/pytorchjobs", "/pods"])
def test_ctrl_c_while_a_cluster_is_silent(arena: Product, gate: Gate, word: str) -> None:
    """Ctrl-C ends a command at once, even if the cluster does not answer."""
    over = threading.Event()

    def silent(method: str, path: str) -> None:
        if word in path:
            over.wait(60)

    arena.submit("one", "print('done')")
    gate.rules.append(silent)
    child = arena.start("--kubeconfig", gate.kubeconfig, "list")
    until(lambda: any(word in path for _, path in gate.seen), what="the request")
    code, err = interrupt(child)
    over.set()
    assert (code, "Traceback" in err) == (130, False)


def test_a_reader_that_leaves(talker: Product) -> None:
    """`arena ... | head -0` ends at once with 141, as if by SIGPIPE, and says nothing on standard error."""
    for words in (("logs", "-f", "talker"), ("list",), ("get", "talker", "-o", "json"), ("--help",)):
        line = f"({quoted(sys.executable)} -m arena {' '.join(words)} 2>err; echo $? >code) | head -0"
        subprocess.run(["sh", "-c", line], env=talker.env, cwd=talker.home, timeout=30, check=False)
        assert (talker.home / "err").read_text() == "", words
        assert (talker.home / "code").read_text() == "141\n", words


def is_full(pipe: "IO[bytes]") -> bool:
    """Whether another page does not fit into the pipe."""
    unread = int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
    return unread > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - resource.getpagesize()


def test_a_full_pipe_does_not_stop_the_others(arena: Product) -> None:
    """A follower whose output nobody reads blocks itself alone."""
    arena.submit("talker", TALKER.replace("number, flush", "'of ' * 10000, number, flush"))
    child = arena.start("logs", "-f", "talker")
    assert child.stdout
    until(lambda: child.stdout and is_full(child.stdout), what="a full pipe")
    seen = last(arena)
    until(lambda: last(arena) > seen, what="another line of the program")
    assert arena.jobs() == {"talker": "RUNNING"}
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)


def last(arena: Product) -> int:
    """The number of the last line that the program wrote."""
    return int(arena.must("logs", "talker", "--tail", "1").split()[-1])


DROPPED = """
import os, sys, threading, weakref
from arena import __main__ as program

program._handle_signals()
sys.unraisablehook = program._repeat_signal

class Thing:
    pass

def last_words(_):
    os.kill(os.getpid(), int(sys.argv[1]))
    sum(range(1000))  # the signal comes here, where Python drops its exception

thing = Thing()
watched = weakref.ref(thing, last_words)
del thing
threading.Event().wait(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_python_drops_comes_again(number: signal.Signals) -> None:
    """A signal that arrives in a callback whose exceptions Python drops ends the command all the same."""
    words = [sys.executable, "-c", DROPPED, str(int(number))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode in (-number, 128 + number)
    assert "Exception ignored" not in done.stderr
