"""Delete objects; wait for those that finalizers hold, and report the finalizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena.actions.watches import Source, Watching
from arena.errors import TimedOut
from arena.resources import Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
PATIENCE = 60.0
"""Default seconds to wait for finalizers."""
TICK = 1.0
"""Seconds between progress reports while nothing changes."""
_MANY = 3
"""Maximum number of objects in a message."""
Progress = Callable[[str, str], None]
"""Takes a progress line, and the part of it whose change is worth a new line."""


def unseen(text: str, key: str) -> None:
    """Show no progress."""


class Held(NamedTuple):
    """An object that was deleted but still exists."""

    title: str
    resource: Resource
    object: Object


class Removal:
    """Deletes objects, and waits for those that do not disappear at once.

    Args:
        cluster: the cluster of the objects.
        done: called with the title of each object once it is gone.
        dry_run: delete nothing, and check whether the cluster would.
    """

    def __init__(
        self, cluster: Cluster, done: Callable[[str], None] = lambda title: None, dry_run: bool = False
    ) -> None:
        self.cluster = cluster
        self._done = done
        self._dry_run = dry_run
        self._held: dict[str, Held] = {}

    @property
    def is_trial(self) -> bool:
        """Whether nothing is deleted."""
        return self._dry_run

    def delete(self, resource: Resource, meta: Object, title: str) -> None:
        """Delete exactly the object with this metadata; raises as `Cluster.delete`.

        Args:
            title: what messages call it.
        """
        where = resource, meta["namespace"], meta["name"], meta["uid"]
        if self._dry_run:
            from arena.kube import NoTrial

            with suppress(NoTrial):  # only the deletion itself will tell
                self.cluster.check_delete(*where)
            return
        left = self.cluster.delete(*where)
        if _finalizers(left):
            self._held[meta["uid"]] = Held(title, resource, left)
        else:
            self._done(title)

    def wait(self, within: float = PATIENCE, progress: Progress = unseen) -> None:
        """Wait until all deleted objects are gone.

        Args:
            within: seconds.
            progress: called every second with a progress line, and the part of it that changes only with the
                remaining objects.

        Raises:
            TimedOut: an object still exists.
        """
        sources = _sources(list(self._held.values()))
        with Watching(self.cluster, sources) as watching:

            def left() -> list[Held]:
                self._look([one for number in range(len(sources)) for one in watching.objects(number)])
                return list(self._held.values())

            outlast(watching, left, within, progress)

    def _look(self, there: Sequence[Object]) -> None:
        """Report what is gone, and remember the present state of the rest."""
        objects = {one["metadata"]["uid"]: one for one in there}
        for uid, one in list(self._held.items()):
            if uid in objects:
                self._held[uid] = one._replace(object=objects[uid])
            else:
                self._done(self._held.pop(uid).title)


def _sources(held: Sequence[Held]) -> list[Source]:
    """What to watch to see objects go: a type in a namespace, or its only one, which takes fewer rights."""
    names: dict[tuple[Resource, str], list[str]] = {}
    for one in held:
        meta = one.object["metadata"]
        names.setdefault((one.resource, meta["namespace"]), []).append(meta["name"])
    return [
        Source(*place, fields=f"metadata.name={some[0]}" if len(some) == 1 else "")
        for place, some in names.items()
    ]


def outlast(watching: Watching, left: Callable[[], list[Held]], within: float, progress: Progress) -> None:
    """Wait until no object is left.

    Args:
        watching: the watches of the objects.
        left: returns the remaining objects, as far as `watching` has read; what goes last comes last.
        within: seconds.
        progress: as for `Removal.wait`.

    Raises:
        TimedOut: an object is left.
    """
    start = monotonic()
    while held := left():
        passed, told = monotonic() - start, described(held)
        if passed >= within:
            raise TimedOut(f"still not deleted after {within:g}s: {told}", advice(held) or "try again later")
        if passed >= TICK:
            progress(f"{int(passed)}s: waiting for deletion of {told}", told)
        watching.wait(min(TICK, within - passed))


def described(held: Sequence[Held]) -> str:
    """Describe objects and their finalizers: `pytorchjob bert (finalizer example.com/hold)`.

    An object that only waits for its dependents is omitted if these are named.
    """
    waits = [one for one in held if "foregroundDeletion" not in _all(one.object) or _finalizers(one.object)]
    shown = waits or held
    named = ", ".join(one.title + _because(one.object) for one in shown[:_MANY])
    return named + (f" and {len(shown) - _MANY} more" if len(shown) > _MANY else "")


def _because(obj: Object) -> str:
    names = _finalizers(obj)
    return f" (finalizer{'s' if len(names) > 1 else ''} {', '.join(names)})" if names else ""


def _all(obj: Object) -> list[str]:
    return [str(name) for name in (obj.get("metadata") or {}).get("finalizers") or []]


def _finalizers(obj: Object) -> list[str]:
    """The finalizers of an object, except those of the cluster, which wait for its dependents."""
    return [name for name in _all(obj) if name != "foregroundDeletion"]


def advice(held: Sequence[Held]) -> str:
    """What to do about the first object that a finalizer holds; "" if none does."""
    one = next((one for one in held if _finalizers(one.object)), None)
    if one is None:
        return ""
    meta, kind = one.object["metadata"], one.resource
    typed = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    where = "" if meta["namespace"] == "default" else f" -n {meta['namespace']}"
    return (
        "the controller that set the finalizer removes it when done: check that it runs. To skip it: "
        f"kubectl patch {typed} {meta['name']}{where} --type=merge "
        """-p '{"metadata":{"finalizers":null}}'"""
    )
