"""Which line of a failed job's log is shown beside its reason."""

import pytest

from arena.actions.diagnosis.explainers.error_line import LONGEST, error

TRACE = "Traceback (most recent call last):"
TORCHRUN = """\
[rank1]: Traceback (most recent call last):
[rank1]:   File "/app/train.py", line 3, in <module>
[rank1]:     raise RuntimeError("boom")
[rank1]: RuntimeError: boom
W1129 10:00:00.000 12 torch/distributed/elastic/multiprocessing/api.py:897] Sending process 13 signal SIGTERM
E1129 10:00:00.000 12 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: 1) local_rank: 1
Traceback (most recent call last):
  File "/usr/bin/torchrun", line 8, in <module>
    sys.exit(main())
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
train.py FAILED
  exitcode  : 1 (pid: 13)
  error_file: <N/A>
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("step 1\nloss 0.1\nno error so far\n", ""),
        (f"{TRACE}\n  File x\n    f()\nValueError: bad lr\n", "ValueError: bad lr"),
        (f"{TRACE}\n  File x\nmy.own.Trouble: gone\nbye\n", "my.own.Trouble: gone"),
        (f"{TRACE}\n  x\nKeyError: 1\nwent on\nError: no data\nbye", "Error: no data"),
        (TORCHRUN, "[rank1]: RuntimeError: boom"),
        ("a\nt.sh: line 1: 42 Segmentation fault ./train\n", "t.sh: line 1: 42 Segmentation fault ./train"),
        ("2030-01-01 12:00 ERROR cannot open x\ncleaning up\n", "2030-01-01 12:00 ERROR cannot open x"),
        ("python: can't open file 'x.py': [Errno 2] No such file or directory\n",) * 2,
        ("sh: 1: pyhton: not found\nfatal: not a git repository\n", "fatal: not a git repository"),
        ("terminate called after throwing an instance of 'std::bad_alloc'\n",) * 2,
        ("torch.OutOfMemoryError: CUDA out of memory.\nbye\n", "torch.OutOfMemoryError: CUDA out of memory."),
        ("RuntimeError: CUDA out of memory\nbye\nKilled\n", "RuntimeError: CUDA out of memory"),
        (f"{TRACE}\n  x\nKeyError: 1\nt.sh: line 1:    42 Killed    python x\n", "KeyError: 1"),
        ("ERROR no room\nAborted (core dumped)\n", "ERROR no room"),
        ("ERROR no room\n[rank0]: Segmentation fault\n", "ERROR no room"),
        ("step 1\nKilled\nbye\n", "Killed"),
        ("ERROR no room\nKilled by the scheduler: out of memory\n", "Killed by the scheduler: out of memory"),
        ("\x1b[31mError: red\x1b[0m\x1b]0;owned\x07\n", "Error: red"),
    ],
)  # fmt: skip
def test_the_line_that_tells(log: str, line: str) -> None:
    """The end of the last traceback, or the last line that says error, without a launcher's remarks."""
    assert error(log.splitlines()) == line.strip()


def test_a_long_line_is_cut() -> None:
    """No more of a line is shown than a screen can bear."""
    assert error(["Error: " + "x" * 10_000]) == "Error: " + "x" * (LONGEST - 7)
