"""Exceptions and crashes in the output of programs."""

from time import process_time

import pytest

from arena.tracebacks import LONGEST, Tracebacks, failures

PYTHON = """\
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    main()
    ~~~~^^
  File "train.py", line 2, in main
    raise ValueError("bad")
ValueError: bad"""
CHAINED = f"""\
{PYTHON}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "train.py", line 9, in <module>
torch.cuda.OutOfMemoryError: CUDA out of memory"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "a.py", line 1, in <module>
  |     raise ExceptionGroup("two", [])
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: 1
    +---------------- 2 ----------------
    | TypeError: 2
    +------------------------------------"""
SYNTAX = """\
  File "train.py", line 3
    def a(:
          ^
SyntaxError: invalid syntax"""
FATAL = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f6c7b8d92c0 (most recent call first):
  File "train.py", line 6 in <module>

Extension modules: numpy.core (total: 1)"""
ABORT = """\
terminate called after throwing an instance of 'c10::Error'
  what():  CUDA error: an illegal access
Exception raised from c10_cuda_check at c10/cuda/CUDAException.cpp:44 (most recent call first):
frame #0: c10::Error::Error() + 0x97 (0x7f in libc10.so)"""
GLOG = """\
F0102 03:04:05.678901   123 reduce.cc:12] Check failed: a == b (1 vs. 2)
*** Check failure stack trace: ***
    @     0x7f6c  google::LogMessage::Fail()"""
GO = """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.main()
\t/src/main.go:8 +0x1d
exit status 2"""
JAVA = """\
Exception in thread "main" java.lang.RuntimeException: bad
\tat org.apache.spark.Main.main(Main.java:3)
Caused by: java.io.IOException: worse
\t... 1 more"""
RUST = "thread 'main' panicked at src/main.rs:2:5:\nexplicit panic"
SHELL = "train.sh: line 3:    17 Segmentation fault      (core dumped) python train.py"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (PYTHON, "ValueError: bad"),
        (PYTHON.replace("ValueError: bad", "ValueError: bad\n  more of it"), "ValueError: bad"),
        (PYTHON.replace("ValueError: bad", "StopIteration"), "StopIteration"),
        (
            PYTHON.replace("ValueError: bad", "requests.exceptions.Timeout: 3 s"),
            "requests.exceptions.Timeout: 3 s",
        ),
        (CHAINED, "torch.cuda.OutOfMemoryError: CUDA out of memory"),
        (GROUP, "ExceptionGroup: two (2 sub-exceptions)"),
        (SYNTAX, "SyntaxError: invalid syntax"),
        (FATAL, "Fatal Python error: Segmentation fault"),
        (
            ABORT,
            "terminate called after throwing an instance of 'c10::Error': CUDA error: an illegal access",
        ),
        (GLOG, GLOG.split("\n", 1)[0]),
        (GO, "panic: runtime error: index out of range [5] with length 3"),
        (JAVA, 'Exception in thread "main" java.lang.RuntimeException: bad'),
        (RUST, "thread 'main' panicked at src/main.rs:2:5:"),
        (SHELL, SHELL),
    ],
)
@pytest.mark.parametrize("prefix", ["", "[rank3]: ", "[default3]:", "[1,2]<stderr>:"])
def test_a_failure_in_a_log(text: str, title: str, prefix: str) -> None:
    """A failure has all of its lines and none of those around it, also with the prefix of a rank."""
    lines = [prefix + line for line in text.split("\n")]
    [found] = failures(["step 1", *lines, "step 2"])
    assert (found.title, found.lines, found.begin) == (title, tuple(lines), 1)


@pytest.mark.parametrize(
    "text",
    [
        "an Error: nothing",
        "Traceback (most recent call last):",
        'Traceback (most recent call last):\n  File "a.py", line 3',
        "gcc: fatal error: no input files",
        "fatal error: no input files\ncompilation terminated.",
        "panic: at the disco\nstep 2",
        '  File "a.py", line 3\n    as shown above\nall went well',
        "Killed by nobody",
    ],
)
def test_what_is_no_failure(text: str) -> None:
    """Words that resemble a failure, and one that is cut off, are none."""
    assert failures(text.split("\n")) == []


def test_ranks_that_alternate() -> None:
    """Prefixes tell the lines of ranks apart, and a line of another thread does not end a traceback."""
    mixed = []
    for number, line in enumerate(PYTHON.split("\n")):
        mixed += [f"[rank0]: {line}", f"[rank1]: {line}"]
        mixed += ["step 7"] if number == 2 else []
    found = failures(mixed)
    assert [one.title for one in found] == ["ValueError: bad"] * 2
    assert [one.lines[-1] for one in found] == ["[rank0]: ValueError: bad", "[rank1]: ValueError: bad"]
    alone = PYTHON.split("\n")
    assert failures([*alone[:3], "step 7", *alone[3:]])[0].lines == tuple(alone)


def test_successive_failures_and_what_follows_from_others() -> None:
    """Each failure is found, and one that usually follows from that of another process says so."""
    torchrun = PYTHON.replace(
        "ValueError: bad", "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "
    )
    found = failures([*PYTHON.split("\n"), "", *torchrun.split("\n"), *SHELL.split("\n")])
    assert [one.is_secondary for one in found] == [False, True, False]


def test_a_traceback_is_bounded() -> None:
    """Of an endless traceback, the beginning and the end are kept."""
    calls = [f'  File "a.py", line {number}, in again' for number in range(10 * LONGEST)]
    [found] = failures(["Traceback (most recent call last):", *calls, "RecursionError: too deep"])
    assert len(found.lines) == LONGEST
    assert (found.lines[1], found.lines[-2], found.lines[-1]) == (
        calls[0],
        calls[-1],
        "RecursionError: too deep",
    )


def test_many_prefixes_are_bounded() -> None:
    """Hostile output cannot make the reader remember without end."""
    reader = Tracebacks()
    for number in range(5000):
        list(reader.feed(f"[{number}]: Traceback (most recent call last):"))
    assert len(reader._open) <= 1024


def test_a_long_line_of_brackets():
    """The time for a line grows with its length, also among the calls of a panic."""
    began = process_time()
    failures(["panic: bad", "goroutine 1 [running]:", "(" * 200_000])
    assert process_time() - began < 1
