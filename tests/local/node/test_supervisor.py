"""A run under its supervisor: what it writes, what it reads, how it ends."""

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from bed import until

from arena.local.node import container_runs, processes
from arena.local.node.stdin import StdinPipe
from arena.operating_system import is_running

Start = Callable[..., Path]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command under a supervisor; its folder."""
    folders: list[Path] = []

    def begin(*argv: str, **spec: Any) -> Path:
        folder = tmp_path / "runs" / str(len(folders))
        env = {"PATH": os.environ["PATH"], processes.MARK: str(tmp_path)}
        container_runs.prepare(folder, {"argv": argv, "env": env, "cwd": str(tmp_path), **spec})
        container_runs.launch(folder).wait()
        folders.append(folder)
        return folder

    yield begin
    for folder in folders:
        run = container_runs.read(folder)
        if run.state == container_runs.RUNNING and is_running(run.supervisor, run.supervisor_start):
            os.kill(run.supervisor, signal.SIGKILL)
    processes.kill_marked(str(tmp_path))


def ended(folder: Path) -> container_runs.Run:
    until((folder / "exit").exists)
    return container_runs.read(folder)


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


def test_throughput(start: Start, tmp_path: Path) -> None:
    """Half a million lines take the supervisor a second on a quiet machine, and on any little CPU time."""
    count = 500_000
    code = f"for i in range({count}): print('a line of the log', i)\nprint(end='', flush=True)\n"
    code += "import os, time\nwhile not os.path.exists('go'): time.sleep(0.02)"
    folder = start(sys.executable, "-c", code, log_bytes=1 << 30)
    with open(folder / "log", "rb") as log:
        seen = 0

        def all_came() -> bool:
            nonlocal seen
            seen += sum(part.count(b"\n") for part in iter(lambda: log.read(1 << 20), b""))
            return seen == count

        until(all_came)
    spent = psutil.Process(container_runs.read(folder).supervisor).cpu_times()
    (tmp_path / "go").touch()
    ended(folder)
    assert spent.user + spent.system < count / 50_000


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
    os.kill(container_runs.read(folder).supervisor, signal.SIGTERM)
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
    container_runs.launch(folder).wait()
    assert len(lines(folder)) == 1


def test_full_disk(start: Start, tmp_path: Path) -> None:
    """A log that cannot be written ends neither the command nor the record of its end."""
    folder = tmp_path / "runs" / "9"
    spec = {"argv": ["sh", "-c", "echo a; echo b; exit 6"], "env": {"PATH": os.environ["PATH"]}, "cwd": "/"}
    container_runs.prepare(folder, spec)
    (folder / "log").symlink_to("/dev/full")
    container_runs.launch(folder).wait()
    assert ended(folder).code == 6


def test_a_client_that_comes_as_another_leaves(tmp_path: Path) -> None:
    """A client that opens the pipe between its predecessor's leaving and our look at it is served."""
    pipe = tmp_path / "stdin"
    os.mkfifo(pipe)
    reader, target = os.pipe()
    with selectors.DefaultSelector() as selector, open(reader, "rb", 0) as taken:
        feed = StdinPipe(str(pipe), target, False, False)
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


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "runs"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NO SMALL FILE SYSTEM: mounting one needs root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    """Leave no byte free."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)


COUNT = """
import pathlib, sys, time
for number in range(1800):
    print("line", number, "x" * 40, flush=True)
    if number == 1700:
        while pathlib.Path(sys.argv[1]).exists():
            time.sleep(0.01)
        time.sleep(0.1)
"""


def test_lost_output_is_counted(start: Start, tiny: Path) -> None:
    """Output without room is counted, and reported in its place once there is room; no line is truncated."""
    (tiny / "filler").write_bytes(b"x" * 150_000)
    folder = start(sys.executable, "-c", COUNT, str(tiny / "filler"))
    until(lambda: (folder / "lost").read_text().strip())
    (tiny / "filler").unlink()
    assert ended(folder).code == 0
    found = [line[3] for line in lines(folder)]
    [note] = [line for line in lines(folder) if line[1] == "node"]
    gone, size = (int(number) for number in re.findall(r"(\d+) (?:lines|bytes)", note[3]))
    assert note[3] == f"output is missing here, {gone} lines ({size} bytes): No space left on device"
    assert len(found) - 1 + gone == 1800
    numbers = [int(line.split()[1]) for line in found if line.startswith("line ")]
    assert numbers == [*range(found.index(note[3])), *range(numbers[found.index(note[3])], 1800)]
    assert all(line.endswith("x" * 40) for line in found if line != note[3])
    assert not (folder / "lost").exists()


def test_output_that_is_lost_at_the_end(start: Start, tiny: Path) -> None:
    """Without room until the end, the file `lost` contains the missing amount, and the end is known."""
    folder = start("sh", "-c", "echo one; read x; seq 1 20; exit 4", stdin=True)
    until(lambda: lines(folder))
    fill(tiny / "filler")
    with (folder / "log").open("ab", buffering=0) as log, contextlib.suppress(OSError):
        log.write(b"x" * 5000)
    with (folder / "stdin").open("w") as stdin:
        stdin.write("go\n")
    assert ended(folder).code == 4
    said = (folder / "lost").read_text().strip()
    assert said == "output is missing here, 20 lines (31 bytes): No space left on device"
