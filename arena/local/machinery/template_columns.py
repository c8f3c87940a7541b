"""Columns of kinds with a pod template: its containers, their images, and the selector of its pods."""

from arena.local.definitions import Column
from arena.local.objects import Object


def _each(obj: Object, field: str) -> str:
    spec = (obj["spec"].get("template") or {}).get("spec") or {}
    return ",".join(str(one.get(field, "")) for one in spec.get("containers") or [])


def _selector(obj: Object) -> str:
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={one}" for key, one in sorted(labels.items())) or "<none>"


CONTAINERS: Column = ("Containers", lambda obj: _each(obj, "name"))
IMAGES: Column = ("Images", lambda obj: _each(obj, "image"))
SELECTOR: Column = ("Selector", _selector)
