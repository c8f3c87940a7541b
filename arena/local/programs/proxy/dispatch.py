"""A request, or a connection, on its way to a pod: what both have in common."""

import asyncio
from abc import ABC, abstractmethod

from arena.local.programs.proxy.balancer import LiveBackend, LiveGroup, Target


class Dispatch(ABC):
    """It waits for a group with a ready pod and is counted there, until it ends.

    Attributes:
        target: the route.
        group: that it goes to, once it need not wait.
        backend: the pod that serves it, or that it tries to reach.
        deadline: in the time of the loop, until which it may wait for a pod.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.group: LiveGroup | None = None
        self.backend: LiveBackend | None = None
        self.deadline = 0.0
        self._began = 0.0
        self._waited = False

    def start(self) -> None:
        """Choose a group and go there, wait until one has a ready pod, or give up."""
        self.target.leave(self)
        self.group = self.target.choose()
        if not self._waited:
            self.deadline = asyncio.get_running_loop().time() + self.target.route.hold
        waited, self._waited = self._waited, True
        if self.group:
            self._began = self.group.counters.begin()
            self.go(self.group)
        elif waited or not self.target.wait(self):
            self.target.refused += 1
            self.lack(waited)

    @abstractmethod
    def go(self, group: LiveGroup) -> None:
        """Go to a pod of a group."""

    @abstractmethod
    def lack(self, waited: bool) -> None:
        """Give up, since no pod is ready, after it has `waited` for one or could not wait."""

    def occupy(self, backend: LiveBackend) -> None:
        """Count as load of a pod."""
        backend.load += 1
        self.backend = backend

    def release(self) -> None:
        """Count as load of no pod."""
        if self.backend:
            self.backend.load -= 1
            self.backend = None

    def end(self, failed: bool, answered: bool) -> None:
        """It is over, and counted."""
        self.target.leave(self)
        if self.group:
            seconds = self.group.counters.end(self._began, failed, answered)
            if self.backend:
                self.backend.outcomes.add(seconds, failed, answered)
            self.group = None
        self.release()
