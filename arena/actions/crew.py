"""Threads for requests that are made at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def crew(threads: int = 8) -> Iterator[ThreadPoolExecutor]:
    """So many threads; who is interrupted, or refused, does not wait for what others still ask."""
    made = ThreadPoolExecutor(threads)
    try:
        yield made
    finally:
        made.shutdown(wait=False, cancel_futures=True)
