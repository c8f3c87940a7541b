"""The canary of a Deployment: another one beside it, with a Service of its own and a part of the split."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.jobs import find as jobs
from arena.actions.serving import change, departure, find, listing, traffic, update
from arena.actions.serving import wait as waiting
from arena.actions.serving.canary import promotion, state
from arena.actions.serving.canary.state import SUFFIX, Canary
from arena.actions.serving.change import Changed
from arena.actions.serving.find import Found
from arena.actions.serving.servers import Server
from arena.actions.serving.wait import Report
from arena.actions.submit.creation import Creation
from arena.errors import MissingOperator, NotFound, SpecError
from arena.resources import DEPLOYMENTS, SERVICES
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


def check(cluster: Cluster, found: Found) -> None:
    """Raise MissingOperator if the cluster serves nothing that splits traffic."""
    traffic.check_served(cluster)


def start(session: Session, canary: Canary) -> Canary:
    """As `forms.Form`; raises SpecError if the change leaves the pods as they are."""
    cluster, found = session.cluster(), canary.main
    changed = update.amended(session, found, canary.changes)
    if not manifests.merge_patch(found.obj["spec"]["template"], changed["spec"]["template"]):
        raise SpecError(state.SAME, "change an option, such as --image")
    with Creation(cluster, f'the canary of "{found.serving.title}"') as together:
        made = together.create(DEPLOYMENTS, found.serving.namespace, _deployment(canary, changed))
        service = _service(cluster, canary, jobs.reference(DEPLOYMENTS, made))
        together.create(SERVICES, found.serving.namespace, service)
        change.apply(cluster, found, lambda now: state.noted(now, canary))
    return replace(canary, main=change.again(cluster, found))


def wait(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`; raises as `arena.serving.wait`."""
    main = canary.main
    waiting.wait(
        session, canary.name, version=canary.version, kind=main.kind, timeout=seconds, progress=progress
    )


def sides(session: Session, canary: Canary) -> tuple[Server, Server]:
    """As `forms.Form`."""
    main = canary.main.serving
    return Server(name=main.name, version=main.version), Server(name=main.name, version=canary.version)


def _marked(own: Mapping[str, str], canary: Canary) -> dict[str, str]:
    version = canary.version
    return {**own, labels.SERVING_VERSION: version, labels.RELEASE: f"{canary.name}-{version}"}


def _deployment(canary: Canary, changed: Object) -> Object:
    """The Deployment of the canary, which its serving owns."""
    found, meta, spec = canary.main, changed["metadata"], copy.deepcopy(changed["spec"])
    size = int(spec.get("replicas", 1))
    spec["replicas"] = max(1, math.ceil(size * canary.percent / 100))
    template = spec["template"]["metadata"]
    template["labels"] = _marked(template.get("labels") or {}, canary)
    match = {key: template["labels"].get(key, one) for key, one in spec["selector"]["matchLabels"].items()}
    spec["selector"] = {"matchLabels": {**match, labels.SERVING_VERSION: canary.version}}
    dropped = (labels.CANARY, "deployment.kubernetes.io/revision", labels.SUBMISSION)
    notes = {key: one for key, one in (meta.get("annotations") or {}).items() if key not in dropped}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {
            "name": f"{meta['name']}{SUFFIX}",
            "labels": _marked(meta.get("labels") or {}, canary),
            "annotations": notes,
            "ownerReferences": [jobs.reference(found.resource, found.obj)],
        },
        "spec": spec,
    }


def _service(cluster: Cluster, canary: Canary, owner: Object) -> Object:
    """The Service of the canary alone, like that of its serving."""
    found = canary.main
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
            "labels": _marked(one["metadata"].get("labels") or {}, canary),
            "ownerReferences": [owner],
        },
        "spec": {"selector": _marked(one["spec"]["selector"], canary), "ports": ports},
    }


def shift(session: Session, canary: Canary) -> traffic.Applied:
    """As `forms.Form`: a part of what its serving gets of the split of all versions."""
    main = canary.main.serving
    before = departure.weights(session.cluster(), main.namespace, main.name) or {main.version: 100}
    whole = before.get(main.version, 100)
    part = round(whole * canary.percent / 100)
    weights = {**before, main.version: whole - part, canary.version: part}
    return traffic.split(session, main.name, weights, kind=canary.main.kind)


def promote(session: Session, canary: Canary) -> Changed:
    """As `forms.Form`; the canary stays until it is closed."""
    main = canary.main.serving
    return update.update(
        session, main.object_name, canary.changes, version=main.version, kind=canary.main.kind
    )


def close(session: Session, canary: Canary) -> None:
    """As `forms.Form`: give the traffic of the canary back to its serving, and delete the canary."""
    cluster, main = session.cluster(), canary.main.serving
    there = find.every(cluster, main.namespace, main.name, kind=canary.main.kind)
    for one in there:
        if one.serving.version == canary.version:
            _return(session, canary)
            meta = one.obj["metadata"]
            cluster.delete(one.resource, meta["namespace"], meta["name"], uid=meta["uid"])
    now = change.again(cluster, canary.main)
    change.apply(cluster, now, lambda found: state.noted(found, None))


def roll_back(session: Session, canary: Canary, seconds: float, progress: Report) -> None:
    """As `forms.Form`."""
    promotion.take_back(session, canary, close)


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
