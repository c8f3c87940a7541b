"""One pod: from what its folder and its object say to what is to be done next.

`Worker.sync` may be called at any time and as often as one likes: it looks, does what is due, writes the
status, and tells when it wants to be called again.
"""

import shutil
import time
from collections.abc import Iterator
from datetime import datetime

from arena.local.node import hints, probing, processes, starting, status
from arena.local.node.containers import AGAIN, Container
from arena.local.node.gpus import Short
from arena.local.node.runs import ENDED, RUNNING, Run
from arena.local.node.status import ALWAYS, View
from arena.local.node.tools import Tools
from arena.local.objects import PODS, Object

FORCED = 2.0
"""Seconds between TERM and KILL for a pod whose object is already gone."""
FINAL = ("Succeeded", "Failed")


def soonest(*due: float | None) -> float | None:
    """The least of some waiting times, of which None means: no need."""
    return min((one for one in due if one is not None), default=None)


class Worker:
    """What the kubelet does for one pod; used by its thread alone.

    Attributes:
        gone: the object was removed, so whatever is left must end.
        over: all is done, the worker can be forgotten.
    """

    def __init__(self, tools: Tools, pod: Object) -> None:
        self.tools = tools
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.folder = tools.pods / self.uid
        self.init = self._containers("initContainers", "initContainerStatuses")
        self.main = self._containers("containers", "containerStatuses")
        self.gone = False
        self.over = False
        self._looked = False  # what is found at first has been told by an earlier kubelet
        self._verdict: status.Verdict | None = None
        self._reported: Object | None = None
        if (self.folder / "gpus.json").exists() and self._phase() not in FINAL:
            tools.gpus.adopt(self.uid, self.folder)

    def _containers(self, specs: str, statuses: str) -> list[Container]:
        known = {one["name"]: one for one in (self.pod.get("status") or {}).get(statuses) or []}
        return [
            Container(spec, self.uid, self.folder / "containers" / spec["name"], known.get(spec["name"], {}))
            for spec in self.pod["spec"].get(specs) or []
        ]

    def everyone(self) -> Iterator[Container]:
        """Init containers, then the others."""
        yield from self.init
        yield from self.main

    def update(self, pod: Object) -> None:
        """Take a newer state of the object; an older one, from before our own writing, is passed over."""
        if int(pod["metadata"]["resourceVersion"]) >= int(self.pod["metadata"].get("resourceVersion", 0)):
            self.pod = pod

    def watched(self) -> set[int]:
        """The processes whose end makes a `sync` necessary."""
        return {pid for one in self.everyone() if (pid := one.watched())}

    def _phase(self) -> str:
        return str((self.pod.get("status") or {}).get("phase", "Pending"))

    @property
    def live(self) -> list[Container]:
        """The containers of which a run has not ended."""
        return [one for one in self.everyone() if one.live]

    def sync(self) -> float | None:
        """Look, act, report; seconds until it is to be called again, None: when something happens."""
        for container in self.everyone():
            if container.refresh() and self._looked:
                self._tell(container)
        self._looked = True
        if self.gone or self.pod["metadata"].get("deletionTimestamp"):
            return self._remove()
        if self._phase() in FINAL:
            return self._halt(0)
        limit = self._limit()
        if self._verdict:
            due = self._halt(self._grace())
        else:
            due = soonest(limit, self._advance())
        self._report()
        return due

    # What happened

    def _tell(self, container: Container) -> None:
        """Say what became of a run."""
        run, say = container.run, self.tools.events
        if run is None:
            return
        if run.state == RUNNING or (container.brief and run.reason in ("Completed", "Error")):
            say.say(self.pod, "Started", f"Started container {container.name}", container.name)
        if run.state == RUNNING:
            probing.greet(self.tools, container)
        if run.state == ENDED and run.code:
            if run.reason == "ContainerCannotRun":
                say.warn(self.pod, "Failed", f"Error: {run.message}", container.name)
            hint = hints.of(run.code, run.message, run.log)
            if hint:
                say.warn(self.pod, "Hint", hint, container.name)

    # Forward

    def _limit(self) -> float | None:
        """Seconds until activeDeadlineSeconds have passed; past them the pod is condemned."""
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        begun = (self.pod.get("status") or {}).get("startTime")
        if seconds is None or begun is None:
            return None
        start = datetime.fromisoformat(begun.replace("Z", "+00:00")).timestamp()
        left = min(float(seconds), start + float(seconds) - time.time())
        if left <= 0:
            message = "Pod was active on the node longer than the specified deadline"
            self._verdict = status.Verdict("DeadlineExceeded", message)
            return None
        return left

    def _advance(self) -> float | None:
        try:
            starting.admit(self.tools, self.pod)
        except Short as error:
            message = f"Allocate failed due to {error}, which is unexpected"
            self._verdict = status.Verdict("UnexpectedAdmissionError", message)
            return None
        if status.over(self._policy(), self._views(self.main)):
            return self._halt(self._grace())
        dues = []
        for number, container in enumerate(self.init):
            view = container.view()
            later = [*self.init[number + 1 :], *self.main]
            # A sidecar that starts again holds up nobody who runs already.
            through = view.started or any(one.run for one in later) if view.sidecar else view.succeeded
            if view.sidecar or not through:
                dues.append(self._drive(container))
            if not through:
                for one in later:
                    one.waiting = ("PodInitializing", "")
                return soonest(*dues)
        return soonest(*dues, *[self._drive(container) for container in self.main])

    def _policy(self) -> str:
        return str(self.pod["spec"].get("restartPolicy", ALWAYS))

    def _drive(self, container: Container) -> float | None:
        """Bring one container forward."""
        run = container.run
        if container.ending:
            return container.tend()
        if run is None:
            return starting.start(self.tools, self.pod, container, 0)
        if run.state == ENDED:
            return self._again(container, run)
        if run.state == RUNNING:
            return probing.turn(self.tools, self.pod, container, self._grace())
        return None if container.watched() else AGAIN

    def _again(self, container: Container, run: Run) -> float | None:
        """Restart a container that ended, if and when its pod's policy says so."""
        if not status.restarts(container.spec.get("restartPolicy") or self._policy(), run.code):
            return None
        pace = self.tools.pace
        lasted = run.finished - run.started >= pace.reset
        failures = 0 if lasted else run.failures
        pause = min(pace.backoff * 2 ** (failures - 1), pace.ceiling) if failures else 0.0
        left = min(pause, run.finished + pause - time.time())  # the clock may have been set back
        if left <= 0:
            return starting.start(self.tools, self.pod, container, 0 if lasted else run.failures + 1)
        meta = self.pod["metadata"]
        who = f"{meta['name']}_{meta['namespace']}({self.uid})"
        said = f"back-off {pause:g}s restarting failed container={container.name} pod={who}"
        if container.waiting is None:
            text = f"Back-off restarting failed container {container.name} in pod {who}"
            self.tools.events.warn(self.pod, "BackOff", text, container.name)
        container.waiting = ("CrashLoopBackOff", said)
        return left

    # The end

    def _grace(self) -> float:
        """Seconds between TERM and KILL."""
        meta = self.pod["metadata"]
        if self.gone:
            return FORCED
        given = meta.get("deletionGracePeriodSeconds")
        if given is None:
            given = self.pod["spec"].get("terminationGracePeriodSeconds")
        return 30.0 if given is None else float(given)

    def _halt(self, grace: float) -> float | None:
        """End whatever runs; seconds until there is more to do, None when nothing is left."""
        # Sidecars serve the others to their end.
        for container in [one for one in self.live if one in self.main] or self.live:
            probing.stop(self.tools, self.pod, container, grace)
        return soonest(*[container.tend() for container in self.live])

    def _remove(self) -> float | None:
        """End the pod, then take its object and its folder away."""
        due = self._halt(self._grace())
        if self.live:
            if not self.gone:
                self._report()
            return due
        self._clear()
        if not self.gone:
            self._report()
            meta = self.pod["metadata"]
            self.tools.objects.delete(PODS, meta["name"], meta["namespace"], uid=self.uid, grace=0)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.tools.inside.forget(self.uid)
        self.over = True
        return None

    def _clear(self) -> None:
        """Give back what the pod held, and let no process with its mark live."""
        self.tools.gpus.release(self.uid)
        processes.sweep(self.uid)

    def _views(self, containers: list[Container]) -> list[View]:
        return [container.view() for container in containers]

    def _report(self) -> None:
        """Write the status where it changed, never again once the pod has ended.

        What the pod held is free before anyone reads that it ended.
        """
        if self._phase() in FINAL:
            return
        verdict = None if self._verdict and self.live else self._verdict
        wanted = status.pod(self.pod, self._views(self.init), self._views(self.main), verdict)
        if wanted == self._reported:
            return
        if wanted["phase"] in FINAL:
            self._clear()
        meta = self.pod["metadata"]
        body = {"metadata": {"uid": self.uid}, "status": wanted}
        written = self.tools.objects.patch(PODS, meta["name"], body, meta["namespace"], "status")
        self._reported = wanted
        self.update(written)
