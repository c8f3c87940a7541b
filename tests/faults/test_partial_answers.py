"""Verbs of a user who may not read or delete everything: they say what is missing, and do nothing by half."""

import json

import pytest
from gate import Gate, refusal
from product import Product, until

from arena.model.partial import Partial, Unread

pytestmark = pytest.mark.timeout(180)
NO_LIST = refusal(
    403, "Forbidden", 'tfjobs.kubeflow.org is forbidden: User "bob" cannot list resource "tfjobs"'
)
NO_DELETE = refusal(403, "Forbidden", 'jobs.batch is forbidden: User "bob" cannot delete resource "jobs"')
REFUSED = 'you may not list tfjobs in namespace "default" (User "bob" cannot list resource "tfjobs")'
WARNING = f"Warning: some jobs may be missing: {REFUSED}"


def ended(arena: Product, *names: str) -> None:
    """Two kinds of jobs that have ended, all with the label team=x."""
    for name, kind in zip(names, ("pytorchjob", "job"), strict=False):
        arena.must("submit", kind, "--name", name, "--label", "team=x", "true")
    until(lambda: list(arena.jobs().values()) == ["SUCCEEDED"] * len(names), what="the end of all jobs")


def test_a_kind_that_may_not_be_listed(arena: Product, gate: Gate) -> None:
    """Every verb that reads several kinds works on those it can read, and warns of the others in one line."""
    ended(arena, "one", "two")
    gate.spoil("GET", "/tfjobs", NO_LIST)

    def run(*words: str) -> tuple[int, str]:
        code, out, err = arena.run("--kubeconfig", gate.kubeconfig, *words)
        told = [line for line in err.splitlines() if line.startswith("Warning")]
        assert told == [WARNING], (words, err)
        return code, out

    code, out = run("list", "-o", "json")
    assert (code, sorted(one["name"] for one in json.loads(out))) == (0, ["one", "two"])
    for words in (["list"], ["top", "job"], ["prune", "--since", "0s", "--dry-run"]):
        code, out = run(*words)
        assert (code, "one" in out, "two" in out) == (0, True, True)
    assert run("adopt", "-l", "team=x")[0] == 0
    code, out = run("delete", "-l", "team=x", "-y")
    assert (code, "pytorchjob one deleted" in out, "job two deleted" in out) == (0, True, True)
    assert arena.jobs() == {}


@pytest.mark.parametrize(
    "words", [("delete", "-l", "team=x"), ("delete", "--all"), ("prune", "--since", "0s")]
)
def test_nothing_is_deleted_if_a_kind_may_not_be(arena: Product, gate: Gate, words: tuple[str, ...]) -> None:
    """A selection of which one kind may not be deleted is refused as a whole, before anything is gone."""
    ended(arena, "one", "two")
    gate.spoil("DELETE", "/apis/batch/v1", NO_DELETE)
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, *words, "-y")
    assert (code, out) == (4, "")
    assert 'you may not delete job "two"' in err
    assert sorted(arena.jobs()) == ["one", "two"]


def test_nothing_may_be_listed(arena: Product, gate: Gate) -> None:
    """Where no kind may be listed there is nothing to show: the refusal is the error, of every verb."""
    gate.spoil("GET", "/namespaces/default/", NO_LIST)
    for words in (["list"], ["top", "job"], ["prune", "--since", "0s"], ["delete", "--all", "-y"]):
        code, out, err = arena.run("--kubeconfig", gate.kubeconfig, *words)
        assert (code, out, "Warning" in err) == (4, "", False)


def test_a_job_whose_pods_may_not_be_listed(arena: Product, gate: Gate) -> None:
    """get shows the job without its instances and warns in one line; logs, which need them, are refused."""
    ended(arena, "one")
    gate.spoil("GET", "/pods?", refusal(403, "Forbidden", 'pods is forbidden: User "bob" cannot list it'))
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "get", "one", "-o", "json")
    assert (code, json.loads(out)["status"], json.loads(out)["instances"]) == (0, "SUCCEEDED", [])
    told = [line for line in err.splitlines() if line.startswith("Warning")]
    assert told == [
        "Warning: instances are missing: "
        'you may not list pods in namespace "default" (User "bob" cannot list it)'
    ]
    assert arena.run("--kubeconfig", gate.kubeconfig, "logs", "one").code == 4


LOG_FAULTS = {
    "refused": refusal(403, "Forbidden", 'pods "x" is forbidden: User "bob" cannot get resource "pods/log"'),
    "broken": refusal(500, "InternalError", "dial tcp 10.0.0.9:10250: no route to host"),
    "bad-gateway": refusal(502, "BadGateway", "the kubelet does not answer"),
}
"""By the names of the jobs of which they spoil a log."""


def test_a_log_that_cannot_be_read(arena: Product, gate: Gate) -> None:
    """logs and logs -f show what the other instances write, and one line on the log that cannot be read."""
    for name, answer in LOG_FAULTS.items():
        arena.must("submit", "pytorchjob", "--name", name, "--workers", "2", "--wait", "echo done")
        gate.spoil("GET", f"{name}-worker-0/log", answer)
    gate.spoil("GET", "logs.arena.io", refusal(404, "NotFound", "there is no such type"))
    logs = ("--kubeconfig", gate.kubeconfig, "logs")
    for follow in ((), ("-f",)):
        children = {name: arena.start(*logs, name, *follow) for name in LOG_FAULTS}
        for name, child in children.items():
            out, err = (text.decode() for text in child.communicate(timeout=100))
            assert (name, child.returncode, out) == (name, 0, "[master-0] done\n")
            told = [line for line in err.splitlines() if "cannot be read" in line]
            assert (
                told == [line for line in told if line.startswith("worker-0: its log cannot be read")] != []
            )
    for name, answer in LOG_FAULTS.items():
        assert arena.run(*logs, name, "-i", "worker-0").code == (4 if answer.status == 403 else 6)


def test_a_partial_answer_is_a_sequence() -> None:
    """It is read like a list, equals one only if nothing is missing, and never changes."""
    missing = Unread(what="tfjobs.kubeflow.org", why="you may not list tfjobs")
    whole, part = Partial(["a", "b"]), Partial(["a", "b"], [missing])
    assert [*part, len(part), part[0], part[1:]] == ["a", "b", 2, "a", ("b",)]
    assert whole == ["a", "b"] == whole
    assert part != ["a", "b"]
    assert part != whole
    assert (part.unread, part == Partial(["a", "b"], [missing])) == ((missing,), True)
    with pytest.raises(AttributeError):
        part.found = ()
