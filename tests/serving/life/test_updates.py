"""update, rollback, restart and scale with real programs on the local cluster."""

import json
import signal

from product import until
from served import Served

from arena.resources import DEPLOYMENTS, PODS


def size(arena: Served, name: str = "digits-1-custom-serving") -> int:
    """The number of instances that the Deployment requests."""
    return int(arena.cluster().get(DEPLOYMENTS, "default", name)["spec"]["replicas"])


def test_a_submit_waits(arena: Served) -> None:
    """`serve KIND --wait` ends when it answers; if it does not start, the wait says why, and it stays."""
    assert arena.serve("digits", "1", "--wait") == "custom digits submitted\nserving digits 1 ready\n"
    assert set(arena.answers()) == {"1"}
    words = ("serve", "custom", "--name", "bad", "--version", "1", "--restful-port", "80", "--image", "i")
    ended = arena.run(*words, "--wait", "--wait-timeout", "2s", "echo ValueError: no model; exit 3")
    assert (ended.code, ended.out) == (6, "custom bad submitted\n")
    assert 'serving "bad 1" is not ready after 2s: CrashLoopBackOff' in ended.err
    assert "ValueError: no model" in ended.err
    assert arena.get("bad")["desiredInstances"] == 1


def test_an_update_replaces_instances(arena: Served) -> None:
    """`update --wait` ends when all instances run what was changed; the number stays, whoever has set it."""
    arena.serve("digits", "1", "--replicas", "2")
    arena.ready("digits")
    arena.cluster().patch(DEPLOYMENTS, "default", "digits-1-custom-serving", {"spec": {"replicas": 3}})
    ended = arena.run("serve", "update", "custom", "--name", "digits", "-e", "ANSWER=new", "--wait")
    assert (ended.code, ended.out) == (0, "serving digits 1 updated\nserving digits 1 ready\n"), ended.err
    assert "using the local cluster" in ended.err
    until(lambda: set(arena.answers()) == {"new"}, what="the new programs")
    assert size(arena) == 3
    assert arena.run("serve", "update", "digits", "-e", "ANSWER=new").err.endswith("is already so\n")
    assert json.loads(arena.must("serve", "get", "digits", "-o", "json"))["desiredInstances"] == 3


def test_a_failing_update_is_explained(arena: Served) -> None:
    """While new instances crash, the old ones go on; the wait says why, and after Ctrl-C, how to undo it."""
    arena.serve("digits", "1")
    arena.ready("digits")
    updating = arena.start("serve", "update", "digits", "-e", "FAULT=out of luck", "--wait")
    lines = arena.lines(updating.stderr)
    until(lambda: any("RuntimeError: out of luck" in line for line in lines), 30, "the reason")
    updating.send_signal(signal.SIGINT)
    assert updating.wait(30) == 130
    assert any("arena serve rollback digits-1-custom-serving" in line for line in lines.whole())
    assert set(arena.answers()) == {"1"}
    assert arena.must("serve", "rollback", "digits", "--wait").startswith("serving digits 1 rolled back\n")
    pods = arena.cluster().list(PODS, "default")
    assert all(
        one["status"]["phase"] == "Running" for one in pods if not one["metadata"].get("deletionTimestamp")
    )


def test_a_rollout_past_its_deadline(arena: Served) -> None:
    """A rollout that the cluster gives up ends the wait with 7, and with the reason."""
    arena.serve("digits", "1")
    arena.ready("digits")
    deadline = {"spec": {"progressDeadlineSeconds": 2}}
    arena.cluster().patch(DEPLOYMENTS, "default", "digits-1-custom-serving", deadline)
    ended = arena.run("serve", "update", "digits", "-e", "FAULT=out of luck", "--wait")
    assert ended.code == 7, ended
    assert 'the rollout of serving "digits 1" failed' in ended.err
    assert "RuntimeError: out of luck" in ended.err


def test_revisions(arena: Served) -> None:
    """A rollback runs the revision before, or a chosen one, with the options that were recorded with it."""
    arena.serve("digits", "1")
    for answer in ("two", "three"):
        arena.must("serve", "update", "digits", "-e", f"ANSWER={answer}", "--wait")
    arena.must("serve", "rollback", "digits", "--wait")
    until(lambda: set(arena.answers()) == {"two"}, what="the second revision")
    arena.must("serve", "rollback", "digits", "--to", "1", "--wait")
    until(lambda: set(arena.answers()) == {"1"}, what="the first revision")
    missing = arena.run("serve", "rollback", "digits", "--to", "99")
    assert (missing.code, "has no revision 99" in missing.err) == (3, True)
    # What is recorded belongs to the first revision: an update starts from there.
    arena.must("serve", "update", "digits", "-e", "MORE=x", "--wait")
    until(lambda: set(arena.answers()) == {"1"}, what="the first answer with another variable")


def test_no_revision_before(arena: Served) -> None:
    """A serving that was never changed cannot be rolled back."""
    arena.serve("digits", "1")
    ended = arena.run("serve", "rollback", "digits")
    assert (ended.code, ended.err.splitlines()[1]) == (3, 'Error: serving "digits 1" has no earlier revision')


def test_restarted(arena: Served) -> None:
    """A restart replaces the program by one that runs the same."""
    arena.serve("digits", "1")
    arena.ready("digits")
    [before] = arena.programs()
    assert arena.must("serve", "restart", "digits", "--wait").startswith("serving digits 1 restarted\n")
    until(lambda: [one.pid for one in arena.programs()] not in ([], [before.pid]), what="another program")
    assert set(arena.answers()) == {"1"}


def test_scaled(arena: Served) -> None:
    """Several servings get the same number of instances, and none by 0; a missing one is told."""
    for name in ("digits", "faces"):
        arena.serve(name, "1")
    assert arena.must("serve", "scale", "digits", "faces", "-r", "2", "--wait").count("scaled to 2") == 2
    assert len(arena.programs()) == 4
    ended = arena.run("serve", "scale", "nobody", "digits", "-r", "0")
    assert (ended.code, ended.out) == (3, "serving digits 1 scaled to 0 instances\n")
    until(lambda: len(arena.programs()) == 2, what="the end of the programs")
    assert size(arena) == 0
    assert "already has 0 instances" in arena.run("serve", "scale", "digits", "-r", "0").err
