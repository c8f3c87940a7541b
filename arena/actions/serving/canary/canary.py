"""The verbs of canaries: start, wait, shift, promote, roll back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.serving import find, wait
from arena.actions.serving.canary import forms, state
from arena.actions.serving.canary.sources import Source
from arena.actions.serving.canary.state import SUFFIX, Canary
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.guard import Rule
from arena.actions.serving.servers import Server
from arena.actions.serving.traffic import Applied
from arena.actions.serving.wait import Report
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY

if TYPE_CHECKING:
    from arena.session import Session

PATIENCE = 600.0
"""Seconds in which a revision must be ready."""


def located(session: Session, name: str, version: str = "", kind: Kind | str | None = None) -> Found:
    """The main object of a serving; a canary beside it does not count as another version."""
    cluster, only = session.cluster(), kinds.named(kind, FAMILY)
    every = find.every(cluster, session.namespace, name, version=version, kind=only)
    mains = [one for one in every if not one.serving.version.endswith(SUFFIX)]
    if len(mains) == 1:
        return mains[0]
    return find.one(cluster, session.namespace, name, version=version, kind=only)


def check(session: Session, found: Found, source: Source, rules: Iterable[Rule]) -> None:
    """Check, before anything is started, that a serving can have a canary, which can be measured.

    Raises:
        SpecError: servings of its type have no canaries, or the source cannot judge by these conditions.
        Conflict: it has one already, or is being changed.
        MissingOperator: the cluster serves nothing that splits traffic.
        Unreachable: none of its instances can be measured.
    """
    form = forms.of(found)
    state.check_none(found)
    form.check(session.cluster(), found)
    serving = found.serving
    source.check(session, Server(name=serving.name, version=serving.version, kind=found.kind.name), rules)


def start(
    session: Session, found: Found, changes: Mapping[str, Any], percent: int, guard: str = ""
) -> Canary:
    """Create a canary beside a serving; it gets no traffic yet.

    Args:
        changes: option -> value, as of `update`.
        percent: the part of the traffic that it shall get.
        guard: what must hold of its measurements, for `serve get`.

    Raises:
        Conflict: the serving has a canary already.
        SpecError: an option cannot be changed, or changes nothing that a canary could try.
    """
    state.check_none(found)
    plain = json.loads(json.dumps(changes, default=str))
    wanted = Canary(main=found, percent=percent, changes=plain, guard=guard)
    return forms.of(found).start(session, wanted)


def ready(session: Session, canary: Canary, progress: Report = wait.ignore) -> None:
    """Wait until a canary is ready; raises as `arena.serving.wait`."""
    forms.of(canary.main).wait(session, canary, PATIENCE, progress)


def shift(session: Session, canary: Canary) -> Applied:
    """Give the canary its part of the traffic that its serving gets."""
    return forms.of(canary.main).shift(session, canary)


def sides(session: Session, canary: Canary) -> Sequence[Server]:
    """The serving as it was, and the canary, to be measured beside each other."""
    return forms.of(canary.main).sides(session, canary)


def promote(session: Session, canary: Canary, progress: Report = wait.ignore) -> Changed:
    """Let the serving run what its canary runs, and end the canary once all instances do."""
    form, main = forms.of(canary.main), canary.main
    made = form.promote(session, canary)
    wait.wait(session, main.serving.object_name, timeout=PATIENCE, kind=main.kind, progress=progress)
    form.close(session, canary)
    return made


def roll_back(session: Session, canary: Canary, progress: Report = wait.ignore) -> None:
    """Give the traffic of the canary back to its serving, and end the canary without its change.

    Raises:
        TimedOut: the serving as it was is not ready again; the canary gets no traffic, and stays.
    """
    forms.of(canary.main).roll_back(session, canary, PATIENCE, progress)
