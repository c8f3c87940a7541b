"""What the embedded server does for operators that the judge has not: defaults and rules of their webhooks.

They are applied to what the judge stored, so that exactly their effect is accepted, and nothing else.
"""

from copy import deepcopy
from typing import Any

from arena.local.api import resource_types, validation
from arena.local.api.resource_types import Type

_TYPES = {(one.resource.api_version, one.resource.kind): one for one in resource_types.STORED}


def _type(obj: Any) -> Type | None:
    return _TYPES.get((str(obj.get("apiVersion")), str(obj.get("kind")))) if isinstance(obj, dict) else None


def fill(body: Any) -> None:
    """Set the defaults of webhooks in an answer, in place."""
    for one in body if isinstance(body, list) else [body]:
        inner = one.get("object") if isinstance(one, dict) and "object" in one else one
        for obj in (
            inner["items"] if isinstance(inner, dict) and isinstance(inner.get("items"), list) else [inner]
        ):
            kind = _type(obj)
            if kind and kind.custom and kind.definition and isinstance(obj.get("spec"), dict):
                kind.definition.fill(obj)


def causes(stored: dict[str, Any], before: Any) -> set[tuple[str, str]]:
    """Field and type of what its operator refuses in an object that is new or was `before`."""
    kind = _type(stored)
    return _errors(kind, stored, before) if kind and kind.custom else set()


def rules(stored: dict[str, Any], before: Any) -> set[tuple[str, str]]:
    """Field and type of what the rules of a built-in kind refuse in an object that is new or was `before`."""
    kind = _type(stored)
    return _errors(kind, stored, before) if kind and not kind.custom else set()


def _errors(kind: Type, stored: dict[str, Any], before: Any) -> set[tuple[str, str]]:
    new, old = deepcopy(stored), deepcopy(before)
    is_new = _type(old) is not kind
    found = [*(validation.check_new(kind, new) if is_new else validation.check_change(kind, old, new))]
    if not kind.custom:
        found += validation.check_status(kind, new)
    return {(one.field, one.reason) for one in found}
