"""All training jobs of a namespace or a cluster as they change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from arena.actions import readings, served
from arena.actions.diagnosis.periodic import Periodic
from arena.actions.jobs import listing
from arena.actions.watches import Source, Watching
from arena.kinds.kind import Kind
from arena.kinds.training import FAMILY
from arena.model.jobs import Job
from arena.model.partial import Partial
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session


def live(
    session: Session,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
    tick: float | None = None,
) -> Iterator[Partial[Job]]:
    """Yield the jobs that `jobs` returns, now and after every change, without end.

    Args:
        tick: seconds after which they are yielded again without a change, as their ages grow.

    Raises:
        ArenaError: no type can be watched.
    """
    cluster, namespace, wanted = listing.scope(session, everywhere, kind)
    watched = _Watched(cluster, namespace, wanted, selector)
    explained = Periodic(cluster, namespace)
    with Watching(cluster, watched.sources) as watching:
        while True:
            found = watched.jobs(watching)
            told = explained(found)
            yield Partial(told, listing.missing(found.unread, told))
            watching.wait(explained.within(tick), settle=0.1)


class _Watched:
    """What is watched for the jobs of some kinds: the types that carry them, and their pods."""

    def __init__(
        self, cluster: Cluster, namespace: str | None, wanted: Sequence[Kind], selector: str
    ) -> None:
        self._wanted = wanted
        self._types = served.types(cluster, wanted)
        present = [one for one in wanted if not set(one.resources).isdisjoint(self._types.served)]
        selectors = dict.fromkeys(one for kind in present for one in (*kind.selectors, *kind.former))
        shape = partial(listing.belonging, wanted)
        self.sources = [
            *(Source(one, namespace, selector, optional=True) for one in self._types.served),
            *(Source(PODS, namespace, one, shape=shape, optional=True) for one in selectors),
        ]

    def jobs(self, watching: Watching) -> Partial[Job]:
        """The jobs as the watches show them, not yet explained; raises if no type can be watched."""
        types = self._types.served
        errors = {types[number]: one for number, one in watching.errors.items() if number < len(types)}
        there = {one: watching.objects(number) for number, one in enumerate(types) if one not in errors}
        reading = readings.reading(there, {**errors, **self._types.errors})
        pods = [pod for number in range(len(types), len(self.sources)) for pod in watching.objects(number)]
        found = listing.assemble(self._wanted, there, listing.grouped(chain.from_iterable(pods))) or []
        blind = {
            self.sources[number].labels: one
            for number, one in watching.errors.items()
            if number >= len(types)
        }
        seen = listing.unseen(self._wanted, found, blind)
        return Partial(seen, (*reading.unread(FAMILY.plural), *seen.unread))
