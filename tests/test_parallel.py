"""Threads for requests that are made at once."""

import threading

import pytest

from arena.parallel import thread_pool


def test_who_leaves_does_not_wait() -> None:
    """A pool is left at once: what goes on is not waited for, and what has not begun never does."""
    answer = threading.Event()
    with thread_pool(1) as threads:
        busy, later = threads.submit(answer.wait, 10), threads.submit(answer.wait, 10)
    assert not busy.done()
    with pytest.raises(RuntimeError):
        later.result()
    answer.set()
    assert busy.result()


def test_results_come_in_the_order_of_the_items() -> None:
    """`map` makes the calls at the same time, and yields their results in the order of the items."""
    both = threading.Barrier(2, timeout=10)

    def call(item: int) -> int:
        both.wait()
        return item

    with thread_pool(2) as threads:
        assert list(threads.map(call, [3, 1, 4, 2])) == [3, 1, 4, 2]


def test_an_error_reaches_who_waits_for_the_result() -> None:
    """`result` raises what the call raised, and the pool makes further calls."""

    def fail() -> None:
        raise ValueError("no")

    with thread_pool(1) as threads:
        failed, later = threads.submit(fail), threads.submit(str, 1)
        with pytest.raises(ValueError, match="no"):
            failed.result()
        assert later.result() == "1"


def test_a_closed_pool_takes_no_call() -> None:
    """A call that nobody would wait for is refused."""
    with thread_pool(1) as threads:
        pass
    with pytest.raises(RuntimeError):
        threads.submit(int)
