"""The canary of an InferenceService: its newest revision, to which KServe gives a part of the requests.

KServe splits requests between revisions only in the mode of Knative; the local cluster always does. While the
canary runs, the record of options is that of the serving as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.serving import change, history, instances, traffic, update
from arena.actions.serving import wait as waiting
from arena.actions.serving.canary import state
from arena.actions.serving.canary.state import Canary
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.servers import Server
from arena.actions.serving.wait import Progress, Report
from arena.errors import Conflict, SpecError, TimedOut, aimed
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
PREDICTOR, PERCENT = "predictor", "canaryTrafficPercent"
RAW = ("RawDeployment", "Standard")
"""The mode without Knative, as it is called before and since KServe 0.16."""
_SIZE = (PERCENT, "minReplicas", "maxReplicas", "scaleTarget", "scaleMetric")
"""Fields of a predictor that say nothing about what its pods run."""


def check(cluster: Cluster, found: Found) -> None:
    """As `forms.Form`.

    Raises:
        SpecError: KServe has no revisions of it.
        Conflict: its traffic is split already, or its newest revision is not rolled out.
    """
    newest, rolled = _newest(found.obj), _revision(found.obj, "latestRolledoutRevision")
    if not rolled:
        raise _unrolled(found)
    percent = found.obj["spec"][PREDICTOR].get(PERCENT)
    if percent not in (None, 100) or newest != rolled:
        title, where = found.serving.object_name, aimed(found.serving.name, found.serving.namespace)
        raise Conflict(
            f'InferenceService "{title}" has two revisions already: {newest}, and {rolled} before it',
            f"let the newest have all requests: arena serve traffic-split --name {where} -v latest:100",
        )


def _unrolled(found: Found) -> SpecError | Conflict:
    """Why no revision is rolled out; that of the mode without them is the number of its Deployment's."""
    title, status = found.serving.object_name, found.obj.get("status") or {}
    notes = found.obj["metadata"].get("annotations") or {}
    mode = str(status.get("deploymentMode") or notes.get(labels.KSERVE_MODE) or "")
    is_ready = any(one.type == "Ready" and one.status == "True" for one in found.serving.conditions)
    if "-" not in _newest(found.obj) and (is_ready or mode in RAW):
        told = f": its deployment mode is {mode}" if mode else ""
        return SpecError(
            f'KServe splits requests between revisions, which InferenceService "{title}" has not{told}',
            "serve it with --deployment-mode serverless; or run the change as a serving of its own",
        )
    where = aimed(found.serving.name, found.serving.namespace)
    text = f'InferenceService "{title}" has not rolled out a revision yet'
    return Conflict(text, f"wait until it is ready: arena serve wait {where}")


def _revision(obj: Object, field: str) -> str:
    """A revision that the status names; "" if it does not."""
    predictor = ((obj.get("status") or {}).get("components") or {}).get(PREDICTOR) or {}
    return str(predictor.get(field) or "")


def _newest(obj: Object) -> str:
    return _revision(obj, "latestCreatedRevision")


def start(session: Session, canary: Canary) -> Canary:
    """As `forms.Form`, by one patch.

    Raises:
        SpecError: the change leaves the predictor as it is, or concerns what all revisions share.
        Conflict: another client has started a canary.
    """

    def amend(now: Found) -> Object:
        state.check_none(now)
        spec = _tried(now.obj["spec"], update.amended(session, now, canary.changes)["spec"])
        former = _revision(now.obj, "latestRolledoutRevision")
        made = state.noted(now, replace(canary, revision=former, undo=_undo(now.obj, spec)))
        return {**made, "spec": spec}

    cluster = session.cluster()
    change.apply(cluster, canary.main, amend)
    return state.current(change.again(cluster, canary.main)) or canary


def _tried(old: Object, new: Object) -> Object:
    """The spec with a changed predictor that gets no requests; raises SpecError."""
    if {**old, PREDICTOR: None} != {**new, PREDICTOR: None}:
        raise SpecError(
            "only the predictor of an InferenceService can have a canary",
            "change its transformer or explainer without --canary",
        )
    if new[PREDICTOR].get(PERCENT) != old[PREDICTOR].get(PERCENT):
        raise SpecError("--canary and --canary-traffic-percent are mutually exclusive", "give one of them")
    before, after = ({**one[PREDICTOR], **dict.fromkeys(_SIZE)} for one in (old, new))
    if before == after:
        raise SpecError(state.SAME, "change an option, such as --image")
    return {**new, PREDICTOR: {**new[PREDICTOR], PERCENT: 0}}


