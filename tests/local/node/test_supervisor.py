"""A run under its supervisor: what it writes, what it reads, how it ends."""

import json
import os
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bed import until

from arena.local.node import processes, runs
from arena.local.node.streams import Input

Start = Callable[..., Path]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command under a supervisor; its folder."""
    folders: list[Path] = []

    def begin(*argv: str, **spec: Any) -> Path:
        folder = tmp_path / "runs" / str(len(folders))
        env = {"PATH": os.environ["PATH"], processes.MARK: str(tmp_path)}
        runs.prepare(folder, {"argv": argv, "env": env, "cwd": str(tmp_path), **spec})
        runs.launch(folder).wait()
        folders.append(folder)
        return folder

    yield begin
    for folder in folders:
        run = runs.read(folder)
        if run.state == runs.RUNNING and processes.alive(run.supervisor, run.supervisor_start):
            os.kill(run.supervisor, signal.SIGKILL)
    processes.sweep(str(tmp_path))


def ended(folder: Path) -> runs.Run:
    until((folder / "exit").exists, 30)
    return runs.read(folder)


def lines(folder: Path, name: str = "log") -> list[list[str]]:
    return [line.split(" ", 3) for line in (folder / name).read_text().splitlines()]


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (("true",), 0, "Completed"),
        (("sh", "-c", "exit 9"), 9, "Error"),
        (("sh", "-c", "kill -TERM $$"), 143, "Error"),
        (("no-such-command",), 127, "ContainerCannotRun"),
        (("/etc/passwd",), 126, "ContainerCannotRun"),
        (("/etc/passwd/x",), 126, "ContainerCannotRun"),
    ],
)
def test_exit(start: Start, argv: tuple[str, ...], code: int, reason: str) -> None:
    """The end of a command is recorded with its code, 128 + signal for signals, 127 and 126 for no start."""
    run = ended(start(*argv))
    assert (run.code, run.reason) == (code, reason)
    assert 0 <= run.finished - run.started < 20


def test_log_lines(start: Start) -> None:
    """Each line has a stream, a tag and a time of its own, and the times rise."""
    folder = start("sh", "-c", "for i in $(seq 500); do echo $i; done; echo e >&2; printf rest")
    ended(folder)
    found = lines(folder)
    assert [line[3] for line in found if line[1] == "stdout"] == [*map(str, range(1, 501)), "rest"]
    assert [line[3] for line in found if line[1] == "stderr"] == ["e"]
    times = [line[0] for line in found]
    assert times == sorted(set(times))


def test_long_line(start: Start) -> None:
    """A long line is cut into partial ones that together are the line, byte for byte."""
    folder = start(sys.executable, "-c", "print('x' * 40000 + 'end'); print('next')")
    ended(folder)
    found = lines(folder)
    assert [line[2] for line in found] == ["P", "P", "F", "F"]
    assert "".join(line[3] for line in found[:3]) == "x" * 40000 + "end"


def test_binary(start: Start) -> None:
    """Bytes that are no text arrive as they are."""
    folder = start(sys.executable, "-c", "import os; os.write(1, bytes(b for b in range(256) if b != 10))")
    ended(folder)
    content = (folder / "log").read_bytes().split(b" ", 3)[3]
    assert content == bytes(b for b in range(256) if b != 10) + b"\n"


def test_rotation(start: Start) -> None:
    """Logs rotate at their limit, three files at most, and the newest lines are complete."""
    folder = start("sh", "-c", "for i in $(seq 20000); do echo line $i; done", log_bytes=100_000)
    ended(folder)
    names = sorted(one.name for one in folder.glob("log*"))
    assert names == ["log", "log.1", "log.2"]
    numbers = [int(line[3].split()[1]) for name in ("log.2", "log.1", "log") for line in lines(folder, name)]
    assert numbers == list(range(numbers[0], 20001))
    assert all((folder / name).stat().st_size < 400_000 for name in names)


def test_throughput(start: Start) -> None:
    """Half a million lines a second pass through, on a quiet machine; a tenth of it on any."""
    count = 500_000
    folder = start(
        sys.executable, "-c", f"for i in range({count}): print('a line of the log', i)", log_bytes=1 << 30
    )
    run = ended(folder)
    with open(folder / "log", "rb") as log:
        assert sum(1 for _ in log) == count
    assert count / (run.finished - run.started) > 50_000


def test_environment(start: Start) -> None:
    """The command gets the environment of its spec and nothing of anybody else's."""
    folder = start(sys.executable, "-c", "import os; print(sorted(os.environ))")
    ended(folder)
    assert set(json.loads(lines(folder)[0][3].replace("'", '"'))) <= {"PATH", processes.MARK, "LC_CTYPE"}


