"""A canary: a changed revision of a serving beside it, which gets a part of the traffic.

Its state is in an annotation of the serving, so that any client can end what another one began.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import kinds, labels, manifests
from arena.actions.jobs import find as jobs
from arena.actions.serving import change, departure, find, listing, traffic, update
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.submit.creation import Creation
from arena.errors import Conflict, MissingOperator, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.resources import DEPLOYMENTS, SERVICES
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
SUFFIX = "-canary"


@frozen
class Canary:
    """A canary that runs beside its serving."""

    main: Found
    version: str
    """The version of the canary."""
    percent: int
    changes: Mapping[str, Any]
    """The options that it changes, by field."""
    guard: str = ""

    @property
    def name(self) -> str:
        """The name of the serving."""
        return self.main.serving.name


def located(session: Session, name: str, version: str = "", kind: Kind | str | None = None) -> Found:
    """The main object of a serving; a canary beside it does not count as another version."""
    cluster, only = session.cluster(), kinds.named(kind, FAMILY)
    every = find.every(cluster, session.namespace, name, version=version, kind=only)
    mains = [one for one in every if not one.serving.version.endswith(SUFFIX)]
    if len(mains) == 1:
        return mains[0]
    return find.one(cluster, session.namespace, name, version=version, kind=only)


def current(found: Found) -> Canary | None:
    """The canary that somebody has started beside a serving; None if there is none."""
    text = (found.obj["metadata"].get("annotations") or {}).get(labels.CANARY)
    try:
        state = json.loads(text or "null")
        return Canary(
            main=found,
            version=f"{found.serving.version}{SUFFIX}",
            percent=int(state["percent"]),
            changes=dict(state["changes"]),
            guard=str(state.get("guard") or ""),
        )
    except (ValueError, TypeError, KeyError, RecursionError):  # none, or edited by hand
        return None


def check_kind(found: Found) -> None:
    """Check that servings of its kind can have a canary of this form; raises SpecError."""
    if found.resource != DEPLOYMENTS:
        raise SpecError(
            f"a {found.resource.kind} has no guarded canary",
            "split its traffic yourself: arena serve traffic-split, between versions, or revisions of KServe",
        )


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
        SpecError: an option cannot be changed, or a serving of its kind has no canaries of this form.
        MissingOperator: the cluster serves nothing that splits traffic.
    """
    check_kind(found)
    name = found.serving.name
    if current(found):
        raise Conflict(
            f'serving "{found.serving.title}" has a canary already',
            f"end it: arena serve promote {name}, or arena serve rollback {name}",
        )
    cluster = session.cluster()
    traffic.check_served(cluster)
    changed = update.amended(session, found, changes)
    if not manifests.merge_patch(found.obj["spec"]["template"], changed["spec"]["template"]):
        raise SpecError(
            "the canary would run what the serving runs already", "change an option, such as --image"
        )
    state = {"percent": percent, "changes": _plain(changes), "guard": guard}
    with Creation(cluster, f'the canary of "{found.serving.title}"') as together:
        made = together.create(DEPLOYMENTS, found.serving.namespace, _deployment(found, changed, percent))
        service = _service(cluster, found, jobs.reference(DEPLOYMENTS, made))
        together.create(SERVICES, found.serving.namespace, service)
        noted = change.apply(cluster, found, lambda now: _noted(now, json.dumps(state)))
    main = found._replace(serving=noted.serving, obj=change.again(cluster, found).obj)
    return Canary(
        main=main, version=f"{found.serving.version}{SUFFIX}", percent=percent, changes=changes, guard=guard
    )


def _plain(changes: Mapping[str, Any]) -> Object:
    found: Object = json.loads(json.dumps(changes, default=str))
    return found


def _noted(found: Found, text: str | None) -> Object:
    meta = found.obj["metadata"]
    notes = {key: one for key, one in (meta.get("annotations") or {}).items() if key != labels.CANARY}
    if text:
        notes[labels.CANARY] = text
    return {**found.obj, "metadata": {**meta, "annotations": notes}}


