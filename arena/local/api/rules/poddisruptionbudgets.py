"""PodDisruptionBudgets."""

from collections.abc import Iterator

from arena.local.api.kind_rules import Rules
from arena.local.checks import enum, fields, mapping, selector, share
from arena.local.field_errors import FieldError, invalid
from arena.local.objects import Object

_spec = fields(
    {
        "maxUnavailable": share,
        "minAvailable": share,
        "selector": selector,
        "unhealthyPodEvictionPolicy": enum("AlwaysAllow", "IfHealthyBudget"),
    }
)


def _check(obj: Object) -> Iterator[FieldError]:
    spec = mapping(obj.get("spec"))
    yield from _spec("spec", spec)
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")


RULES = Rules(check=_check)
