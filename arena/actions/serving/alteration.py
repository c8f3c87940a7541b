"""Change several objects together or not at all: if a step fails, those before it are undone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from arena import manifests
from arena.actions.submit.code import storage
from arena.actions.submit.creation import Creation, is_done
from arena.errors import ArenaError, MissingOperator, NotFound, Unreachable
from arena.resources import Resource

Object = dict[str, Any]


class Alteration(Creation):
    """Creates and changes objects; if its `with` block ends with an error or Ctrl-C, they become as before.

    The last step is undone first. If that cannot be done, the steps before it stay, since what it changed may
    depend on them.

    Args:
        cluster: the cluster of the objects.
        what: what messages call the change.
    """

    def change(self, resource: Resource, live: Object, target: Object, *, exactly: bool = False) -> Object:
        """Change an object and return it as stored, even if the cluster's answer was lost.

        Args:
            live: the object as it was read.
            target: what it shall become; only what differs is sent.
            exactly: refuse the change if the object is no longer `live`.

        Raises:
            Conflict: the object is another one, or with `exactly` has changed.
            NotFound, NotAllowed, SpecError, MissingOperator, Unreachable: as reported by the cluster.
        """
        return self._sent(self._change, resource, live, target, exactly)

    def provide(self, parts: Sequence[Object], owner: Object, known: Sequence[str]) -> None:
        """Store the parts of code, as `storage.provide`.

        Args:
            owner: the reference to the serving.
            known: the names of the parts that it owns already.
        """
        self._sent(self._provide, parts, owner, known)

    def _provide(self, parts: Sequence[Object], owner: Object, known: Sequence[str]) -> None:
        for one in parts:
            meta = one["metadata"]
            if meta["name"] not in known:
                where = (meta["namespace"], meta["name"])
                self._undo.append(partial(storage.release, self._cluster, *where, owner["uid"]))
        storage.provide(self._cluster, parts, owner)

    def _change(self, resource: Resource, live: Object, target: Object, exactly: bool) -> Object:
        meta, patch = live["metadata"], manifests.merge_patch(live, target)
        back = manifests.merge_patch(target, live)
        self._undo.append(partial(self._change_back, resource, meta, back))
        try:
            return self._patch(resource, meta, patch, exactly=exactly)
        except MissingOperator:
            raise
        except Unreachable as error:
            return self._seen(resource, live, patch, error)
        except ArenaError:
            self._undo.pop()
            raise

    def _patch(self, resource: Resource, meta: Object, patch: Object, *, exactly: bool = False) -> Object:
        known = {key: meta[key] for key in ("uid", *(["resourceVersion"] if exactly else []))}
        body = {**patch, "metadata": {**patch.get("metadata", {}), **known}}
        return self._cluster.patch(resource, meta["namespace"], meta["name"], body)

    def _change_back(self, resource: Resource, meta: Object, patch: Object) -> None:
        with suppress(NotFound):
            self._patch(resource, meta, patch)

    def _seen(self, resource: Resource, live: Object, patch: Object, error: Unreachable) -> Object:
        """The object that was changed without an answer; raises the error if it was not, or is unknown.

        In both cases the change is undone later: a request may arrive late.
        """
        meta = live["metadata"]
        # Servers write quantities in other forms; annotations stay as they were sent.
        part = {"metadata": patch["metadata"]} if "metadata" in patch else patch
        try:
            now = self._cluster.get(resource, meta["namespace"], meta["name"])
        except ArenaError:
            error.hint = "the change may have been made: check before you try again"
            raise error from None
        is_same = now["metadata"]["uid"] == meta["uid"]
        if not is_same or manifests.merge_patch(now, manifests.patch(now, part)):
            raise error from None
        return now

    def _taken_back(self) -> str:
        while self._undo:
            if not is_done(self._undo.pop()):
                return (
                    f"{self._what} could not be undone completely: check it, then repeat it or roll it back"
                )
        return ""
