"""Create objects together or not at all: if a later step fails, all are deleted again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from arena import labels
from arena.errors import ArenaError, MissingOperator, NotFound, Unreachable
from arena.parallel import Task
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
T = TypeVar("T")
C = TypeVar("C", bound="Creation")


class Creation:
    """Creates objects, and deletes them if its `with` block ends with an error or Ctrl-C.

    Args:
        cluster: the cluster to create them in.
        what: what messages call the objects.
    """

    def __init__(self, cluster: Cluster, what: str) -> None:
        self._cluster = cluster
        self._what = what
        self._mark = {labels.SUBMISSION: os.urandom(8).hex()}
        self._tasks: SimpleQueue[Task[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._undo: list[Callable[[], None]] = []
        """What takes each request back, in the order of the requests."""

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        """Create an object and return it as stored, even if the cluster's answer was lost.

        Raises:
            Conflict: the name is taken.
            NotAllowed, SpecError, MissingOperator, Unreachable: as reported by the cluster.
        """
        return self._sent(self._create, resource, namespace, body)

    def _sent(self, call: Callable[..., T], *args: Any) -> T:
        """Make a call in another thread, which records it, so that after Ctrl-C it is clear what was done."""
        task = Task(call, args)
        self._tasks.put(task)
        return task.result()

    def _work(self) -> None:
        while task := self._tasks.get():
            task.run()

    def _create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        found = self._stored(resource, namespace, body)
        self._undo.append(partial(delete, self._cluster, resource, found["metadata"]))
        return found

    def _stored(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        meta = body["metadata"]
        notes = meta.get("annotations") or {}
        # If a template has put something else there, the cluster reports it.
        if isinstance(notes, dict):
            body = {**body, "metadata": {**meta, "annotations": {**notes, **self._mark}}}
        try:
            return self._cluster.create(resource, namespace, body)
        except MissingOperator:
            raise
        except Unreachable as error:
            return self._made(resource, namespace, meta["name"], error)

    def _made(self, resource: Resource, namespace: str, name: str, error: Unreachable) -> Object:
        """The object that was created without an answer; raises the error if none was, or that is unknown."""
        try:
            found = self._cluster.get(resource, namespace, name)
        except NotFound:
            raise error from None
        except ArenaError:
            error.hint = "the request may have succeeded: check before you try again"
            raise error from None
        if self._mark.items() <= (found["metadata"].get("annotations") or {}).items():
            return found
        from arena.kube import Taken

        raise Taken(
            f'{resource.kind.lower()} "{name}" exists already in namespace "{namespace}"',
            "choose another name, or delete it first",
        ) from error

    def __enter__(self: C) -> C:
        # A thread whose start was interrupted is not awaited: it runs before there is anything to send.
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.put(None)
        self._thread.join()
        told = "" if error is None else self._taken_back()
        if not told:
            return
        if not isinstance(error, ArenaError):
            raise ArenaError(told) from error
        _add(error, told)

    def _taken_back(self) -> str:
        """Delete what was created; return what to say if something is left."""
        left = [one for one in reversed(self._undo) if not is_done(one)]
        return f"{self._what} could not be deleted again: delete it" if left else ""


def is_done(call: Callable[[], None]) -> bool:
    """Make a call; return whether it succeeded."""
    try:
        call()
    except ArenaError:
        return False
    return True


@contextmanager
def hinted(told: str, of: type[ArenaError] = ArenaError) -> Iterator[None]:
    """Say this, too, if the `with` block ends by such an error."""
    try:
        yield
    except of as error:
        _add(error, told)
        raise


def _add(error: ArenaError, hint: str) -> None:
    error.hint = "; ".join(filter(None, (error.hint, hint)))


def delete(
    cluster: Cluster, resource: Resource, meta: Mapping[str, Any], propagation: str = "Background"
) -> None:
    """Delete exactly the object with this metadata, unless it is gone; raises as `Cluster.delete`."""
    where = (resource, meta["namespace"], meta["name"])
    with suppress(NotFound):
        try:
            cluster.delete(*where, uid=meta["uid"], propagation=propagation)
        except Unreachable:  # if only the answer was lost, the object is already gone
            cluster.delete(*where, uid=meta["uid"], propagation=propagation)
