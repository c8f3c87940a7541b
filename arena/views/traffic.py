"""The traffic of servings: their table, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena.model.traffic import Traffic
from arena.views.benchmarks import short
from arena.views.noun import Noun
from arena.views.table import Column

_NONE = "-"
"""The cell of a figure that the engine does not tell."""


def _rate(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _time(value: float | None) -> str:
    return _NONE if value is None else short(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _data(one: Traffic, now: datetime) -> dict[str, Any]:
    serving = one.serving
    return {
        "name": serving.name,
        "namespace": serving.namespace,
        "type": serving.kind,
        "version": serving.version,
        "metrics": one.engine,
        "instances": serving.available,
        "measuredInstances": one.measured,
        "seconds": round(one.seconds, 3),
        "requestsPerSecond": _rounded(one.requests),
        "errorsPerSecond": _rounded(one.errors),
        "meanSeconds": _rounded(one.mean),
        "p50Seconds": _rounded(one.p50),
        "p95Seconds": _rounded(one.p95),
        "inFlight": one.in_flight,
        "tokensPerSecond": _rounded(one.tokens),
        "gpus": serving.gpus,
    }


TRAFFIC: Noun[Traffic] = Noun(
    plural="servings",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.name),
        Column("VERSION", lambda one, now: one.serving.version or "N/A", short="VER"),
        Column("INSTANCES", lambda one, now: one.serving.available, short="INST"),
        Column("GPU", lambda one, now: one.serving.gpus, filled=True),
        Column("REQ/S", lambda one, now: _rate(one.requests)),
        Column("ERR/S", lambda one, now: _rate(one.errors)),
        Column("MEAN", lambda one, now: _time(one.mean)),
        Column("P50", lambda one, now: _time(one.p50)),
        Column("P95", lambda one, now: _time(one.p95)),
        Column("RUNNING", lambda one, now: _rate(one.in_flight), short="RUN"),
        Column("TOKENS/S", lambda one, now: "" if one.tokens is None else _rate(one.tokens), filled=True),
        Column("METRICS", lambda one, now: one.engine or "none"),
    ),
    data=_data,
)
"""The traffic of servings, as `arena serve top` shows it."""
