"""One thread that runs every operator: watch, queue, reconcile, try again."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from arena.local.machinery.clock import now as present
from arena.local.machinery.creation_limit import LimitedObjects, LimitReached
from arena.local.machinery.operator import Key, Operator, every
from arena.local.machinery.queue import LATER, SOON, Queue
from arena.local.objects import Objects, Refused, Watch, WatchEvent

log = logging.getLogger(__name__)

BATCH = 1000
"""Changes noted at most before the next item is worked on."""
SLOW, REST = 0.02, 4.0
"""An item that takes this many seconds of CPU time rests this many times as long afterwards: a job with many
pods changes all the time, and each pass reads all of its pods."""
PAUSE = 1.0
"""Seconds before a lost watch is opened again."""


class Runner:
    """Runs operators against one API.

    Args:
        objects: the API.
        clock: gives the present moment; a test's clock may stand still.
        operators: those to run; None: all of this package.
    """

    def __init__(
        self,
        objects: Objects,
        *,
        clock: Callable[[], datetime] = present,
        operators: Sequence[Operator] | None = None,
    ) -> None:
        self._objects = objects
        self._clock = clock
        self._operators = every() if operators is None else list(operators)
        self._queue: Queue[tuple[int, Key]] = Queue(clock)
        self._ended = threading.Event()
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._folder = ""
        self._rests: dict[tuple[int, Key], float] = {}
        """When items may be worked on again."""

    def start(self, folder: str = "") -> None:
        """Work in a thread of its own until `stop`.

        Args:
            folder: the state folder, for what outlives this process besides objects; "" if nothing does.
        """
        self._folder = folder
        self._thread = threading.Thread(target=self._run, name="operators", daemon=True)
        self._thread.start()

    def stop(self, leave: bool = False) -> None:
        """End after the current item; the next runner finds what is left to do.

        Args:
            leave: whether to leave what operators hold besides objects to the next server.
        """
        self._ended.set()
        if self._watch:
            self._watch.close()
        if self._thread:
            self._thread.join()
        for operator in () if leave else self._operators:
            operator.close()

    def run_until_idle(self, settle: float = 0.0) -> int:
        """Work in the caller's thread until nothing is due; returns the number of processed items.

        Args:
            settle: seconds to wait for further changes before it counts as idle (an API in another process
                reports writes a little later).
        """
        watch = self._watch or self._open()
        done = 0
        while True:
            if self._turn(watch):
                done += 1
                continue
            change = watch.poll(settle)
            if change is None:
                return done
            self._note(change)

    def _run(self) -> None:
        for operator in self._operators if self._folder else ():
            operator.open(self._objects, self._folder)
        while not self._ended.is_set():
            try:
                watch = self._open()
                while not self._ended.is_set():
                    self._step(watch)
            except Refused as refusal:
                log.warning("the operators lost their watch: %s", refusal)
                if self._watch:
                    self._watch.close()
                self._ended.wait(PAUSE)

    def _open(self) -> Watch:
        for operator in self._operators:
            operator.forget()
        types = dict.fromkeys(kind for operator in self._operators for kind in operator.watches)
        watch = self._watch = self._objects.watch(*types)
        if self._ended.is_set():
            watch.close()
        return watch

    def _step(self, watch: Watch) -> None:
        if not self._turn(watch):
            change = watch.poll(self._queue.wait())
            if change:
                self._note(change)

    def _turn(self, watch: Watch) -> bool:
        """Note what changed, then work on one item; False when none is due."""
        for _ in range(BATCH):
            change = watch.poll(0)
            if change is None:
                break
            self._note(change)
        item = self._queue.pop()
        if item is not None:
            began = time.thread_time()  # what others take of the machine does not count
            self._work(item)
            took = time.thread_time() - began
            if self._thread and took > SLOW:
                self._rests[item] = time.monotonic() + REST * took
        return item is not None

    def _note(self, change: WatchEvent) -> None:
        for index, operator in enumerate(self._operators):
            if change.resource in operator.watches:
                for item in self._keys(operator, change):
                    self._queue.add((index, item), self._rest((index, item)))

    def _rest(self, item: tuple[int, Key]) -> float:
        """Seconds for which an item still rests."""
        left = self._rests.get(item, 0.0) - time.monotonic()
        if left <= 0:
            self._rests.pop(item, None)
        return max(0.0, left)

    def _keys(self, operator: Operator, change: WatchEvent) -> list[Key]:
        try:
            return list(operator.keys(self._objects, change))
        # The same boundary as in `_work`: an object that one operator cannot read is skipped.
        except Exception:
            log.exception("%s cannot read what changed", operator.name)
            return []

    def _work(self, item: tuple[int, Key]) -> None:
        index, name = item
        operator = self._operators[index]
        try:
            delay = operator.reconcile(LimitedObjects(self._objects), name, self._clock())
        except LimitReached:
            self._queue.add(item)
        except Refused as refusal:
            seconds = self._queue.retry(item, SOON if refusal.code == 409 else LATER)
            log.info("%s %s: %s; again in %.2f s", operator.name, "/".join(name), refusal, seconds)
        # The boundary between operators: a bug in one, met by one object, must neither end the
        # others nor itself for all other objects. It is logged whole and tried again ever later.
        except Exception:
            log.exception("%s %s failed", operator.name, "/".join(name))
            self._queue.retry(item, LATER)
        else:
            self._queue.forget(item)
            if delay is not None:
                self._queue.add(item, max(0.0, delay))
