"""Events as the cluster records them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.diagnosis import events
from arena.actions.jobs import find
from arena.actions.watches import Source, Watching
from arena.model.events import Event
from arena.resources import EVENTS, PODS

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session

Object = dict[str, Any]


def live(
    session: Session, job: str | None = None, *, kind: Kind | str | None = None, everywhere: bool = False
) -> Iterator[list[Event]]:
    """Yield the events that `events` returns, and then those that are new or occur again, without end.

    Raises:
        NotFound, SpecError: as `events`.
        ArenaError: events cannot be watched.
    """
    namespace = None if everywhere and job is None else session.namespace
    watched, sources = _Everything(), [Source(EVENTS, namespace)]
    if job is not None:
        watched = _OfJob(session, job, kind)
        sources.append(watched.pods)
    with Watching(session.cluster(), sources) as watching:
        shown: dict[str, str] = {}
        while True:
            present = {one["metadata"]["uid"]: one for one in watching.objects(0)}
            fresh = watched.chosen(
                [one for uid, one in present.items() if shown.get(uid) != _version(one)],
                watching.objects(1) if job is not None else [],
            )
            shown = {uid: version for uid, version in shown.items() if uid in present}
            shown |= {one["metadata"]["uid"]: _version(one) for one in fresh}
            yield events.in_order(fresh)
            watching.wait(None, settle=0.1)


def _version(event: Object) -> str:
    return str(event["metadata"].get("resourceVersion"))


class _Everything:
    def chosen(self, found: list[Object], pods: list[Object]) -> list[Object]:
        return found


class _OfJob(_Everything):
    """The events of one job, also those of pods that are gone since."""

    def __init__(self, session: Session, name: str, kind: Kind | str | None) -> None:
        cluster, namespace = session.cluster(), session.namespace
        self._kind, _, self._object = find.find(cluster, name, namespace, kinds.named(kind))
        self._members: frozenset[str] = frozenset()
        labels = find.pod_selector(self._kind, self._object)
        self.pods = Source(PODS, namespace, labels=labels, optional=True)

    def chosen(self, found: list[Object], pods: list[Object]) -> list[Object]:
        job = self._kind.read(self._object, pods)
        self._members |= events.uids(job)
        return [one for one in found if events.concerns(one, job, self._members)]
