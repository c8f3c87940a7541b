"""Stacks that faulthandler writes to a log, between other lines."""

import pytest

from arena.actions.jobs.stacks.faulthandler import dumps

ONE = """step 1
Thread 0x00007f6c6a7fc6c0 [loader] (most recent call first):
  File "/a b/load.py", line 12 in wait
  File "threading.py", line 982 in run
Current thread 0x00007f6c7b8d92c0 (most recent call first):
  File "train.py", line 6 in <lambda>
step 2
  File "train.py", line 10 in <module>"""
TWO = """[rank0]: Current thread 0x00007f6c7b8d92c0 (most recent call first):
  <no Python frame>
Thread 0x00007f6c6a7fc6c0 (most recent call first):
  File "b.py", line ??? in wait
Current thread 0x00007f6c7b8d92c0 (most recent call first):
  File "a.py", line 3 in main"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ('no stack\n  File "a.py", line 3 in main', []),
        (
            ONE,
            [
                [
                    ("loader", [("wait", "/a b/load.py", 12), ("run", "threading.py", 982)]),
                    ("MainThread", [("<lambda>", "train.py", 6), ("<module>", "train.py", 10)]),
                ]
            ],
        ),
        (
            TWO,
            [
                [("MainThread", [])],
                [("", [("wait", "b.py", 0)]), ("MainThread", [("main", "a.py", 3)])],
            ],
        ),
        ('Thread 0x00007f6c6a7fc6c0 (most recent call first):\n  File "b.py", line 1 in wait', []),
    ],
)
def test_stacks_in_a_log(text: str, found: list[object]) -> None:
    """The thread that got the signal ends the stacks of a process; what is unfinished is left out."""
    read = [
        [(one.name, [tuple(frame) for frame in one.frames]) for one in dump]
        for dump in dumps(text.split("\n"))
    ]
    assert read == found
