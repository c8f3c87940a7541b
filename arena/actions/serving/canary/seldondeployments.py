"""The canary of a SeldonDeployment: another predictor beside its first, with a part of the traffic.

While the canary runs, the record of options is that of the serving as it was.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import change, history, traffic, update
from arena.actions.serving import wait as waiting
from arena.actions.serving.canary import promotion, state
from arena.actions.serving.canary.state import SUFFIX, Canary
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.servers import Server
from arena.actions.serving.wait import Report
from arena.errors import Conflict, SpecError
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
_LONGEST = 63
"""Seldon shortens longer names of predictors' Services, so that they cannot be told from the spec."""
_SIZE = ("replicas", "traffic")
"""Fields of a predictor that say nothing about what its pods run."""


def check(cluster: Cluster, found: Found) -> None:
    """As `forms.Form`; raises Conflict if it has several predictors, SpecError if its name is too long."""
    title, predictors = found.serving.object_name, found.obj["spec"]["predictors"]
    if len(predictors) > 1:
        names = ", ".join(str(one["name"]) for one in predictors)
        raise Conflict(
            f'SeldonDeployment "{title}" has several predictors already: {names}', "leave one of them"
        )
    if len(_app(found, f"{predictors[0]['name']}{SUFFIX}")) > _LONGEST:
        raise SpecError(f'the name "{title}" is too long for a canary', "serve it by a shorter name")


def _app(found: Found, predictor: str) -> str:
    """The label of a predictor's pods, which is the name of its Service, too."""
    return f"{found.serving.object_name}-{predictor}"


def start(session: Session, canary: Canary) -> Canary:
    """As `forms.Form`, by one patch; raises SpecError if the change leaves the pods as they are."""

    def amend(now: Found) -> Object:
        state.check_none(now)
        [old], [new] = (
            one["spec"]["predictors"] for one in (now.obj, update.amended(session, now, canary.changes))
        )
        if {**old, **dict.fromkeys(_SIZE)} == {**new, **dict.fromkeys(_SIZE)}:
            raise SpecError(state.SAME, "change an option, such as --image")
        size = int(old.get("replicas") or now.obj["spec"].get("replicas") or 1)
        tried = {
            **copy.deepcopy(new),
            "name": f"{old['name']}{SUFFIX}",
            "replicas": max(1, math.ceil(size * canary.percent / 100)),
        }
        return _with_predictors(state.noted(now, canary), [old, tried], (100, 0))

    cluster = session.cluster()
    change.apply(cluster, canary.main, amend)
    return replace(canary, main=change.again(cluster, canary.main))


def _with_predictors(obj: Object, predictors: Iterable[Object], weights: Iterable[int | None]) -> Object:
    """The object with these predictors and their shares; None for all of the traffic."""
    kept = ({key: value for key, value in one.items() if key != "traffic"} for one in predictors)
    made = [
        one if weight is None else {**one, "traffic": weight}
        for one, weight in zip(kept, weights, strict=True)
    ]
    return {**obj, "spec": {**obj["spec"], "predictors": made}}


def wait(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`; raises as `arena.serving.wait`."""
    waiting.ready(session.cluster(), canary.main, timeout=seconds, progress=progress, holds=_is_told)


def _is_told(now: Found) -> bool:
    """Whether the status is about all predictors."""
    told = (now.obj.get("status") or {}).get("deploymentStatus") or {}
    return len(told) >= len(now.obj["spec"]["predictors"])


def shift(session: Session, canary: Canary) -> traffic.Applied:
    """As `forms.Form`."""
    weights = (100 - canary.percent, canary.percent)

    def amend(now: Found) -> Object:
        return _with_predictors(now.obj, now.obj["spec"]["predictors"], weights)

    cluster = session.cluster()
    made = change.apply(cluster, change.again(cluster, canary.main), amend)
    names = [str(one["name"]) for one in canary.main.obj["spec"]["predictors"]]
    by = f"predictors of SeldonDeployment {canary.main.serving.object_name}"
    return traffic.Applied(
        name=canary.name, weights=dict(zip(names, weights, strict=True)), by=by, objects=[made.patch]
    )


def sides(session: Session, canary: Canary) -> tuple[Server, Server]:
    """As `forms.Form`: the pods of both predictors; requests to them pass by what splits the traffic."""
    main = canary.main
    former, tried = (
        Server(
            name=main.serving.object_name,
            kind=main.kind.name,
            among=f"{labels.SELDON_APP}={_app(main, one['name'])}",
        )
        for one in main.obj["spec"]["predictors"]
    )
    return former, tried


def promote(session: Session, canary: Canary) -> Changed:
    """As `forms.Form`; the predictor of the canary keeps its part until it is closed."""

    def amend(now: Found) -> Object:
        made = update.amended(session, now, canary.changes)
        before, after = (one["metadata"]["annotations"].get(labels.SPEC) for one in (now.obj, made))
        return made if before == after else history.noted(now, made, update.told(canary.changes))

    return change.apply(session.cluster(), change.again(session.cluster(), canary.main), amend)


def close(session: Session, canary: Canary) -> None:
    """As `forms.Form`: remove the predictor of the canary."""

    def amend(now: Found) -> Object:
        return _with_predictors(state.noted(now, None), now.obj["spec"]["predictors"][:1], [None])

    change.apply(session.cluster(), change.again(session.cluster(), canary.main), amend)


def roll_back(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`."""
    promotion.take_back(session, canary, close)
