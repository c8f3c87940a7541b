"""kubectl, unmodified: the foreign judge of the local cluster."""

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

OLDEST = (1, 30)


def _version() -> tuple[int, int] | None:
    if not shutil.which("kubectl"):
        return None
    text = subprocess.run(
        ["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True
    ).stdout
    found = re.search(r'"gitVersion": "v(\d+)\.(\d+)', text)
    return (int(found[1]), int(found[2])) if found else None


needed = pytest.mark.skipif(
    (_version() or (0, 0)) < OLDEST,
    reason=f"NOT TESTED: put kubectl 1.30 or newer on PATH, the foreign judge (found {_version()})",
)


class Kubectl:
    """kubectl with a kubeconfig of its own.

    Args:
        kubeconfig: the file.
        home: where it keeps what it knows of a server.
        words: words that every command begins with.
    """

    def __init__(self, kubeconfig: Path, home: Path, *words: str) -> None:
        self._command = ["kubectl", *words]
        self._env = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    def run(self, *args: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """The finished process."""
        command = [*self._command, *args]
        return subprocess.run(
            command, input=stdin, env=self._env, capture_output=True, text=True, timeout=100
        )

    def __call__(self, line: str, *more: str, stdin: str = "", fails: bool = False) -> str:
        """Run one line, and words that hold blanks; its stdout, or its stderr when it must fail."""
        done = self.run(*line.split(), *more, stdin=textwrap.dedent(stdin))
        assert (done.returncode != 0) == fails, f"{line}\n{done.stdout}{done.stderr}"
        return done.stderr if fails else done.stdout

    def start(self, line: str) -> "subprocess.Popen[str]":
        """The running process, its stdout and stderr pipes."""
        pipe = subprocess.PIPE
        command = [*self._command, *line.split()]
        return subprocess.Popen(command, env=self._env, stdout=pipe, stderr=pipe, text=True)


def words(text: str) -> list[list[str]]:
    """The words of every line."""
    return [line.split() for line in text.splitlines()]
