"""Jobs with --code on the local cluster: real programs, edits, restarts, and what is left behind."""

import json
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest
from gate import Gate
from product import Product, until

from arena.resources import CONFIGMAPS, PODS

WAITS = """
import os, time
from pathlib import Path
import part
print("before", part.WORD, Path("data/file name").read_text(), flush=True)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.02)
print("after", Path("part.py").read_text().strip(), flush=True)
"""


@pytest.fixture
def code(arena: Product) -> Path:
    folder = arena.home / "code"
    (folder / "data").mkdir(parents=True)
    (folder / "train.py").write_text(WAITS)
    (folder / "part.py").write_text("WORD = 'old'\n")
    (folder / "data" / "file name").write_text("hello")
    (folder / "run").write_text("#!/bin/sh\necho ran in $(pwd) with $1\n")
    (folder / "run").chmod(0o755)
    return folder


def submit(arena: Product, name: str, command: str, *words: str) -> None:
    given = ("-e", f"GATE={arena.home}/gate-{name}", *words)
    arena.must("submit", "pytorchjob", "--name", name, "--code", str(arena.home / "code"), *given, command)


def said(arena: Product, name: str, word: str) -> list[str]:
    return [line for line in arena.must("logs", name, "--no-prefix").splitlines() if word in line]


def parts(arena: Product) -> list[str]:
    cluster = arena.cluster()
    every = (one["metadata"]["name"] for one in cluster.list(CONFIGMAPS, "default"))
    return sorted(one for one in every if one.startswith("arena-code-"))


def test_later_edits_do_not_reach_a_job(arena: Product, code: Path):
    """All instances start in the code as it was at submit, whatever becomes of the folder afterwards."""
    submit(arena, "j", "python train.py", "--workers", "2", "--clean-task-policy", "None")
    until(lambda: len(said(arena, "j", "before old hello")) == 2)
    (code / "part.py").write_text("WORD = 'new'\n")
    (arena.home / "gate-j").touch()
    until(lambda: said(arena, "j", "after") == ["after WORD = 'old'"] * 2)


def test_restarts_have_the_same_code(arena: Product, code: Path):
    """A program that is started again, in its pod or in a new one, finds the code of the submit."""
    (code / "train.py").write_text(
        "import os, part\n"
        "print('try', part.WORD, flush=True)\n"
        "os.path.exists(os.environ['GATE']) or os._exit(3)\n"
    )
    submit(arena, "j", "python train.py", "--retry", "50")
    until(lambda: said(arena, "j", "try old"))
    (code / "part.py").write_text("WORD = 'new'\n")
    pod = json.loads(arena.must("get", "j", "-o", "json"))["instances"][0]["name"]
    cluster = arena.cluster()
    uid = cluster.get(PODS, "default", pod)["metadata"]["uid"]
    cluster.delete(PODS, "default", pod, grace=0)
    until(lambda: [p for p in cluster.list(PODS, "default") if p["metadata"]["uid"] != uid])
    (arena.home / "gate-j").touch()
    arena.must("wait", "j")
    assert set(said(arena, "j", "try")) == {"try old"}


def test_a_killed_server(arena: Product, code: Path):
    """Where the server is killed between submit and start, the job still gets its code."""
    submit(arena, "first", "python train.py")
    os.kill(arena.server(), 9)
    submit(arena, "second", "./run x")
    arena.must("wait", "second")
    (arena.home / "gate-first").touch()
    arena.must("wait", "first")
    assert said(arena, "first", "after") == ["after WORD = 'old'"]


def test_the_same_code_is_kept_once(arena: Product, code: Path):
    """Jobs with the same code share its parts; the last one that is deleted takes them along."""
    submit(arena, "a", "./run a")
    submit(arena, "b", "./run b")
    kept = parts(arena)
    assert len(kept) == 1
    (code / "part.py").write_text("WORD = 'new'\n")
    submit(arena, "c", "./run c")
    assert len(parts(arena)) == 2
    arena.must("delete", "c", "a")
    until(lambda: parts(arena) == kept)
    arena.must("wait", "b")
    assert "with b" in said(arena, "b", "ran in")[0]
    arena.must("code", "b", "-d", "back")
    arena.must("delete", "b")
    until(lambda: parts(arena) == [])


