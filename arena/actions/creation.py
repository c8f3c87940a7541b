"""Objects that are created together or not at all: where a later step fails, what was made is taken back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.errors import ArenaError, Conflict, MissingOperator, NotFound, Unreachable
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


class Creation:
    """Creates objects, and deletes them again where its `with` block ends by an error or Ctrl-C.

    Args:
        cluster: where.
        what: what is created, as messages call it.
    """

    def __init__(self, cluster: Cluster, what: str) -> None:
        self._cluster = cluster
        self._what = what
        self._mark = {labels.SUBMISSION: os.urandom(8).hex()}
        self._pool = ThreadPoolExecutor(1)
        self._all: list[tuple[Resource, Object]] = []

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        """Create an object and give it back as stored, also where the cluster's answer was lost.

        Raises:
            Conflict: the name is taken.
            NotAllowed, SpecError, MissingOperator, Unreachable: what the cluster said.
        """
        # Another thread sends it and notes it, so that Ctrl-C leaves no doubt whether it was made.
        return self._pool.submit(self._create, resource, namespace, body).result()

    def _create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        found = self._stored(resource, namespace, body)
        self._all.append((resource, found["metadata"]))
        return found

    def _stored(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        meta = body["metadata"]
        notes = meta.get("annotations") or {}
        # Where a template put something else there, the cluster says so.
        if isinstance(notes, dict):
            body = {**body, "metadata": {**meta, "annotations": {**notes, **self._mark}}}
        try:
            return self._cluster.create(resource, namespace, body)
        except MissingOperator:
            raise
        except Unreachable as error:
            return self._made(resource, namespace, meta["name"], error)

    def _made(self, resource: Resource, namespace: str, name: str, error: Unreachable) -> Object:
        """What was made although there was no answer; the error where nothing was, or nobody knows."""
        try:
            found = self._cluster.get(resource, namespace, name)
        except NotFound:
            raise error from None
        except ArenaError:
            error.hint = "it may have been done all the same: look before you try again"
            raise error from None
        if self._mark.items() <= (found["metadata"].get("annotations") or {}).items():
            return found
        raise Conflict(
            f'{resource.kind.lower()} "{name}" exists already in namespace "{namespace}"',
            "choose another name, or delete it first",
        ) from error

    def __enter__(self) -> Creation:
        # Nobody waits for a thread whose start was interrupted: it runs before there is anything to send.
        self._pool.submit(int).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        made = [] if error is None else self._all
        left = [one for one in reversed(made) if not self._taken_back(*one)]
        if not left:
            return
        told = f"{self._what} could not be taken back: delete it"
        if not isinstance(error, ArenaError):
            raise ArenaError(told) from error
        _add(error, told)

    def _taken_back(self, resource: Resource, meta: Mapping[str, Any]) -> bool:
        """Delete what one request made; whether nothing of it is left."""
        try:
            delete(self._cluster, resource, meta)
        except ArenaError:
            return False
        return True


@contextmanager
def hinted(told: str) -> Iterator[None]:
    """Say this, too, where the `with` block ends by an error."""
    try:
        yield
    except ArenaError as error:
        _add(error, told)
        raise


def _add(error: ArenaError, hint: str) -> None:
    error.hint = f"{error.hint}; {hint}" if error.hint else hint


def delete(
    cluster: Cluster, resource: Resource, meta: Mapping[str, Any], propagation: str = "Background"
) -> None:
    """Delete the very object with this metadata, unless it is gone; raises as `Cluster.delete`."""
    where = (resource, meta["namespace"], meta["name"])
    with suppress(NotFound):
        try:
            cluster.delete(*where, uid=meta["uid"], propagation=propagation)
        except Unreachable:  # where only the answer was lost, nothing is there to be deleted again
            cluster.delete(*where, uid=meta["uid"], propagation=propagation)
