"""Threads for simultaneous requests.

The thread pool of the standard library imports `logging`, which takes longer than a request.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Task(Generic[T]):
    """A call in a thread of a pool."""

    def __init__(self, call: Callable[..., T], args: tuple[Any, ...]) -> None:
        self._call = call
        self._args = args
        self._ended = threading.Event()
        self._returned: T
        self._raised: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            self._returned = self._call(*self._args)
        except BaseException as error:  # noqa: BLE001  # `result` raises it
            self._raised = error
        self._ended.set()

    def cancel(self) -> None:
        """Make `result` fail, because the call will not be made."""
        self._raised = RuntimeError("the pool of threads was closed before it made the call")
        self._ended.set()

    def done(self, seconds: float = 0.0) -> bool:
        """Whether the call has ended or was cancelled; waits for it at most this long."""
        return self._ended.wait(seconds)

    def result(self) -> T:
        """Wait until the call ends; return what it returned, or raise what it raised."""
        self._ended.wait()
        if self._raised is not None:
            raise self._raised
        return self._returned


class ThreadPool:
    """A limited number of threads that make calls; each ends when no call is waiting."""

    def __init__(self, threads: int) -> None:
        self._idle = threads
        self._lock = threading.Lock()
        self._waiting: deque[Task[Any]] = deque()
        self._closed = False

    def submit(self, call: Callable[..., T], *args: Any) -> Task[T]:
        """Make a call as soon as a thread is idle.

        Raises:
            RuntimeError: the pool is closed.
        """
        task = Task(call, args)
        self._begin([task])
        return task

    def map(self, call: Callable[[Any], T], items: Iterable[Any]) -> Iterator[T]:
        """Make a call for each item, all at once; yield the results in the order of the items."""
        tasks = deque([Task(call, (item,)) for item in items])
        # All are waiting before the first thread looks for one, or some threads would end too early.
        self._begin(tasks)
        return (tasks.popleft().result() for _ in range(len(tasks)))

    def _begin(self, tasks: Collection[Task[Any]]) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool of threads is closed")
            self._waiting.extend(tasks)
            more = min(self._idle, len(tasks))
            self._idle -= more
        for _ in range(more):
            threading.Thread(target=self._work).start()

    def close(self) -> None:
        """Cancel the calls that have not begun, without waiting for the others."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._waiting.popleft().cancel()

    def _work(self) -> None:
        while task := self._next():
            task.run()
            del task  # or its result would stay in memory until the next call

    def _next(self) -> Task[Any] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._idle += 1
            return None


def within(seconds: float, call: Callable[[], T]) -> T | None:
    """What the call returns, or None if it takes longer; then it goes on until the process ends."""
    task = Task(call, ())
    threading.Thread(target=task.run, daemon=True).start()
    return task.result() if task.done(seconds) else None


@contextmanager
def thread_pool(threads: int = 8) -> Iterator[ThreadPool]:
    """A pool of threads for the block; leaving it cancels calls that have not begun, without waiting."""
    pool = ThreadPool(threads)
    try:
        yield pool
    finally:
        pool.close()
