"""A home of its own for what is measured: an empty one, with a local cluster that ends with it."""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import Run, run


class Home:
    """`arena` with an empty home and a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.env = {
            "HOME": str(folder),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "ARENA_LOCAL_HOME": str(self.state),
        }

    def argv(self, *words: str) -> list[str]:
        """The command line of `arena WORDS...`: the module, since an installed script adds a fixed cost."""
        return [sys.executable, "-m", "arena", *words]

    def arena(self, *words: str) -> Run:
        """Run `arena WORDS...` to its end."""
        return run(self.argv(*words), self.env)

    def until_line(self, mark: bytes, *words: str) -> float:
        """Seconds from the start of `arena WORDS...` to the first line of its output that holds `mark`."""
        start = time.perf_counter()
        with subprocess.Popen(
            self.argv(*words), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            for line in child.stdout:
                if mark in line:
                    seconds = time.perf_counter() - start
                    break
            else:
                raise RuntimeError(f"arena {' '.join(words)} never wrote {mark!r}")
            child.stdout.read()
        return seconds

    def url(self) -> str:
        """The address of the local cluster's API."""
        config = json.loads((self.state / "kubeconfig").read_text("utf-8"))
        return str(config["clusters"][0]["cluster"]["server"])

    def trust(self) -> ssl.SSLContext:
        """What its clients trust and show."""
        pki = self.state / "pki"
        context = ssl.create_default_context(cafile=pki / "ca.crt")
        context.load_cert_chain(pki / "client.crt", pki / "client.key")
        return context

    def ask(self, path: str, body: object = None) -> Any:
        """GET, or POST `body`, and decode the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url() + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30, context=self.trust()) as answer:
            return json.load(answer)

    def server(self) -> int:
        """The process id of the local cluster's server."""
        return int(json.loads((self.state / "server.json").read_text("utf-8"))["pid"])


def until(condition: Callable[[], bool], seconds: float = 120.0, every: float = 0.1) -> None:
    """Wait for `condition`, asked for again after `every` seconds.

    Raises:
        TimeoutError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not in {seconds:.0f} s")
        time.sleep(every)


@contextmanager
def home() -> Iterator[Home]:
    """An empty home, removed afterwards with everything that ran in it."""
    with tempfile.TemporaryDirectory(prefix="arena-benchmark-") as folder:
        made = Home(Path(folder))
        try:
            yield made
        finally:
            if made.state.exists():
                made.arena("local", "reset", "--yes")