def test_replace_with_the_same_code(arena: Product, code: Path):
    """A job that takes the place of one with the same code has that code, too."""
    submit(arena, "j", "python train.py")
    until(lambda: said(arena, "j", "before"))
    submit(arena, "j", "./run again", "--replace")
    arena.must("wait", "j")
    assert "with again" in said(arena, "j", "ran in")[0]
    assert len(parts(arena)) == 1


def test_restore(arena: Product, code: Path):
    """`arena code` gives back the code of a finished job: names, modes and bytes; --list names the files."""
    submit(arena, "j", "./run x")
    arena.must("wait", "j")
    (code / "run").write_text("changed")
    assert arena.must("code", "j", "--list") == "data/file name\npart.py\nrun\ntrain.py\n"
    assert arena.must("code", "j", "-o", "name") == "j-code\n"
    back = arena.home / "j-code"
    assert (back / "data" / "file name").read_text() == "hello"
    assert os.access(back / "run", os.X_OK)
    ended = arena.run("code", "j")
    assert (ended.code, 'Error: "j-code" is not empty\n' in ended.err) == (5, True)
    arena.must("code", "j", "--force")
    told = json.loads(arena.must("code", "j", "--list", "-o", "json"))
    assert told["digest"].startswith("sha256:")
    assert told["files"][2] == {"path": "run", "size": 37, "mode": "755"}
    arena.must("submit", "pytorchjob", "--name", "plain", "true")
    ended = arena.run("code", "plain")
    assert (ended.code, 'Error: job "plain" was submitted without --code\n' in ended.err) == (3, True)


def test_nodes_of_a_runtime_unpack_it_themselves(arena: Product, code: Path):
    """The command of a TrainJob starts in the code, on each node, though its pods have no init container."""
    given = ("--name", "j", "--workers", "2", "--code", "code", "-e", f"GATE={arena.home}/gate")
    arena.must("submit", "trainjob", *given, "python train.py")
    until(lambda: len(said(arena, "j", "before old hello")) == 2)
    (code / "part.py").write_text("WORD = 'new'\n")
    (arena.home / "gate").touch()
    arena.must("wait", "j")
    assert said(arena, "j", "after") == ["after WORD = 'old'"] * 2
    (code / "noise").write_bytes(random.Random(1).randbytes(15_000_000))
    ended = arena.run("submit", "trainjob", "--code", "code", "true")
    assert (ended.code, "--code is too large to be stored in the cluster" in ended.err) == (2, True)
    assert arena.jobs() == {"j": "SUCCEEDED"}


def test_megabytes(arena: Product, code: Path):
    """Megabytes of code arrive byte for byte, in several parts, and a summary is printed."""
    noise = random.Random(1).randbytes(5_000_000)
    (code / "noise").write_bytes(noise)
    began = time.monotonic()
    ended = arena.run(
        "submit", "pytorchjob", "--name", "j", "--code", "code", "--workers", "2", "--logs", "cksum < noise"
    )
    assert time.monotonic() - began < 30
    assert ended.code == 0, ended.err
    assert "code: 5 files, 5.0 MB (5.0 MB packed), sha256:" in ended.err
    sums = {line.split("] ")[1] for line in ended.out.splitlines() if line.endswith(" 5000000")}
    assert len(sums) == 1
    assert len(parts(arena)) == 6
    arena.must("code", "j", "-d", "back")
    assert (arena.home / "back" / "noise").read_bytes() == noise


def test_thousands_of_small_files(arena: Product, code: Path):
    """Thousands of small files arrive, all of them."""
    for number in range(3000):
        (code / f"{number % 30}").mkdir(exist_ok=True)
        (code / f"{number % 30}" / f"new\n{number}").write_text(str(number))
    submit(arena, "j", "find . -type f -print0 | tr -cd '\\0' | wc -c")
    arena.must("wait", "j")
    assert said(arena, "j", "3004") == ["3004"]


def test_working_dir(arena: Product, code: Path):
    """A --working-dir that this machine has is not written into; the command still starts in the code."""
    (arena.home / "mine").mkdir()
    submit(arena, "j", "./run x", "--working-dir", str(arena.home / "mine"))
    arena.must("wait", "j")
    assert list((arena.home / "mine").iterdir()) == []


