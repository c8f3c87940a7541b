"""serve logs, exec, attach and wait with real programs on the local cluster."""

import signal

from product import until
from served import Served, answer


def test_ready_and_answering(arena: Served) -> None:
    """`serve wait` returns once all instances are there, and the address that `get` prints answers."""
    arena.serve("digits", "1", "--replicas", "2")
    assert arena.must("serve", "wait", "digits", "--timeout", "60s") == "serving digits 1 ready\n"
    found = arena.get("digits")
    assert (found["desiredInstances"], found["availableInstances"]) == (2, 2)
    told = until(lambda: _answers(found["url"]), what="an answer")
    assert told["version"] == "1"


def _answers(url: str) -> dict[str, str]:
    try:
        return answer(url)
    except OSError:
        return {}


def test_a_crash_is_named(arena: Served) -> None:
    """A model that does not load is named at once, with the line of its log; so is the limit of the wait."""
    arena.serve("digits", "1", FAULT="no such weights")
    waiting = arena.start("serve", "wait", "digits")
    lines = arena.lines(waiting.stderr)
    until(lambda: any("RuntimeError: no such weights" in line for line in lines), 30, "the reason")
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(30) == 130
    ended = arena.run("serve", "wait", "digits", "--timeout", "1s")
    assert ended.code == 6
    assert 'serving "digits 1" is not ready after 1s: ' in ended.err
    assert "RuntimeError: no such weights" in ended.err


def test_deleted(arena: Served) -> None:
    """`serve wait --for deleted` waits for the end of a serving, and accepts that there is none."""
    arena.serve("digits", "1")
    waiting = arena.start("serve", "wait", "digits", "--for", "deleted")
    lines = arena.lines(waiting.stderr)
    until(lambda: lines, what="the wait")
    arena.must("serve", "delete", "digits")
    assert waiting.wait(30) == 0
    assert arena.must("serve", "wait", "digits", "--for", "deleted") == "serving digits deleted\n"
    ended = arena.run("serve", "wait", "digits")
    assert (ended.code, ended.err.splitlines()[0]) == (3, 'Error: no serving "digits" in namespace "default"')


def test_logs(arena: Served) -> None:
    """Logs show every instance of the chosen version with its name, and its former run."""
    arena.serve("digits", "1", "--replicas", "2")
    arena.serve("digits", "2")
    for version in ("1", "2"):
        arena.ready("digits", "-v", version)
    until(lambda: arena.must("serve", "logs", "digits", "-v", "1").count("serving 1\n") == 2, what="the logs")
    assert all(line.startswith("[") for line in arena.must("serve", "logs", "digits", "-v", "1").splitlines())
    until(lambda: arena.must("serve", "logs", "digits", "-v", "2") == "serving 2\n", what="the log")
    refused = arena.run("serve", "logs", "digits")
    assert (refused.code, "has several versions" in refused.err) == (2, True)
    arena.end("2")
    until(lambda: arena.must("serve", "logs", "digits", "-v", "2", "--previous") != "", what="a former run")
    assert arena.must("serve", "logs", "digits", "-v", "2", "--previous") == "serving 2\nstopped\n"
    missing = arena.run("serve", "logs", "digits", "-v", "2", "-i", "nobody")
    assert missing.code == 3
    assert missing.err.startswith('Error: serving "digits-2-custom-serving" has no instance "nobody"\n')


def test_followed(arena: Served) -> None:
    """`serve logs -f` shows a new instance, too, continues across a restart, and ends with the serving."""
    arena.serve("digits", "1")
    following = arena.start("serve", "logs", "digits", "-f")
    lines = arena.lines(following.stdout)
    until(lambda: "serving 1\n" in lines, what="the first line")
    arena.end("1")
    until(lambda: lines == ["serving 1\n", "stopped\n", "serving 1\n"], what="the second run")
    arena.must("serve", "delete", "digits")
    assert following.wait(60) == 3


def test_sessions(arena: Served) -> None:
    """exec and attach run commands in a running instance, and end with their exit codes."""
    arena.serve("digits", "1")
    arena.ready("digits")
    assert arena.must("serve", "exec", "digits", "--", "sh", "-c", "echo $ANSWER") == "1\n"
    assert arena.run("serve", "exec", "digits", "--", "sh", "-c", "exit 3").code == 3
    attached = arena.run("serve", "attach", "digits", typed="echo $ANSWER; exit 4\n")
    assert (attached.code, attached.out) == (4, "1\n")
    assert "Hello! Arena attach the container serving of instance digits-1-custom-serving-" in attached.err
