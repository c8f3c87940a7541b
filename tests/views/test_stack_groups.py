"""How the stacks of a job's processes are shown."""

from arena.model.stacks import Frame, Process, Stacks, Thread
from arena.views import stacks as views

WAITS = Thread("MainThread", (
    Frame("all_reduce", "/usr/lib/python3.11/site-packages/torch/distributed/c10d.py", 83),
    Frame("<module>", "/opt/job/train.py", 19),
))  # fmt: skip
HANGS = Thread("MainThread", (Frame("load\x1b[2J", "/opt/job/train.py", 8),))
LOADS = Thread("loader", (Frame("get", "/usr/lib/python3.11/queue.py", 171),))


def rank(number: int | None, *threads: Thread, instance: str = "", **others: object) -> Process:
    name = instance or f"worker-{number}"
    return Process(instance=name, pid=1, program="train.py", rank=number, threads=threads, **others)  # type: ignore[arg-type]


def shown(*processes: Process, threads: bool = False) -> list[str]:
    return views.page(Stacks(name="a", namespace="n", processes=processes), threads=threads).split("\n")


def test_equal_stacks_are_shown_once() -> None:
    """The largest group comes first, the ranks that differ from it last; control characters are escaped."""
    assert shown(rank(2, HANGS), rank(0, WAITS, LOADS), rank(3, WAITS), rank(1, WAITS)) == [
        "ranks 0-1,3: train.py",
        "  all_reduce  torch/distributed/c10d.py:83",
        "  <module>    /opt/job/train.py:19",
        "",
        "rank 2: train.py",
        r"  load\x1b[2J  /opt/job/train.py:8",
    ]


def test_all_threads() -> None:
    """With all threads, processes whose other threads differ are in different groups."""
    assert shown(rank(0, WAITS, LOADS), rank(1, WAITS), rank(2, WAITS), threads=True)[-6:] == [
        "rank 0: train.py",
        "  MainThread",
        "    all_reduce  torch/distributed/c10d.py:83",
        "    <module>    /opt/job/train.py:19",
        "  loader",
        "    get  queue.py:171",
    ]


def test_processes_without_a_rank_or_a_stack() -> None:
    """Helpers are named by the ranks that they help, others by instance; those without a stack come first."""
    helpers = [rank(None, LOADS, helps=number) for number in (0, 0, 1)]
    lines = shown(
        *helpers, rank(None, WAITS, instance="launcher"), rank(4, state="sleeping in pipe", error="denied")
    )
    assert [line for line in lines if not line.startswith("  ")] == [
        "rank 4: train.py", "", "3 helpers of ranks 0-1: train.py", "", "launcher: train.py",
    ]  # fmt: skip
    assert lines[1:3] == ["  no Python stack: denied", "  main thread: sleeping in pipe"]
