"""The kubelet: one thread that runs the pods bound to this node.

It wakes up when pods or what they mount change, when processes exit, and when something is due. It then calls
`sync` of the workers concerned. Pods outlive it: the next kubelet finds them by their folders and continues.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from arena.local.node import container_start, node_object, retention
from arena.local.node.events import Events
from arena.local.node.gpus import Gpus
from arena.local.node.metrics.collection import Collection
from arena.local.node.node_context import NodeContext, NodeObjects, Pace
from arena.local.node.pod_runtime import PodRuntime
from arena.local.node.pod_worker import Worker
from arena.local.node.probes import Answer
from arena.local.node.process_exits import ExitWatcher
from arena.local.node.retention import Retention
from arena.local.objects import CONFIGMAPS, NODES, PODS, SECRETS, Object, Refused, WatchEvent, key

LOG = logging.getLogger(__name__)


class Kubelet(PodRuntime):
    """Runs pods as processes; answers `arena.local.runtime.Runtime`.

    Args:
        objects: the API.
        state: the local cluster's folder; pods live in `pods/<uid>`, claims in `claims/<namespace>/<name>`.
        name: the node's name.
        gpus: the number of virtual GPUs; None to use the machine's or ARENA_LOCAL_GPUS.
        kept: maximum bytes of output that outlives pods, the oldest is removed first; None for a gibibyte.
    """

    def __init__(
        self,
        objects: NodeObjects,
        state: Path,
        *,
        name: str = "local",
        gpus: int | None = None,
        kept: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(state / "pods")
        self.name = name
        self._objects = objects
        self._pace = pace or Pace()
        self._gpus = Gpus(gpus)
        events = Events(objects, name)
        claims = state / "claims"
        self._retention = Retention(objects, self.pods, kept)
        self._metrics = Collection(objects, self.pods)
        self._context = NodeContext(
            objects,
            self.pods,
            claims,
            self._gpus,
            events,
            self,
            self._submit,
            self._pace,
            self._retention,
            self._metrics,
        )
        self._workers: dict[str, Worker] = {}
        self._due: dict[str, float] = {}
        self._over: set[str] = set()
        self._inbox: SimpleQueue[WatchEvent | str] = SimpleQueue()
        self._ends = ExitWatcher()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start running pods; returns at once."""
        self.pods.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._watch = self._objects.watch(PODS, NODES, CONFIGMAPS, SECRETS, *retention.owners())
        for name, work in (("kubelet", self._run), ("kubelet-watch", self._feed)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._metrics.start()

    def stop(self) -> None:
        """Stop the kubelet; the pods continue."""
        self._stopping.set()
        self._watch.close()
        self._ends.wake()
        for thread in self._threads:
            thread.join()
        self._metrics.stop()
        for worker in self._workers.values():
            for container in worker.everyone():
                container.settle()
        self._ends.close()

    # What comes in

    def _feed(self) -> None:
        """Pass watch events on to the kubelet's thread."""
        for change in self._watch:
            self._inbox.put(change)
            self._ends.wake()

    def _submit(self, uid: str, work: Callable[[], Answer]) -> "Future[Answer]":
        """Run a probe or hook in a daemon thread, which does not keep the server from stopping."""
        future: Future[Answer] = Future()

        def ask() -> None:
            try:
                future.set_result(work())
            finally:
                if not future.done():  # a bug, whose traceback the thread prints
                    future.set_result(Answer(False, "it could not be asked"))
                self._inbox.put(uid)
                self._ends.wake()

        threading.Thread(target=ask, name="kubelet-probe", daemon=True).start()
        return future

    # The thread

    def _run(self) -> None:
        self._retried(self._register)
        self._retried(self._adopt)
        while not self._stopping.is_set():
            self._receive()
            for uid in [uid for uid, due in self._due.items() if due <= time.monotonic()]:
                self._sync(uid)
            self._sleep()

    def _retried(self, work: Callable[[], None]) -> None:
        """Retry something that the start requires until the API accepts it."""
        while not self._stopping.is_set():
            try:
                work()
                return
            except Refused as error:
                LOG.warning("the node could not start, trying again: %s", error)
                self._stopping.wait(self._pace.retry)

    def _register(self) -> None:
        node_object.register(self._objects, self.name, self._gpus)

    def _adopt(self) -> None:
        """Adopt the pods of this node, and end those whose objects are gone."""
        for pod in self._objects.list(PODS):
            if self._mine(pod):
                self._see(pod)
        kept = self._retention.adopt()
        for folder in self.pods.iterdir():
            if folder.name not in self._workers and folder.name not in kept:
                self._see(_orphan(folder)).gone = True

    def _mine(self, pod: Object) -> bool:
        return bool(pod["spec"].get("nodeName") == self.name)

    def _see(self, pod: Object) -> Worker:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker is None:
            worker = self._workers[uid] = Worker(self._context, pod)
        else:
            worker.update(pod)
        self._due[uid] = 0
        return worker

    def _receive(self) -> None:
        with suppress(Empty):
            while True:
                found = self._inbox.get_nowait()
                if isinstance(found, str):
                    self._due[found] = 0
                elif found.resource == PODS:
                    self._change(found)
                elif found.resource == NODES:
                    self._check_node(found)
                elif found.type == "DELETED":
                    self._retention.forget(found.object["metadata"]["uid"])
                elif found.resource in (CONFIGMAPS, SECRETS):
                    self._refresh(found)

    def _check_node(self, change: WatchEvent) -> None:
        """Register the Node again if its object was deleted or marked as not ready."""
        lost = change.type == "DELETED" or not node_object.is_ready(change.object)
        if lost and key(change.object)[1] == self.name:
            self._retried(self._register)

    def _refresh(self, change: WatchEvent) -> None:
        """Update the files of a ConfigMap or Secret in running pods."""
        namespace, name = key(change.object)
        for worker in self._workers.values():
            if worker.pod["metadata"].get("namespace", "") == namespace:
                container_start.refresh(self._context, worker.pod, change.resource.kind.lower(), name)

    def _change(self, change: WatchEvent) -> None:
        """Handle an event of a pod; older events that arrive after its end are ignored."""
        uid, deleted = change.object["metadata"]["uid"], change.type == "DELETED"
        if uid in self._workers:
            self._see(change.object).gone = deleted
        elif uid not in self._over and not deleted and self._mine(change.object):
            self._see(change.object)
        if deleted:
            self._over.discard(uid)

    def _sync(self, uid: str) -> None:
        worker = self._workers.get(uid)
        self._due.pop(uid, None)
        if worker is None:
            return
        try:
            due = worker.sync()
        except (Refused, OSError) as error:
            LOG.warning("pod %s: %s", uid, error)
            self._put_off(uid, self._pace.retry)
        except Exception:  # the boundary between pods: a bug that affects one must not stop the others
            LOG.exception("pod %s", uid)
            self._put_off(uid, self._pace.resync)
        else:
            self._plan(uid, worker, due)

    def _put_off(self, uid: str, seconds: float) -> None:
        """Sync a pod again later, and stop watching its processes until then."""
        self._ends.watch(uid, set())
        self._due[uid] = time.monotonic() + seconds

    def _plan(self, uid: str, worker: Worker, due: float | None) -> None:
        """Set when a pod is synced again, if at all."""
        if worker.over:
            del self._workers[uid]
            if not worker.gone:
                self._over.add(uid)
            self._ends.watch(uid, set())
            return
        pids = worker.watched()
        told = self._ends.watch(uid, pids)
        if pids:
            longest = self._pace.resync if told else self._pace.look
            due = longest if due is None else min(due, longest)
        if due is not None:
            self._due[uid] = time.monotonic() + due

    def _sleep(self) -> None:
        first = min(self._due.values(), default=None)
        left = None if first is None else max(0.0, first - time.monotonic())
        for uid in self._ends.wait(left):
            self._due[uid] = 0


def _orphan(folder: Path) -> Object:
    """A pod whose object is gone but whose folder remains."""
    if (pod := retention.recorded(folder).get("pod")) is not None:
        return dict(pod)
    containers = folder / "containers"
    names = [one.name for one in containers.iterdir()] if os.path.isdir(containers) else []
    return {
        "metadata": {"uid": folder.name, "name": folder.name, "namespace": ""},
        "spec": {"containers": [{"name": name} for name in names]},
    }