def test_stdin(start: Start) -> None:
    """The named pipe feeds the command, client after client."""
    folder = start("sh", "-c", "read a; read b; echo $a-$b", stdin=True)
    for word in ("one", "two"):
        with open(folder / "stdin", "w") as pipe:
            pipe.write(f"{word}\n")
    ended(folder)
    assert lines(folder)[0][3] == "one-two"


def test_stdin_once(start: Start) -> None:
    """With stdinOnce the input ends when the first client leaves."""
    folder = start("cat", stdin=True, stdin_once=True)
    with open(folder / "stdin", "w") as pipe:
        pipe.write("all\n")
    assert ended(folder).code == 0
    assert lines(folder)[0][3] == "all"


def test_slow_reader(start: Start, tmp_path: Path) -> None:
    """A command that reads its input late gets all of it, and its output flows meanwhile."""
    script = "echo early; while [ ! -e go ]; do sleep 0.02; done; wc -c"
    folder = start("sh", "-c", script, stdin=True, stdin_once=True)
    writer = threading.Thread(target=lambda: (folder / "stdin").write_bytes(b"x" * 3_000_000))
    writer.start()
    until(lambda: (folder / "log").read_text().endswith("early\n"))
    (tmp_path / "go").touch()
    writer.join()
    assert ended(folder).code == 0
    assert lines(folder)[1][3].strip() == "3000000"


def test_tty(start: Start) -> None:
    """With a terminal the command has one, also for its input."""
    folder = start("sh", "-c", "test -t 0 && test -t 1 && read a && echo got $a", stdin=True, tty=True)
    with open(folder / "stdin", "w") as pipe:
        pipe.write("word\n")
    assert ended(folder).code == 0
    assert "got word" in [line[3] for line in lines(folder)]


def test_descendants(start: Start, tmp_path: Path) -> None:
    """When the command ends, daemons that it left are killed, and holding the output delays nothing."""
    folder = start("sh", "-c", "setsid sleep 1000 & (setsid setsid sleep 1000 &); sleep 1000 & sleep 0.2")
    ended(folder)
    assert processes.marked(str(tmp_path)) == []


def test_term_to_supervisor(start: Start) -> None:
    """TERM to the supervisor is passed on to the command, whose end is recorded."""
    folder = start("sleep", "1000")
    os.kill(runs.read(folder).supervisor, signal.SIGTERM)
    assert ended(folder).code == 143


def test_private(start: Start) -> None:
    """What may hold secrets is readable by the owner only."""
    folder = start("true")
    ended(folder)
    modes = {one.name: one.stat().st_mode & 0o077 for one in [folder, *folder.iterdir()]}
    assert modes == dict.fromkeys(modes, 0)


def test_second_supervisor(start: Start) -> None:
    """A run that is over is not run again by a supervisor that comes late."""
    folder = start("sh", "-c", "echo once")
    ended(folder)
    runs.launch(folder).wait()
    assert len(lines(folder)) == 1


def test_full_disk(start: Start, tmp_path: Path) -> None:
    """A log that cannot be written ends neither the command nor the record of its end."""
    folder = tmp_path / "runs" / "9"
    spec = {"argv": ["sh", "-c", "echo a; echo b; exit 6"], "env": {"PATH": os.environ["PATH"]}, "cwd": "/"}
    runs.prepare(folder, spec)
    (folder / "log").symlink_to("/dev/full")
    runs.launch(folder).wait()
    assert ended(folder).code == 6


def test_a_client_that_comes_as_another_leaves(tmp_path: Path) -> None:
    """A client that opens the pipe between its predecessor's leaving and our look at it is served."""
    pipe = tmp_path / "stdin"
    os.mkfifo(pipe)
    reader, target = os.pipe()
    with selectors.DefaultSelector() as selector, open(reader, "rb", 0) as taken:
        feed = Input(str(pipe), target, False, False)
        feed.begin(selector)
        os.close(os.open(pipe, os.O_WRONLY))
        assert selector.select(5)
        with open(pipe, "wb", 0) as client:
            feed.ready(selector)
            client.write(b"hello")
            for _ in range(2):
                assert selector.select(5)
                feed.ready(selector)
            assert taken.read(5) == b"hello"
        os.close(feed.fd)
        os.close(feed.target)
