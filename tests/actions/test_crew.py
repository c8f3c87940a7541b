"""Threads for requests that are made at once."""

import threading

from arena.actions.crew import crew


def test_who_leaves_does_not_wait() -> None:
    """A crew is left at once: what goes on is not waited for, and what has not begun never does."""
    answer = threading.Event()
    with crew(1) as threads:
        busy, later = threads.submit(answer.wait, 10), threads.submit(answer.wait, 10)
    assert not busy.done()
    assert later.cancelled()
    answer.set()
    assert busy.result(10)
