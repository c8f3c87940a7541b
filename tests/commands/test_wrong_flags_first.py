"""Errors of a command line are reported before a cluster is asked, even if none answers."""

import socket
import time
from collections.abc import Iterator

import pytest
from screens import Fixed

from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster

SUBMIT = ("submit", "pytorchjob", "--image", "i")
CRON = ("cron", "job", "--image", "i", "--schedule", "@daily")
EVALUATE = ("evaluate", "model", "--image", "i", "--model-name", "m")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


@pytest.fixture
def call(tmp_path, capsys):
    """Run one command line against a port of this machine; its exit code and what it said."""

    def ask(port: int, *words: str) -> tuple[int, str]:
        cluster = Cluster.at(f"http://127.0.0.1:{port}", "the cluster")
        code = run(words, Globals(session=Fixed(cluster, tmp_path)))
        return code, capsys.readouterr().err

    return ask


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (SUBMIT, "COMMAND is missing"),
        (CRON, "COMMAND is missing"),
        ((*SUBMIT, "--gpus", "two", "x"), '--gpus: "two" is not a whole number'),
        ((*SUBMIT, "--name", "Bert", "x"), '--name: "Bert" cannot name a job'),
        ((*SUBMIT, "--env", "NOVALUE", "x"), '--env: "NOVALUE" has no value'),
        ((*SUBMIT, "-f", "job.yaml"), '"wrokers" is not an option'),
        ((*SUBMIT, "--dry-run=server", "--workers", "0", "x"), "--workers"),
        ((*CRON, "--gpus", "two", "x"), '--gpus: "two" is not a whole number'),
        ((*CRON, "--name", "n" * 53, "x"), "is too long, because the name of each run appends the time"),
        (("cron", "job", "--image", "i", "--schedule", "often", "x"), "--schedule"),
        ((*EVALUATE, "--gpus", "two", "x"), '--gpus: "two" is not a whole number'),
    ],
)
def test_a_wrong_value_asks_nobody(call, silent, tmp_path, monkeypatch, words, told):
    """A value that cannot be used is exit 2 with its flag, and no connection is even made."""
    (tmp_path / "job.yaml").write_text("wrokers: 2\ncommand: x\n")
    monkeypatch.chdir(tmp_path)
    code, said = call(silent.getsockname()[1], *words)
    assert (code, told in said) == (2, True), said
    with pytest.raises(BlockingIOError):
        silent.accept()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*SUBMIT, "--sync-mode", "git", "x"), "--sync-mode needs --sync-source"),
        ((*SUBMIT, "--env", "A=1", "--secret", "A=2", "x"), '"A" is also set by --env'),
        ((*SUBMIT, "--config-file", "/does/not/exist:/c", "x"), "--config-file: /does/not/exist"),
        ((*SUBMIT, "--code", "/does/not/exist", "x"), "--code"),
    ],
)
def test_what_does_not_fit_is_said_first(call, words, told):
    """What an administrator's defaults might mend is exit 2, too, where no cluster answers."""
    began = time.monotonic()
    code, said = call(free_port(), *words)
    assert (code, told in said) == (2, True), said
    assert time.monotonic() - began < 30


def test_a_good_line_says_that_nobody_answers(call):
    """With nothing wrong in the line, the missing cluster is exit 6."""
    code, said = call(free_port(), *SUBMIT, "x")
    assert (code, "does not answer" in said) == (6, True), said


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])
