"""Leases."""

from collections.abc import Iterable

from arena.local.api.kind_rules import Rules
from arena.local.checks import at_least, fields
from arena.local.field_errors import FieldError
from arena.local.objects import Object

_spec = fields(
    {"leaseDurationSeconds": at_least(1, "must be greater than 0"), "leaseTransitions": at_least(0)}
)


def _check(obj: Object) -> Iterable[FieldError]:
    return _spec("spec", obj.get("spec"))


RULES = Rules(check=_check)
