"""Servings: their list, the page of one, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena.model.instances import Instance
from arena.model.servings import Endpoint, RevisionShare, Serving, Share
from arena.views import serving_details, times
from arena.views.instances import INSTANCES
from arena.views.noun import Noun
from arena.views.table import Column, pairs, ruled

_PORTS = {"http-serving": "RESTFUL", "grpc-serving": "GRPC"}
"""What the Go arena calls the ports that it shows."""


def ports(one: Serving) -> str:
    """`GRPC:8500,RESTFUL:30080->8501`; ports with metrics are left out."""
    return ",".join(_port(port) for port in one.endpoints if port.name != "http-metrics") or "N/A"


def _port(port: Endpoint) -> str:
    name = _PORTS.get(port.name, port.name.upper() or "PORT")
    outside = port.local_port or port.node_port
    return f"{name}:{outside}->{port.port}" if outside else f"{name}:{port.port}"


def _address(one: Serving) -> str:
    """The address, with the share of the traffic as the Go arena shows it: `10.0.0.7(70%)`.

    That of a serving whose operator splits its traffic is the share of the newest revision.
    """
    newest = sum(each.percent for each in one.routed if each.is_latest)
    shares = [one.share.percent] if one.share else [newest] if one.routed and newest < 100 else []
    return (one.address or "N/A") + "".join(f"({percent}%)" for percent in shares)


def _traffic(share: Share) -> str:
    """`70% of http://127.0.0.1:30080, by HTTPRoute digits`."""
    return f"{share.percent}%" + (f" of {share.url}" if share.url else "") + f", by {share.by}"


def _routed(one: RevisionShare) -> str:
    """`10% digits-predictor-00002`."""
    return f"{one.percent}% {one.revision}"


def page(one: Serving, now: datetime) -> str:
    """Everything about one serving, in the Go arena's order."""
    rows = [
        ("Name", one.name),
        ("Namespace", one.namespace),
        ("Type", one.kind),
        ("Version", one.version or "N/A"),
        ("Desired", one.wanted),
        ("Available", one.available),
        ("Age", times.age(one.created, now)),
        ("Address", one.address or "N/A"),
        ("Port", ports(one)),
        *([("Traffic", _traffic(one.share))] if one.share else []),
        *([("Traffic", ", ".join(map(_routed, one.routed)))] if one.routed else []),
        *([("Canary", f"{one.canary}; end it by arena serve promote or rollback")] if one.canary else []),
        *([("Scaled", serving_details.scaler(one.autoscaler))] if one.autoscaler else []),
        *([("ModelName", one.model)] if one.model else []),
        *([("ModelVersion", one.model_version)] if one.model_version else []),
        *([("GPU", one.gpus)] if one.gpus else []),
    ]
    text = pairs([(title, str(value)) for title, value in rows])
    instances = [_section(one.instances, now)] if one.instances else []
    return "\n\n".join([text, *instances, *serving_details.sections(one, now)])


def summary(one: Serving, why: str = "") -> str:
    """How far a serving is, on one line: `digits 2: 1 of 3 available, 1 updated, 2 old: CrashLoopBackOff`.

    Args:
        why: why it is not ready.
    """
    parts = [f"{one.available} of {one.wanted} available"]
    if not one.rollout.is_done:
        parts += [f"{one.rollout.updated} updated"]
        parts += [f"{one.rollout.old} old"] if one.rollout.old else []
    return f"{one.title}: {', '.join(parts)}" + (f": {why}" if why else "")


def _readiness(one: Instance) -> str:
    usual = [container for container in one.containers if not container.init]
    return f"{sum(container.ready for container in usual)}/{len(usual)}"


def restarts(one: Instance) -> int:
    """How often its containers were restarted."""
    return sum(container.restarts for container in one.containers)


_INSTANCES = (
    Column[Instance]("NAME", lambda one, now: one.name),
    Column[Instance]("STATUS", lambda one, now: one.status),
    Column[Instance]("AGE", lambda one, now: times.span(one.age(now))),
    Column[Instance]("READY", lambda one, now: _readiness(one)),
    Column[Instance]("RESTARTS", lambda one, now: restarts(one)),
    Column[Instance]("NODE", lambda one, now: one.node or "N/A"),
)


def _section(instances: Sequence[Instance], now: datetime) -> str:
    return "Instances:\n" + ruled(_INSTANCES, instances, now)


def data(one: Serving, now: datetime) -> dict[str, Any]:
    """The serving under the Go arena's JSON keys, followed by keys that are new here."""
    return {
        "uuid": one.uid,
        "name": one.name,
        "namespace": one.namespace,
        "type": one.kind,
        "version": one.version,
        "age": times.age(one.created, now),
        "desiredInstances": one.wanted,
        "availableInstances": one.available,
        "endpoints": [_endpoint(port) for port in one.endpoints],
        "ip": one.address,
        "instances": [_instance(each, now) for each in one.instances],
        "requestGPUs": one.gpus,
        "creationTimestamp": times.epoch(one.created),
        "modelName": one.model,
        "modelVersion": one.model_version,
        "url": one.url,
        "protocol": one.protocol,
        "traffic": _share(one.share) if one.share else None,
        "revisionTraffic": [
            {"revision": each.revision, "percent": each.percent, "latest": each.is_latest}
            for each in one.routed
        ],
        "canary": one.canary,
        **serving_details.data(one),
    }


def _share(share: Share) -> dict[str, Any]:
    return {"percent": share.percent, "by": share.by, "url": share.url}


def _endpoint(port: Endpoint) -> dict[str, Any]:
    return {
        "name": port.name,
        "port": port.port,
        "nodePort": port.node_port,
        "localPort": port.local_port,
    }


def _instance(one: Instance, now: datetime) -> dict[str, Any]:
    usual = [container for container in one.containers if not container.init]
    return {
        **INSTANCES.data(one, now),
        "readyContainers": sum(container.ready for container in usual),
        "totalContainers": len(usual),
        "restartCount": restarts(one),
        "nodeName": one.node,
    }


SERVINGS: Noun[Serving] = Noun(
    plural="servings",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.name),
        Column("TYPE", lambda one, now: one.kind),
        Column("VERSION", lambda one, now: one.version or "N/A"),
        Column("DESIRED", lambda one, now: one.wanted),
        Column("AVAILABLE", lambda one, now: one.available),
        Column("ADDRESS", lambda one, now: _address(one)),
        Column("PORTS", lambda one, now: ports(one)),
        Column("GPU", lambda one, now: one.gpus, filled=True),
        Column("AGE", lambda one, now: times.age(one.created, now), wide=True),
    ),
    data=data,
    page=page,
)
