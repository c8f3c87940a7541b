"""The columns of HorizontalPodAutoscalers."""

from collections.abc import Iterator

from arena.local.definitions import Column
from arena.local.objects import Object
from arena.local.operators.autoscaling import older

_SHOWN = 2
"""Metrics that the column Targets shows."""
_UNKNOWN = "<unknown>"


def _reference(obj: Object) -> str:
    target = obj["spec"].get("scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(obj: Object) -> str:
    found = list(_metrics(older.up(obj) if older.is_older(obj) else obj))
    rest = len(found) - _SHOWN
    shown = ", ".join(found[:_SHOWN]) or "<none>"
    return f"{shown} + {rest} more..." if rest > 0 else shown


def _metrics(obj: Object) -> Iterator[str]:
    measured = (obj.get("status") or {}).get("currentMetrics") or []
    for index, one in enumerate(obj["spec"].get("metrics") or []):
        field = f"{one['type'][0].lower()}{one['type'][1:]}"
        there = measured[index] if index < len(measured) else {}
        current = (there.get(field) or {}).get("current") or {}
        target = one[field]["target"]
        name = f"{one[field]['name']}: " if "name" in one[field] else ""
        if "averageUtilization" in target:
            percent = current.get("averageUtilization")
            yield f"{name}{_UNKNOWN if percent is None else f'{percent}%'}/{target['averageUtilization']}%"
        elif "averageValue" in target:
            mark = " (avg)" if field in ("object", "external") else ""
            yield f"{name}{current.get('averageValue', _UNKNOWN)}/{target['averageValue']}{mark}"
        else:
            yield f"{current.get('value', _UNKNOWN)}/{target.get('value')}"


COLUMNS: tuple[Column, ...] = (
    ("Reference", _reference),
    ("Targets", _targets),
    ("MinPods", lambda obj: obj["spec"].get("minReplicas", "<unset>")),
    ("MaxPods", lambda obj: obj["spec"].get("maxReplicas") or 0),
    ("Replicas", lambda obj: (obj.get("status") or {}).get("currentReplicas") or 0),
)
