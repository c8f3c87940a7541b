"""Retries, deadlines, time to live and clean-up, with real programs on the local cluster."""

import pytest
from product import Product, quoted, until

FLAKY = """
import sys
with open(sys.argv[1], "a+") as file:
    file.write("x")
    file.seek(0)
    sys.exit(len(file.read()) == 1)
"""
"""Fails at its first start, and then no more; its argument names the file of its notes."""
KINDS = pytest.mark.parametrize("kind", ["pytorchjob", "mpijob"])
IDLE = "sleep 600"


def flaky(arena: Product) -> str:
    """The command of such a program."""
    (arena.home / "flaky.py").write_text(FLAKY, encoding="utf-8")
    return quoted("python", arena.home / "flaky.py", arena.home / "tries")


def tries(arena: Product) -> int:
    """How often it was started."""
    return len((arena.home / "tries").read_text("utf-8"))


@pytest.mark.parametrize("kind", ["pytorchjob", "tfjob", "mpijob", "jaxjob"])
def test_retried_as_often_as_asked(arena: Product, kind: str) -> None:
    """With --retry 1 a program that fails once is started once more, and succeeds."""
    ended = arena.run("submit", kind, "--name", "j", "--retry", "1", "--wait", flaky(arena))
    assert ended.code == 0, ended.err
    assert tries(arena) == 2


@KINDS
def test_not_retried_more_often(arena: Product, kind: str) -> None:
    """Without --retry the first failure of a program is the job's."""
    ended = arena.run("submit", kind, "--name", "j", "--wait", flaky(arena))
    assert ended.code == 7, ended.err
    assert tries(arena) == 1


@KINDS
def test_ended_at_its_deadline(arena: Product, kind: str) -> None:
    """A job that runs longer than --running-timeout fails for that, and nothing of it runs on."""
    code, _, err = arena.run(
        "submit", kind, "--name", "j", "--running-timeout", "1s", "--wait", f"{IDLE} #{arena.home}"
    )
    assert code == 7
    assert "deadline" in err
    until(lambda: not arena.processes(IDLE), what="the end of the program")


@KINDS
def test_deleted_after_its_time(arena: Product, kind: str) -> None:
    """A job with --ttl-after-finished is gone by itself that long after its end, with its pods."""
    arena.must("submit", kind, "--name", "j", "--ttl-after-finished", "1s", "true")
    arena.must("wait", "j", "--for", "deleted", "--timeout", "30s")
    assert arena.jobs() == {}
    until(lambda: not pods(arena), what="the end of its pods")


@pytest.mark.parametrize(
    ("policy", "left"), [("None", ["master-0", "worker-0"]), ("Running", ["master-0"]), ("All", [])]
)
def test_cleaned_up(arena: Product, policy: str, left: list[str]) -> None:
    """--clean-task-policy determines which instances exist and which programs run after the end."""
    command = f"test $RANK = 0 || {IDLE} # {arena.home}"
    words = ("--workers", "2", "--clean-task-policy", policy)
    arena.must("submit", "pytorchjob", "--name", "j", *words, command)
    arena.must("wait", "j", "--for", "phase=SUCCEEDED")
    until(lambda: pods(arena) == left, what=f"the instances {left}")
    until(lambda: bool(arena.processes(IDLE)) is (policy == "None"), what="the programs")


def pods(arena: Product) -> list[str]:
    """The ends of the names of all pods."""
    found = arena.ask("/api/v1/namespaces/default/pods")["items"]
    return sorted(one["metadata"]["name"].removeprefix("j-") for one in found)