def test_through_a_kubeconfig(arena: Product, code: Path):
    """With an image and a --working-dir, the command starts there, with the code in it."""
    arena.must("local", "start")
    # By a copy: arena knows the file itself as that of the local cluster, where images do not count.
    env = {"KUBECONFIG": shutil.copy(arena.state / "kubeconfig", arena.home / "copy")}
    words = ("--name", "j", "--image", "i", "--code", "code", "--working-dir", "/work space/here")
    arena.must("submit", "pytorchjob", *words, "ls; ls '/work space/here'", **env)
    arena.must("wait", "j", **env)
    assert said(arena, "j", "train.py") == ["train.py"] * 2


@pytest.fixture
def large(code: Path) -> Path:
    """More code than a cluster keeps."""
    (code / "noise").write_bytes(random.Random(1).randbytes(15_000_000))
    return code


def test_large_code_is_sent(arena: Product, large: Path):
    """Code that is too large to be kept reaches every instance; one that comes later waits for --send."""
    ended = arena.run(
        "submit", "pytorchjob", "--name", "j", "--code", "code", "--workers", "2", "-e",
        f"GATE={arena.home}/gate", "--retry", "3", "wc -c < noise; python train.py",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert sorted(line for line in ended.err.splitlines() if line.startswith("sent ")) == [
        "sent the code to j-master-0",
        "sent the code to j-worker-0",
    ]
    until(lambda: len(said(arena, "j", "before old hello")) == 2)
    assert parts(arena) == []
    cluster = arena.cluster()
    uid = cluster.get(PODS, "default", "j-worker-0")["metadata"]["uid"]
    cluster.delete(PODS, "default", "j-worker-0", grace=0)
    until(lambda: [p for p in cluster.list(PODS, "default") if p["metadata"]["uid"] != uid])
    ended = arena.run("code", "j", "--send", "code/data")
    assert (ended.code, "is not the code that" in ended.err) == (5, True)
    until(lambda: arena.must("code", "j", "--send", "code") == "sent to 1 instance\n")
    until(lambda: len(said(arena, "j", "before old hello")) == 2)
    (arena.home / "gate").touch()
    arena.must("wait", "j")
    ended = arena.run("code", "j")
    assert (ended.code, "was too large to be stored in the cluster" in ended.err) == (3, True)


def test_large_code_or_nothing(arena: Product, large: Path):
    """Ctrl-C while instances are awaited takes the job back; that somebody deletes it is noticed."""
    arena.must("local", "start")
    words = ("--name", "j", "--code", "code", "--selector", "no=where", "true")
    child = arena.start("submit", "pytorchjob", *words)
    until(lambda: "j" in arena.jobs())
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130
    until(lambda: arena.jobs() == {})
    child = arena.start("submit", "pytorchjob", *words)
    until(lambda: "j" in arena.jobs())
    arena.must("delete", "j")
    assert child.wait(20) == 3
    assert b'the job "j" was deleted before all its instances had the code' in child.stderr.read()


def test_ctrl_c_while_the_code_is_sent(arena: Product, gate: Gate, large: Path):
    """Ctrl-C while an instance does not accept the code ends the command at once and deletes the job."""
    over = threading.Event()

    def silent(method: str, path: str) -> None:
        if "/exec" in path:
            over.wait(60)

    gate.rules.append(silent)
    child = arena.start(
        "--kubeconfig",
        gate.kubeconfig,
        "submit",
        "job",
        "--name",
        "j",
        "--image",
        "i",
        "--code",
        "code",
        "ls",
    )
    until(lambda: any("/exec" in path for _, path in gate.seen), what="the instance to be sent the code")
    child.send_signal(signal.SIGINT)
    code = child.wait(10)
    over.set()
    assert code == 130
    until(lambda: arena.jobs() == {})


def test_rerun(arena: Product, code: Path):
    """A rerun uses the code of the old job, unless a folder is given."""
    submit(arena, "j", "cat part.py")
    (code / "part.py").write_text("WORD = 'new'\n")
    arena.must("rerun", "j", "--name", "old", "--wait")
    arena.must("rerun", "j", "--name", "new", "--set", "code=code", "--wait")
    assert said(arena, "old", "WORD") == ["WORD = 'old'"]
    assert said(arena, "new", "WORD") == ["WORD = 'new'"]
    assert len(parts(arena)) == 2
