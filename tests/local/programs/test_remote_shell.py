"""What stands for ssh on this machine, as real processes on both sides."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from product import is_running, until

from arena.local.programs import remote_shell


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Pair:
    """A worker that serves and the folder of a launcher."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.launcher, self.worker = home / "launcher", home / "worker"
        for folder in (self.launcher, self.worker):
            folder.mkdir()
            shutil.copy(remote_shell.__file__, folder / "remote.py")
            (folder / "key").write_bytes(b"secret")
        (self.launcher / "hosts.json").write_text(json.dumps({"w-0": self.port}))
        self.server = self.serve()

    def serve(self):
        ports = json.dumps({"2222": self.port})
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(self.worker / "remote.py"), "serve", "2222"],
            env={**os.environ, "ARENA_PORTS": ports, "WHO": "worker"},
            start_new_session=True,
        )

    def start(self, *words, **how):
        """Start the launcher's side."""
        command = [sys.executable, "-I", "-S", str(self.launcher / "remote.py"), *words]
        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }
        return subprocess.Popen(command, **(streams | how))

    def ssh(self, *words, typed=None):
        """What a whole command gives: code, output, errors."""
        with self.start(*words, stdin=subprocess.PIPE) as child:
            out, err = child.communicate(typed, timeout=30)
        return child.returncode, out, err

    def close(self):
        self.server.kill()
        self.server.wait()


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


def test_a_command(pair):
    """A command runs with the worker's variables; output, errors and exit code come back apart."""
    line = "echo out $WHO; echo err >&2; exit 3"
    assert pair.ssh("w-0", line) == (3, "out worker\n", "err\n")


def test_input_and_much_output(pair):
    """Input reaches the command with its end, and megabytes come back whole."""
    text = "0123456789abcdef\n" * 200_000
    assert pair.ssh("w-0", "cat", typed=text) == (0, text, "")


def test_options(pair):
    """The options that launchers give ssh are understood, wherever they stand before the command."""
    words = ["-o", "BatchMode=yes", "-x", "-p", "22", "-lroot", "me@w-0", "-T", "echo", "two  words", "-n"]
    assert pair.ssh(*words)[:2] == (0, "two words -n\n")


def test_a_signal(pair):
    """A command ended by a signal has the exit code of a shell."""
    assert pair.ssh("w-0", "kill -9 $$")[0] == 137


def test_the_background(pair):
    """What a command leaves running does not keep the launcher waiting."""
    code, out, _ = pair.ssh("w-0", "sleep 30 & echo left $!")
    assert (code, out[:4]) == (0, "left")
    psutil.Process(int(out.split()[1])).kill()


def test_another_key(pair):
    """Without the key, no command runs."""
    (pair.launcher / "key").write_bytes(b"guess")
    code, out, err = pair.ssh("w-0", "echo reached")
    assert (code, out) == (255, "")
    assert "lost" in err


def test_a_command_cannot_be_exchanged(pair):
    """A proof holds for the command that it was made for only."""
    assert pair.ssh("w-0", "true")[0] == 0
    with socket.create_connection(("127.0.0.1", pair.port)) as one:
        stream = one.makefile("rwb")
        nonce = stream.readline().decode().strip()
        spec = importlib.util.spec_from_file_location("theirs", pair.launcher / "remote.py")
        theirs = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(theirs)
        asked = {"command": "echo evil", "proof": theirs.proof(nonce, "echo good")}
        stream.write(json.dumps(asked).encode() + b"\n")
        stream.flush()
        assert stream.read() == b""


def test_an_early_launcher(pair):
    """A launcher waits for a worker that does not listen yet."""
    pair.close()
    with pair.start("w-0", "echo late") as child:
        pair.server = pair.serve()
        assert child.communicate(timeout=30)[0] == "late\n"


def test_a_launcher_that_goes(pair):
    """What runs for a launcher ends with it."""
    with pair.start("w-0", "echo $$; sleep 600") as child:
        running = int(child.stdout.readline())
        child.kill()
    until(lambda: not is_running(running), what="its end")


def test_a_worker_that_goes(pair):
    """A worker that receives SIGTERM lets running commands end, accepts no new ones, and then ends."""
    with pair.start("w-0", "echo here; read line; echo got $line", stdin=subprocess.PIPE) as child:
        assert child.stdout.readline() == "here\n"
        pair.server.send_signal(signal.SIGTERM)
        until(lambda: _refuses(pair.port), what="the end of listening")
        child.stdin.write("word\n")
        child.stdin.flush()
        assert child.stdout.read() == "got word\n"
        assert child.wait(30) == 0
    assert pair.server.wait(30) == 0


def _refuses(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def test_a_killed_worker(pair):
    """When the worker is killed the launcher's side says so and ends as ssh does."""
    with pair.start("w-0", "echo here; cat", stdin=subprocess.PIPE) as child:
        assert child.stdout.readline() == "here\n"
        pair.close()
        assert child.wait(30) == 255
        assert child.stderr.read() == "ssh: connection to w-0 lost\n"


def test_a_stranger(pair, tmp_path):
    """The machine's own ssh is used for a host that is not a worker."""
    real = tmp_path / "bin" / "ssh"
    real.parent.mkdir()
    real.write_text("#!/bin/sh\necho real $*\n")
    real.chmod(0o755)
    path = f"{pair.launcher}{os.pathsep}{real.parent}"
    with pair.start("-p", "1", "elsewhere", "ls", env={"PATH": path}) as child:
        assert child.communicate(timeout=30)[0] == "real -p 1 elsewhere ls\n"
    with pair.start("elsewhere", "ls", env={"PATH": str(pair.launcher)}) as child:
        assert child.wait(30) == 255
        assert child.stderr.read() == "ssh: elsewhere does not answer\n"
