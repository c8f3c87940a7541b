"""The kubelet: one thread that makes the pods bound to this node run.

It is woken by changes of pods and of what they mount, by the ends of processes and by its own clock; then
the worker of each pod concerned looks and acts (`pods.Worker.sync`). Pods outlive it: a fresh kubelet finds
them by their folders and goes on.
"""

import logging
import os
import selectors
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from arena.local.node import machine, processes, starting
from arena.local.node.events import Events
from arena.local.node.gpus import Gpus
from arena.local.node.inside import Inside
from arena.local.node.pods import Worker
from arena.local.node.probes import Answer
from arena.local.node.tools import NodeObjects, Pace, Tools
from arena.local.objects import CONFIGMAPS, PODS, SECRETS, Change, Object, Refused, key

LOG = logging.getLogger(__name__)


class Kubelet(Inside):
    """Runs pods as processes; answers `arena.local.runtime.Runtime`.

    Args:
        objects: the API.
        state: the local cluster's folder; pods live in `pods/<uid>`, claims in `claims/<namespace>/<name>`.
        name: the node's name.
        gpus: how many virtual GPUs the node has; None lets the machine and ARENA_LOCAL_GPUS decide.
    """

    def __init__(
        self,
        objects: NodeObjects,
        state: Path,
        *,
        name: str = "local",
        gpus: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(state / "pods")
        self.name = name
        self._objects = objects
        self._pace = pace or Pace()
        self._gpus = Gpus(gpus)
        events = Events(objects, name)
        claims = state / "claims"
        self._tools = Tools(objects, self.pods, claims, self._gpus, events, self, self._submit, self._pace)
        self._workers: dict[str, Worker] = {}
        self._due: dict[str, float] = {}
        self._over: set[str] = set()
        self._inbox: SimpleQueue[Change | str] = SimpleQueue()
        self._ends = Ends()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to run pods; returns at once."""
        self.pods.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._watch = self._objects.watch(PODS, CONFIGMAPS, SECRETS)
        for name, work in (("kubelet", self._run), ("kubelet-watch", self._feed)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop working; the pods live on."""
        self._stopping.set()
        self._watch.close()
        self._ends.wake()
        for thread in self._threads:
            thread.join()
        for worker in self._workers.values():
            for container in worker.everyone():
                container.settle()
        self._ends.close()

    # What comes in

    def _feed(self) -> None:
        """Pass the changes of pods on to the kubelet's thread."""
        for change in self._watch:
            self._inbox.put(change)
            self._ends.wake()

    def _submit(self, uid: str, work: Callable[[], Answer]) -> "Future[Answer]":
        """Run a probe or hook in a thread of its own, which keeps no server from ending."""
        future: Future[Answer] = Future()

        def ask() -> None:
            try:
                future.set_result(work())
            finally:
                if not future.done():  # a bug, whose traceback the thread shows
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
        """Do something at the start that needs the API, until it could be done."""
        while not self._stopping.is_set():
            try:
                work()
                return
            except Refused as error:
                LOG.warning("the node could not start, trying again: %s", error)
                self._stopping.wait(self._pace.retry)

    def _register(self) -> None:
        machine.register(self._objects, self.name, self._gpus)

    def _adopt(self) -> None:
        """Take over the pods of this node, and end those whose objects are gone."""
        for pod in self._objects.list(PODS):
            if self._mine(pod):
                self._see(pod)
        for folder in self.pods.iterdir():
            if folder.name not in self._workers:
                self._see(_orphan(folder)).gone = True

    def _mine(self, pod: Object) -> bool:
        return bool(pod["spec"].get("nodeName") == self.name)

    def _see(self, pod: Object) -> Worker:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker is None:
            worker = self._workers[uid] = Worker(self._tools, pod)
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
                elif found.type != "DELETED":
                    self._refresh(found)

    def _refresh(self, change: Change) -> None:
        """Let running pods see what a ConfigMap or Secret holds now."""
        namespace, name = key(change.object)
        for worker in self._workers.values():
            if worker.pod["metadata"].get("namespace", "") == namespace:
                starting.refresh(self._tools, worker.pod, change.resource.kind.lower(), name)

    def _change(self, change: Change) -> None:
        """Take a pod's change; those from before its end that arrive after it are passed over."""
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
        except Exception:  # the boundary between pods: a bug met by one must not stop the others
            LOG.exception("pod %s", uid)
            self._put_off(uid, self._pace.resync)
        else:
            self._plan(uid, worker, due)

    def _put_off(self, uid: str, seconds: float) -> None:
        """Look at a pod again after a while, and not because of an end that was told already."""
        self._ends.watch(uid, set())
        self._due[uid] = time.monotonic() + seconds

    def _plan(self, uid: str, worker: Worker, due: float | None) -> None:
        """Set when a pod is looked at again, if ever."""
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


class Ends:
    """Waits for the ends of processes, or for being woken."""

    def __init__(self) -> None:
        self._open = processes.opener()
        self._selector = selectors.DefaultSelector()
        self._pids: dict[str, dict[int, int]] = {}
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self._selector.register(self._wake, selectors.EVENT_READ, "")

    def watch(self, uid: str, pids: set[int]) -> bool:
        """Watch these processes of a pod and no others; False when the system cannot tell of all ends."""
        held = self._pids.setdefault(uid, {})
        for pid in held.keys() - pids:
            self._drop(held.pop(pid))
        for pid in pids - held.keys():
            if self._open is None:
                return False
            try:
                held[pid] = self._open(pid)
            except OSError:  # it ended already
                return False
            self._selector.register(held[pid], selectors.EVENT_READ, uid)
        if not held:
            del self._pids[uid]
        return True

    def _drop(self, fd: int) -> None:
        self._selector.unregister(fd)
        os.close(fd)

    def wake(self) -> None:
        """Let `wait` return; from any thread."""
        with suppress(OSError):  # full, so it will wake; or closed
            os.write(self._waker, b"!")

    def wait(self, timeout: float | None) -> set[str]:
        """The pods of which a process ended, once there are any, it was woken, or `timeout` passed."""
        found = {key.data for key, _ in self._selector.select(timeout)}
        with suppress(BlockingIOError):
            os.read(self._wake, 65536)
        return found - {""}

    def close(self) -> None:
        """Give all descriptors back."""
        for held in self._pids.values():
            for fd in held.values():
                self._drop(fd)
        self._selector.close()
        os.close(self._wake)
        os.close(self._waker)


def _orphan(folder: Path) -> Object:
    """A pod of which only the folder is left."""
    containers = folder / "containers"
    names = [one.name for one in containers.iterdir()] if containers.is_dir() else []
    return {
        "metadata": {"uid": folder.name, "name": folder.name, "namespace": ""},
        "spec": {"containers": [{"name": name} for name in names]},
    }
