"""One container of a pod: its successive runs, its probes and its termination."""

import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from arena.local.node import container_runs, last_output
from arena.local.node.container_runs import ENDED, RUNNING, STARTING, Run
from arena.local.node.probes import Answer, Probes
from arena.local.node.status import View
from arena.local.objects import Object

LAST_CHANCE = 2.0
"""Seconds that a command has after TERM even when its grace was spent on the preStop hook."""
AGAIN = 0.05
"""Seconds between checks of a run without a descriptor to wait for."""


@dataclass
class Stop:
    """A termination in progress: the preStop `hook`, then `term`, then `kill`.

    Attributes:
        deadline: when the next stage begins, by the monotonic clock.
    """

    deadline: float
    stage: str = "hook"
    hook: "Future[Answer] | None" = None


@dataclass
class Container:
    """A container as its pod's folder tells it, and what the kubelet remembers besides.

    Attributes:
        known: its status as the API had it when this kubelet first saw it: readiness survives a restart.
        waiting: reason and message while the next run does not start.
        hooked: the postStart hook of the run, when there is one.
        brief: whether the run ended before it was seen running.
    """

    spec: Object
    uid: str
    folder: Path
    known: Object = field(default_factory=dict)
    run: Run | None = None
    waiting: tuple[str, str] | None = None
    ending: Stop | None = None
    probes: Probes | None = None
    hooked: "Future[Answer] | None" = None
    brief: bool = False
    _launched: int = -1
    _launcher: "subprocess.Popen[bytes] | None" = None

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def live(self) -> bool:
        """Whether it has a run that has not ended."""
        return self.run is not None and self.run.state != ENDED

    @property
    def running(self) -> bool:
        """Whether its command is running."""
        return self.run is not None and self.run.state == RUNNING

    def refresh(self) -> bool:
        """Read the newest run's files and return whether its state changed.

        Raises:
            OSError: they are gone, as somebody has moved or removed the state folder.
        """
        starting = self._starting()  # checked first: when it is over, the files exist
        if self.run is not None and self.run.state == ENDED:
            return False
        before = self.run
        self.run = container_runs.latest(self.folder)
        if self.run is None and before is not None:
            self.run = before
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(before.folder))
        if self.run is not None and self.run.state != ENDED and not starting:
            self._check(self.run)
        if self.run is not None and (before is None or before.state != self.run.state):
            self.brief = self.run.state == ENDED and (before is None or before.state == STARTING)
            self._changed(self.run)
            return True
        return False

    def _starting(self) -> bool:
        """Whether the process that starts the supervisor is still running."""
        if self._launcher is not None and self._launcher.poll() is not None:
            self._launcher = None
        return self._launcher is not None

    def settle(self) -> None:
        """Wait for the process that starts the supervisor, which exits within a moment."""
        if self._launcher is not None:
            self._launcher.wait()

    def _check(self, run: Run) -> None:
        """End or undo an open run that has no supervisor."""
        if container_runs.supervised(run):
            return
        if run.state == STARTING and run.number != self._launched:
            container_runs.void(run, self.uid, self.name)
            self.run = container_runs.latest(self.folder)
        else:
            self.run = container_runs.settle(run, self.uid, self.name)

    def _changed(self, run: Run) -> None:
        if run.state == RUNNING:
            same = self.known.get("restartCount") == run.number
            begun = time.monotonic() - max(0.0, time.time() - run.started)
            self.probes = Probes(self.spec, begun, self.known if same else None)
            self.waiting = None
        elif run.state == ENDED:
            self.probes = self.hooked = self.ending = None

    def start(self, spec: Object) -> None:
        """Start the next run with the spec that `container_runs.prepare` takes."""
        target = self._next()
        container_runs.prepare(target, spec)
        try:
            self._launcher = container_runs.launch(target)
        except OSError:
            shutil.rmtree(target)
            raise
        self._launched = int(target.name)
        self.waiting = None
        # Its supervisor may have been quick: `refresh` must see any change of the run.
        self.run = replace(container_runs.read(target), state=STARTING)

    def refuse(self, failures: int, message: str) -> None:
        """Record that the next run failed before it started."""
        target = self._next()
        container_runs.refuse(target, failures, "CreateContainerError", message)
        self.waiting = None
        self.run = container_runs.read(target)

    def _next(self) -> Path:
        return self.folder / str(self.run.number + 1 if self.run else 0)

    def watched(self) -> int | None:
        """The process whose exit changes this container's state."""
        if self._launcher is not None:
            return self._launcher.pid
        return self.run.supervisor if self.run is not None and self.run.state == RUNNING else None

    def stop(self, grace: float, hook: Callable[[], "Future[Answer] | None"]) -> None:
        """Begin to terminate it: preStop, TERM, KILL after `grace` seconds; later calls can shorten it."""
        now = time.monotonic()
        if not self.live:
            return
        if self.ending is None:
            asked = hook() if self.running and grace > 0 else None
            self.ending = Stop(now + grace, hook=asked)
        self.ending.deadline = min(self.ending.deadline, now + grace)
        self.tend()

    def tend(self) -> float | None:
        """Continue the termination and return the seconds until the next stage."""
        stop, now = self.ending, time.monotonic()
        if stop is None or self.run is None or not self.live:
            return None
        if not self.running:
            return AGAIN
        if stop.stage == "hook" and (stop.hook is None or stop.hook.done() or now >= stop.deadline):
            self.run.signal(signal.SIGTERM)
            stop.stage, stop.deadline = "term", max(stop.deadline, now + (LAST_CHANCE if stop.hook else 0))
        if stop.stage in ("term", "kill") and now >= stop.deadline:
            self.run.kill(self.uid, self.name)
            stop.stage, stop.deadline = "kill", now + 1
        return max(0.0, stop.deadline - now)

    def view(self) -> View:
        """What its status is computed from."""
        previous = None
        if self.run is not None and self.run.number:
            previous = container_runs.read(self.folder / str(self.run.number - 1))
        ready = self.running and self.probes is not None and self.probes.ready and self._greeted()
        started = self.running and self.probes is not None and self.probes.started
        run, previous = self._worded(self.run), self._worded(previous)
        return View(self.spec, run, previous, self.waiting, ready, started)

    def _worded(self, run: Run | None) -> Run | None:
        """A failed run with the end of its output as its message, if the container asks for that."""
        asked = self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not asked or run is None or run.state != ENDED or not run.code or run.message:
            return run
        return replace(run, message=last_output.read(run.log))

    def _greeted(self) -> bool:
        return self.hooked is None or self.hooked.done()
