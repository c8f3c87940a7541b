"""Secrets that protect what a pod serves from other users of this machine.

A Service with an HTTP port gets a token that browsers must present (`programs.link_auth`). A pod that
requests one serves its pages below it, because everybody can connect to its own port.
"""

import secrets
from typing import Any

from arena.local.api.resource_types import Type
from arena.local.objects import TOKEN, Object

_ASKED = f"metadata.annotations['{TOKEN}']"


def allot(kind: Type, obj: Object, old: Object | None = None) -> None:
    """Set the token of a Service or pod that needs one, in place; keep that of `old`."""
    if kind.key not in ("/pods", "/services"):
        return
    notes = dict(obj["metadata"].pop("annotations", None) or {})
    notes.pop(TOKEN, None)
    if _needs(kind, obj["spec"]):
        known = ((old or {"metadata": {}})["metadata"].get("annotations") or {}).get(TOKEN)
        notes[TOKEN] = known or secrets.token_urlsafe(24)
    if notes:
        obj["metadata"]["annotations"] = notes


def _needs(kind: Type, spec: dict[str, Any]) -> bool:
    if kind.key == "/services":
        return any(port.get("appProtocol") == "http" for port in spec.get("ports") or [])
    sources = (
        variable.get("valueFrom") or {}
        for container in spec.get("containers") or []
        for variable in container.get("env") or []
    )
    return any((source.get("fieldRef") or {}).get("fieldPath") == _ASKED for source in sources)
