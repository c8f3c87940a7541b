"""One container of a pod: its runs, one after the other, its probes and its end."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from arena.local.node import processes, runs
from arena.local.node.probes import Answer, Probes
from arena.local.node.runs import ENDED, RUNNING, STARTING, Run
from arena.local.node.status import View
from arena.local.objects import Object

LAST_CHANCE = 2.0
"""Seconds that a command has after TERM even when its grace was spent on the preStop hook."""
AGAIN = 0.05
"""Seconds until a run that cannot be waited for by a descriptor is looked at again."""


@dataclass
class Stop:
    """An end under way: the preStop `hook`, then `term`, then `kill`.

    Attributes:
        deadline: when the stage has lasted long enough, by the clock that nobody sets.
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
        """Whether a run of it has not ended."""
        return self.run is not None and self.run.state != ENDED

    @property
    def running(self) -> bool:
        """Whether its command runs."""
        return self.run is not None and self.run.state == RUNNING

    def refresh(self) -> bool:
        """Read the newest run's files; whether its state changed."""
        if self.run is not None and self.run.state == ENDED:
            return False
        before = self.run
        starting = self._starting()  # asked first: when it is over, the files are there
        self.run = runs.latest(self.folder)
        if self.run is not None and self.run.state != ENDED and not starting:
            self._check(self.run)
        if self.run is not None and (before is None or before.state != self.run.state):
            self.brief = self.run.state == ENDED and (before is None or before.state == STARTING)
            self._changed(self.run)
            return True
        return False

    def _starting(self) -> bool:
        """Whether the process that starts the supervisor is still at it."""
        if self._launcher is not None and self._launcher.poll() is not None:
            self._launcher = None
        return self._launcher is not None

    def settle(self) -> None:
        """Wait for the process that starts the supervisor, which ends in a moment."""
        if self._launcher is not None:
            self._launcher.wait()

    def _check(self, run: Run) -> None:
        """See whether anybody watches over an open run; end or undo it if not."""
        if runs.guarded(run):
            return
        if run.state == STARTING and run.number != self._launched:
            runs.void(run, self.uid, self.name)
            self.run = runs.latest(self.folder)
        else:
            self.run = runs.settle(run, self.uid, self.name)

    def _changed(self, run: Run) -> None:
        if run.state == RUNNING:
            same = self.known.get("restartCount") == run.number
            begun = time.monotonic() - max(0.0, time.time() - run.started)
            self.probes = Probes(self.spec, begun, self.known if same else None)
            self.waiting = None
        elif run.state == ENDED:
            self.probes = self.hooked = self.ending = None

    def start(self, spec: Object) -> None:
        """Begin the next run with what `runs.prepare` needs."""
        target = self._next()
        runs.prepare(target, spec)
        try:
            self._launcher = runs.launch(target)
        except OSError:
            shutil.rmtree(target)
            raise
        self._launched = int(target.name)
        self._began(target)

    def refuse(self, failures: int, message: str) -> None:
        """Let the next run end before it began."""
        target = self._next()
        runs.refuse(target, failures, "CreateContainerError", message)
        self._began(target)

    def _next(self) -> Path:
        return self.folder / str(self.run.number + 1 if self.run else 0)

    def _began(self, target: Path) -> None:
        runs.forget(self.folder)
        self.waiting = None
        self.run = runs.read(target)

    def watched(self) -> int | None:
        """The process whose end will change this container's state."""
        if self._launcher is not None:
            return self._launcher.pid
        return self.run.supervisor if self.run is not None and self.run.state == RUNNING else None

    def stop(self, grace: float, hook: Callable[[], "Future[Answer] | None"]) -> None:
        """Begin to end the run: preStop, TERM, and KILL after `grace` seconds; a shorter grace hurries it."""
        now = time.monotonic()
        if not self.live:
            return
        if self.ending is None:
            asked = hook() if self.running and grace > 0 else None
            self.ending = Stop(now + grace, hook=asked)
        self.ending.deadline = min(self.ending.deadline, now + grace)
        self.tend()

    def tend(self) -> float | None:
        """Carry the end on; seconds until there is more to do."""
        stop, now = self.ending, time.monotonic()
        if stop is None or self.run is None or not self.live:
            return None
        if not self.running:
            return AGAIN
        if stop.stage == "hook" and (stop.hook is None or stop.hook.done() or now >= stop.deadline):
            self.run.signal(signal.SIGTERM)
            stop.stage, stop.deadline = "term", max(stop.deadline, now + (LAST_CHANCE if stop.hook else 0))
        if stop.stage in ("term", "kill") and now >= stop.deadline:
            self.run.signal(signal.SIGKILL)
            processes.sweep(self.uid, self.name)
            stop.stage, stop.deadline = "kill", now + 1
        return max(0.0, stop.deadline - now)

    def view(self) -> View:
        """What its status shall tell."""
        previous = None
        if self.run is not None and self.run.number:
            previous = runs.read(self.folder / str(self.run.number - 1))
        ready = self.running and self.probes is not None and self.probes.ready and self._greeted()
        started = self.running and self.probes is not None and self.probes.started
        return View(self.spec, self.run, previous, self.waiting, ready, started)

    def _greeted(self) -> bool:
        return self.hooked is None or self.hooked.done()
