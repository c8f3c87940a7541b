"""The channel on which the threads of one `follow` report, and what they report beside lines and jobs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from arena.actions.jobs.logs.lines import Block
from arena.actions.jobs.logs.tail import Tail
from arena.errors import ArenaError
from arena.model.jobs import Job
from arena.tuples import NamedTuple


class Lost(NamedTuple):
    """A log that cannot be read at present, or no longer."""

    tail: Tail
    error: ArenaError
    is_final: bool = True


class LostLogs:
    """The logs that cannot be read any longer, which do not end those of other instances."""

    def __init__(self) -> None:
        self._errors: dict[str, ArenaError] = {}

    def noted(self, one: Lost) -> Block:
        """Note a log, and return what to say of it."""
        if one.is_final:
            self._errors[one.tail.instance.uid] = one.error
        now = "" if one.is_final else " at present"
        said = f"its log cannot be read{now}: {one.error.message}"
        return Block(one.tail.name, one.tail.container, said=said)

    def check(self, readers: Mapping[str, threading.Thread]) -> None:
        """Raise the last error if none of the logs can be read any longer."""
        if self._errors and self._errors.keys() >= readers.keys():
            raise list(self._errors.values())[-1]


class Left(Exception):
    """The reader has left."""


class Outlet(queue.Queue["Block | Job | Lost | ArenaError | None"]):
    """The channel for the threads of one `follow`; None is the end of the job.

    Writing to a closed channel ends the thread, and closing ends the log streams, so that no thread outlives
    a reader who left early.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._tails: list[Tail] = []
        self.closed = False

    def begin(self, tails: Iterable[Tail]) -> None:
        """Register a log stream."""
        self._tails.extend(tails)
        if self.closed:
            raise Left

    def tell(self, item: Block | Job | Lost | ArenaError | None) -> None:
        """Pass an item on, once there is room."""
        while not self.closed:
            with suppress(queue.Full):
                return self.put(item, timeout=1.0)
        raise Left

    def close(self) -> None:
        """Close the channel."""
        self.closed = True
        for tail in list(self._tails):
            tail.close()


def start(work: Callable[..., None], *args: object) -> threading.Thread:
    """Run work in a thread until the channel is closed."""

    def run() -> None:
        with suppress(Left):
            work(*args)

    thread = threading.Thread(target=run, name=work.__name__, daemon=True)
    thread.start()
    return thread