def _undo(obj: Object, spec: Object) -> Object:
    """The patch that makes an object of it again which has that spec instead, and other options."""
    options = (obj["metadata"].get("annotations") or {}).get(labels.SPEC)
    patch = {"spec": manifests.merge_patch(spec, obj["spec"])}
    return {**patch, "metadata": {"annotations": {labels.SPEC: options}}} if options else patch


def wait(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`; raises as `arena.serving.wait`."""
    waiting.ready(
        session.cluster(),
        canary.main,
        timeout=seconds,
        progress=progress,
        holds=lambda now: _newest(now.obj) != canary.revision,
    )


def shift(session: Session, canary: Canary) -> traffic.Applied:
    """As `forms.Form`."""
    weights = {"latest": canary.percent, "previous": 100 - canary.percent}
    return traffic.split(session, canary.main.serving.object_name, weights, kind=canary.main.kind)


def sides(session: Session, canary: Canary) -> tuple[Server, Server]:
    """As `forms.Form`: the pods of both revisions; requests to them pass by what splits the traffic."""
    name, kind = canary.main.serving.object_name, canary.main.kind.name
    newest = _newest(change.again(session.cluster(), canary.main).obj)
    former, tried = (
        Server(name=name, kind=kind, among=f"{labels.KNATIVE_REVISION}={revision}")
        for revision in (canary.revision, newest)
    )
    return former, tried


def promote(session: Session, canary: Canary) -> Changed:
    """As `forms.Form`: the newest revision gets all requests."""

    def amend(now: Found) -> Object:
        new = update.amended(session, now, canary.changes)
        made = {**new, "spec": _with_percent(new["spec"], None)}
        before, after = (one["metadata"]["annotations"].get(labels.SPEC) for one in (now.obj, made))
        return made if before == after else history.noted(now, made, update.told(canary.changes))

    return change.apply(session.cluster(), change.again(session.cluster(), canary.main), amend)


def _with_percent(spec: Mapping[str, Any], percent: int | None) -> Object:
    predictor = {key: value for key, value in spec[PREDICTOR].items() if key != PERCENT}
    return {**spec, PREDICTOR: predictor if percent is None else {**predictor, PERCENT: percent}}


def close(session: Session, canary: Canary) -> None:
    """As `forms.Form`."""
    cluster = session.cluster()
    change.apply(cluster, change.again(cluster, canary.main), lambda now: state.noted(now, None))


def roll_back(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`, in two steps.

    Knative makes a new revision even of a spec that it has run before, and without a percentage all requests
    go to the newest revision that is ready: to the canary, until that one is. So it has 0 % until then.
    """
    cluster = session.cluster()
    now = change.again(cluster, canary.main)
    change.apply(cluster, now, lambda found: _former(found, canary))
    now = change.again(cluster, now)
    left = state.current(now)
    _await_former(cluster, now, left.tried if left else "", seconds, progress)

    def end(found: Found) -> Object:
        return {**state.noted(found, None), "spec": _with_percent(found.obj["spec"], None)}

    change.apply(cluster, change.again(cluster, now), end)


def _former(found: Found, canary: Canary) -> Object:
    """The serving as it was, without requests, unless it is so already; with a note of what was tried."""
    made = manifests.patch(found.obj, canary.undo)
    if _with_percent(made["spec"], None) == _with_percent(found.obj["spec"], None):
        return found.obj
    newest = _newest(found.obj)
    tried = newest if newest != canary.revision else ""
    noted = state.noted(found._replace(obj=made), replace(canary, tried=tried))
    return {**noted, "spec": _with_percent(made["spec"], 0)}


def _await_former(cluster: Cluster, found: Found, tried: str, seconds: float, progress: Report) -> None:
    """Wait until the newest revision is another than that of the canary, and ready."""
    end = monotonic() + seconds
    for now in instances.states(cluster, found):
        newest = _newest(now.obj)
        if newest != tried and newest == _revision(now.obj, "latestReadyRevision"):
            return
        progress(Progress(now.serving, "the serving as it was starts again"))
        if monotonic() > end:
            where = aimed(found.serving.name, found.serving.namespace)
            raise TimedOut(
                f'the former state of serving "{found.serving.name}" is not ready after {seconds:.0f}s',
                f"its canary gets no requests; to end it, run again: arena serve rollback {where}",
            )