def _marked(own: Mapping[str, str], found: Found) -> dict[str, str]:
    version = f"{found.serving.version}{SUFFIX}"
    return {**own, labels.SERVING_VERSION: version, labels.RELEASE: f"{found.serving.name}-{version}"}


def _deployment(found: Found, changed: Object, percent: int) -> Object:
    """The Deployment of the canary, which its serving owns."""
    meta, spec = changed["metadata"], copy.deepcopy(changed["spec"])
    size = int(spec.get("replicas", 1))
    spec["replicas"] = max(1, math.ceil(size * percent / 100))
    template = spec["template"]["metadata"]
    template["labels"] = _marked(template.get("labels") or {}, found)
    match = {key: template["labels"].get(key, one) for key, one in spec["selector"]["matchLabels"].items()}
    spec["selector"] = {"matchLabels": {**match, labels.SERVING_VERSION: f"{found.serving.version}{SUFFIX}"}}
    dropped = (labels.CANARY, "deployment.kubernetes.io/revision", labels.SUBMISSION)
    notes = {key: one for key, one in (meta.get("annotations") or {}).items() if key not in dropped}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {
            "name": f"{meta['name']}{SUFFIX}",
            "labels": _marked(meta.get("labels") or {}, found),
            "annotations": notes,
            "ownerReferences": [jobs.reference(found.resource, found.obj)],
        },
        "spec": spec,
    }


def _service(cluster: Cluster, found: Found, owner: Object) -> Object:
    """The Service of the canary alone, like that of its serving."""
    there = list(listing.services(cluster, found.serving.namespace))
    one = traffic.service_of(there, found.serving.name, found.serving.version)
    if one is None:
        raise NotFound(f'serving "{found.serving.title}" has no Service', "create one for it")
    kept = ("name", "port", "targetPort", "protocol", "appProtocol")
    ports = [{key: port[key] for key in kept if key in port} for port in one["spec"]["ports"]]
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {
            "name": f"{one['metadata']['name']}{SUFFIX}",
            "labels": _marked(one["metadata"].get("labels") or {}, found),
            "ownerReferences": [owner],
        },
        "spec": {"selector": _marked(one["spec"]["selector"], found), "ports": ports},
    }


def shift(session: Session, canary: Canary) -> traffic.Applied:
    """Give the canary its part of the traffic that its serving gets."""
    main = canary.main.serving
    before = departure.weights(session.cluster(), main.namespace, main.name) or {main.version: 100}
    whole = before.get(main.version, 100)
    part = round(whole * canary.percent / 100)
    weights = {**before, main.version: whole - part, canary.version: part}
    return traffic.split(session, main.name, weights, kind=canary.main.kind)


def promote(session: Session, canary: Canary) -> Changed:
    """Let the serving run what its canary runs; the canary stays until `end`."""
    main = canary.main.serving
    return update.update(
        session, main.object_name, canary.changes, version=main.version, kind=canary.main.kind
    )


def end(session: Session, canary: Canary) -> None:
    """Give the traffic of the canary back to its serving, and delete the canary."""
    cluster, main = session.cluster(), canary.main.serving
    there = find.every(cluster, main.namespace, main.name, kind=canary.main.kind)
    for one in there:
        if one.serving.version == canary.version:
            _return(session, canary)
            meta = one.obj["metadata"]
            cluster.delete(one.resource, meta["namespace"], meta["name"], uid=meta["uid"])
    now = change.again(cluster, canary.main)
    change.apply(cluster, now, lambda found: _noted(found, None))


def _return(session: Session, canary: Canary) -> None:
    main = canary.main.serving
    weights = dict(departure.weights(session.cluster(), main.namespace, main.name))
    if part := weights.pop(canary.version, None):
        weights[main.version] = weights.get(main.version, 0) + part
    if weights:
        try:
            traffic.split(session, main.name, weights, kind=canary.main.kind)
        except MissingOperator:  # it has been uninstalled, and its routes with it
            return
