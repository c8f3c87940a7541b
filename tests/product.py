"""The product as its users run it: `arena` in processes of its own, on a local cluster of the test's own."""

import json
import os
import shlex
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import overtls
import psutil
import pytest

from arena.actions.jobs.delete import delete
from arena.actions.jobs.listing import jobs
from arena.errors import NotFound, Unreachable
from arena.kinds.serving.kserve import SERVICES as INFERENCE_SERVICES
from arena.kube import Cluster, Endpoint
from arena.local import daemon
from arena.local.locks import holder
from arena.local.state import Server, recorded
from arena.origin import Choice
from arena.resources import DEPLOYMENTS, PODS
from arena.session import Session, connect

T = TypeVar("T")
KEPT = ("LANG", "LC_ALL", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""What the test's own environment hands down: nothing that names a cluster or a home."""


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def until(condition: Callable[[], T], seconds: float = 60.0, what: str = "the condition") -> T:
    """The first true value of `condition`; raises AssertionError after the deadline.

    It is checked every 5 ms, later every 55 ms: nobody waits for long, and a busy machine is not kept busy.
    """
    began = time.monotonic()
    while not (value := condition()):
        passed = time.monotonic() - began
        assert passed < seconds, f"{what} did not come true in {seconds:.0f} s"
        time.sleep(0.005 + min(passed, 1.0) / 20)
    return value


def is_running(pid: int) -> bool:
    """Whether a process has not ended; nobody may have asked for its exit code yet."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def quoted(*words: object) -> str:
    """The command line of these words, such as paths, which may hold blanks and quotes."""
    return shlex.join(map(str, words))


def program(path: Path, text: str) -> None:
    """Make a Python program of a file; its first line cannot name a Python whose path holds blanks."""
    path.write_text(
        f"#!/bin/sh\n''''exec {quoted(sys.executable)} \"$0\" \"$@\" #'''\n{text}", encoding="utf-8"
    )
    path.chmod(0o755)


def browser() -> urllib.request.OpenerDirector:
    """What opens links as a browser does: it goes where they lead, and keeps cookies."""
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))


class Lines(list[str]):
    """The lines of a stream, read as they come by a thread that ends with the stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        for line in stream:
            self.append(line.decode())

    def whole(self) -> "Lines":
        """All lines, once the stream has ended: a process may end before its output is read."""
        self._reader.join(60)
        assert not self._reader.is_alive(), "the stream has not ended"
        return self


class Local(Session):
    """A session with a local cluster that no variable of this process names."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(Choice(), {}, folder, lambda remark: None)
        self.server = server

    def cluster(self) -> Cluster:
        """The cluster, over the socket that commands use."""
        return Cluster(
            lambda: Endpoint(server=self.server.url, dial=self.server.dial), "the local cluster", "default"
        )


class Product:
    """`arena` with a home, a state folder and a local cluster that end with the test.

    Args:
        state: the state folder, if the local cluster is not the test's own.
    """

    def __init__(self, home: Path, state: Path | None = None) -> None:
        self.home = home
        self.state = state or home / "state"
        self.python = sys.executable
        self.children: list[subprocess.Popen[bytes]] = []
        self.read: list[Lines] = []
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "HOME": str(home),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "ARENA_LOCAL_HOME": str(self.state),
            "PYTHONWARNINGS": "error",
        }

    def run(self, *words: str, seconds: float = 60.0, typed: str = "", **env: str) -> Ended:
        """Run `arena WORDS...` to its end, with `typed` as its standard input."""
        done = subprocess.run(
            [self.python, "-m", "arena", *words], input=typed, capture_output=True, text=True,
            timeout=seconds, env=self.env | env, cwd=self.home, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str, seconds: float = 60.0, **env: str) -> str:
        """The output of `arena WORDS...`, which must end well."""
        code, out, err = self.run(*words, seconds=seconds, **env)
        assert code == 0, f"arena {' '.join(words)} ended with {code}:\n{out}\n{err}"
        return out

    def start(self, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start `arena WORDS...` and go on; its output can be read from the process's pipes."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        child = subprocess.Popen(
            [self.python, "-m", "arena", *words], env=self.env, cwd=self.home, **(streams | options)
        )
        self.children.append(child)
        return child

    def lines(self, stream: IO[bytes] | None) -> Lines:
        """The lines of a child's pipe, read as they come."""
        assert stream
        self.read.append(Lines(stream))
        return self.read[-1]

    def submit(self, name: str, code: str, *words: str) -> str:
        """Submit a PyTorchJob whose replicas run the Python text `code`."""
        script = self.home / f"{name}.py"
        script.write_text(code, encoding="utf-8")
        return self.must("submit", "pytorchjob", "--name", name, *words, quoted("python", script))

    def jobs(self) -> dict[str, str]:
        """Name -> phase of every job.

        Tests call this repeatedly, and a process each time would slow down the jobs. So the library lists
        them if a server runs, except for a copy of the package, whose kinds it does not know.
        """
        is_copy = "PYTHONPATH" in self.env
        if not is_copy and holder(self.state) and (server := recorded(self.state)):
            with suppress(Unreachable):  # killed a moment ago
                return {job.name: job.phase.value for job in jobs(Local(self.home, server), everywhere=True)}
        listed = json.loads(self.must("list", "-A", "-o", "json") or "[]")
        return {job["name"]: job["status"] for job in listed}

    def server(self) -> int:
        """The process id of the local cluster's server."""
        return int(json.loads((self.state / "server.json").read_text(encoding="utf-8"))["pid"])

    def answers(self) -> bool:
        """Whether the local cluster's server answers."""
        with suppress(OSError):
            return bool(self.ask("/local/ping"))
        return False

    def cluster(self) -> Cluster:
        """The local cluster, over the port that its kubeconfig names."""
        return connect(kubeconfig=str(self.state / "kubeconfig"), environ={}, folder=self.home).cluster()

    def ask(self, path: str, body: object = None) -> Any:
        """What the local cluster answers to a GET, or to a POST of `body`."""
        return overtls.ask(self.state, path, body)

    def processes(self, word: str = "") -> list[psutil.Process]:
        """The processes of this local cluster's pods, supervisors too, those with `word` in their command.

        They are known by this home in their command line, by nothing that arena sets.
        """
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if str(self.home) in line and word in line and " -m arena " not in line:
                    found.append(process)
        return found

    def leave(self) -> None:
        """End the commands, and delete all jobs, servings and pods: others use the local cluster, too."""
        self._end()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ARENA_LOCAL_HOME", str(self.state))
            session = Local(self.home, daemon.ensure())
        for job in jobs(session, everywhere=True):
            with suppress(NotFound):  # its time to live has ended
                delete(session, job.name, kind=job.kind)
        cluster = session.cluster()
        for carrier in (INFERENCE_SERVICES, DEPLOYMENTS):
            for serving in list(cluster.list(carrier, "default")):
                with suppress(NotFound):  # its owner has been deleted
                    cluster.delete(carrier, "default", serving["metadata"]["name"])

        def are_gone() -> bool:
            pods = list(cluster.list(PODS, "default"))
            for pod in pods:
                with suppress(NotFound):
                    cluster.delete(PODS, "default", pod["metadata"]["name"], grace=0)
            return not pods

        until(are_gone, what="the end of all pods")

    def close(self) -> None:
        """End everything that this product started."""
        self._end()
        if self.state.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ARENA_LOCAL_HOME", str(self.state))
                daemon.reset()  # as `arena local reset` does, without a process for each test

    def _end(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        for lines in self.read:
            lines.whole()  # nobody may close a stream that a thread reads
        for child in self.children:
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream:
                    stream.close()


@contextmanager
def product(home: Path) -> Iterator[Product]:
    """A product in the folder `home`, ended afterwards."""
    made = Product(home)
    try:
        yield made
    finally:
        made.close()
