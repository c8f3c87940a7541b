"""What only the page of one serving shows: its revisions, and what scales it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from arena.actions import readings
from arena.actions.serving import autoscale, history
from arena.actions.serving.find import Found
from arena.errors import ArenaError
from arena.kinds.serving.base import autoscaling
from arena.model.partial import Unread
from arena.model.servings import Autoscaler, Revision, Serving
from arena.resources import AUTOSCALERS, REPLICASETS, Resource
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster

T = TypeVar("T")


def detailed(cluster: Cluster, found: Found, one: Serving) -> Serving:
    """The serving with its revisions and its autoscaler, as far as these can be read."""
    unread: list[Unread] = []

    def optional(what: Resource, effect: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except ArenaError as error:
            unread.append(readings.unread(what, error, effect))
            return otherwise

    def revisions() -> tuple[Revision, ...]:
        return tuple(state.revision for state in history.states(cluster, found._replace(serving=one)))

    def scaler() -> Autoscaler | None:
        there = autoscale.scaler_of(cluster, found)
        return autoscaling.read(there) if there else one.autoscaler

    none: tuple[Revision, ...] = ()
    return replace(
        one,
        revisions=optional(REPLICASETS, "revisions are missing", revisions, none),
        autoscaler=optional(AUTOSCALERS, "its autoscaler is missing", scaler, one.autoscaler),
        unread=(*one.unread, *unread),
    )
