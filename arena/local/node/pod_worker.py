"""One pod: decides from its folder and its object what to do next.

`Worker.sync` may be called at any time and any number of times: it reads the state, does what is due, writes
the status, and returns when it must be called again.
"""

import os
import time
from collections.abc import Iterator
from datetime import datetime

from arena.local.node import container_start, failure_hints, lifecycle, processes, status
from arena.local.node.container_runs import ENDED, RUNNING, Run
from arena.local.node.containers import AGAIN, Container
from arena.local.node.gpus import Short
from arena.local.node.node_context import NodeContext
from arena.local.node.status import ALWAYS, View
from arena.local.objects import PODS, Object

FORCED = 2.0
"""Seconds between TERM and KILL for a pod whose object is already gone."""
FINAL = ("Succeeded", "Failed")


def soonest(*due: float | None) -> float | None:
    """Return the shortest of several delays; None means no call is needed."""
    return min((one for one in due if one is not None), default=None)


class Worker:
    """Runs one pod; used only by the kubelet's thread.

    Attributes:
        gone: the object was removed, so all that is left must end.
        over: nothing is left to do, and the worker can be dropped.
    """

    def __init__(self, context: NodeContext, pod: Object) -> None:
        self.context = context
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.folder = context.pods / self.uid
        self.init = self._containers("initContainers", "initContainerStatuses")
        self.main = self._containers("containers", "containerStatuses")
        self.gone = False
        self.over = False
        self._looked = False  # an earlier kubelet has reported what is found at first
        self._verdict: status.Verdict | None = None
        self._reported: Object | None = None
        if os.path.exists(self.folder / "gpus.json") and self._phase() not in FINAL:
            context.gpus.adopt(self.uid, self.folder)

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
        """Take a newer state of the object; one that is older than the last write is ignored."""
        if int(pod["metadata"]["resourceVersion"]) >= int(self.pod["metadata"].get("resourceVersion", 0)):
            self.pod = pod

    def watched(self) -> set[int]:
        """The processes whose exit requires a `sync`."""
        return {pid for one in self.everyone() if (pid := one.watched())}

    def _phase(self) -> str:
        return str((self.pod.get("status") or {}).get("phase", "Pending"))

    @property
    def live(self) -> list[Container]:
        """The containers that have a run that has not ended."""
        return [one for one in self.everyone() if one.live]

    def sync(self) -> float | None:
        """Read, act and report; return the seconds until the next call, or None to wait for an event."""
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
        """Write Events about a run that changed."""
        run, say = container.run, self.context.events
        if run is None:
            return
        if run.state == RUNNING or (container.brief and run.reason in ("Completed", "Error")):
            say.say(self.pod, "Started", f"Started container {container.name}", container.name)
        if run.state == RUNNING:
            lifecycle.greet(self.context, container)
        if run.state == ENDED and run.code:
            if run.reason == "ContainerCannotRun":
                say.warn(self.pod, "Failed", f"Error: {run.message}", container.name)
            hint = failure_hints.of(run.code, run.message, run.log)
            if hint:
                say.warn(self.pod, "Hint", hint, container.name)

    # Forward

    def _limit(self) -> float | None:
        """Seconds until activeDeadlineSeconds have passed; after them the pod fails."""
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
            container_start.admit(self.context, self.pod)
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
            # A sidecar that restarts does not delay containers that already run.
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
        """Take the next step of one container."""
        run = container.run
        if container.ending:
            return container.tend()
        if run is None:
            return container_start.start(self.context, self.pod, container, 0)
        if run.state == ENDED:
            return self._again(container, run)
        if run.state == RUNNING:
            return lifecycle.turn(self.context, self.pod, container, self._grace())
        return None if container.watched() else AGAIN

    def _again(self, container: Container, run: Run) -> float | None:
        """Restart a container that ended, if its pod's policy says so, after the back-off."""
        if not status.restarts(container.spec, self._policy(), run.code):
            return None
        pace = self.context.pace
        lasted = run.finished - run.started >= pace.reset
        failures = 0 if lasted else run.failures
        pause = min(pace.backoff * 2 ** (failures - 1), pace.ceiling) if failures else 0.0
        left = min(pause, run.finished + pause - time.time())  # the clock may have been set back
        if left <= 0:
            return container_start.start(self.context, self.pod, container, 0 if lasted else run.failures + 1)
        meta = self.pod["metadata"]
        who = f"{meta['name']}_{meta['namespace']}({self.uid})"
        said = f"back-off {pause:g}s restarting failed container={container.name} pod={who}"
        if container.waiting is None:
            text = f"Back-off restarting failed container {container.name} in pod {who}"
            self.context.events.warn(self.pod, "BackOff", text, container.name)
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
        """Terminate what runs; return the seconds until the next step, or None if nothing is left."""
        # Sidecars serve the others to their end.
        for container in [one for one in self.live if one in self.main] or self.live:
            lifecycle.stop(self.context, self.pod, container, grace)
        return soonest(*[container.tend() for container in self.live])

    def _remove(self) -> float | None:
        """End the pod, then remove its object and its folder."""
        due = self._halt(self._grace())
        if self.live:
            if not self.gone:
                self._report()
            return due
        self._clear()
        if not self.gone:
            self._report()
            meta = self.pod["metadata"]
            self.context.objects.delete(PODS, meta["name"], meta["namespace"], uid=self.uid, grace=0)
        self.context.retention.retire(self.folder)
        self.context.runtime.forget(self.uid)
        for container in self.everyone():
            container.settle()
        self.context.metrics.ended()
        self.over = True
        return None

    def _clear(self) -> None:
        """Release the pod's GPUs and kill all of its processes."""
        self.context.gpus.release(self.uid)
        processes.kill_marked(self.uid)

    def _views(self, containers: list[Container]) -> list[View]:
        return [container.view() for container in containers]

    def _report(self) -> None:
        """Write the status if it changed, but never after the pod has ended.

        The pod's resources are released before anyone can read that it ended.
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
        written = self.context.objects.patch(PODS, meta["name"], body, meta["namespace"], "status")
        self._reported = wanted
        self.update(written)
        if wanted["phase"] in FINAL:
            self.context.metrics.ended()
