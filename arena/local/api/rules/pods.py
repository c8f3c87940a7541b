"""Pods."""

from collections.abc import Iterable

from arena.local.api.kind_rules import Rules
from arena.local.api.pods import changes, spec
from arena.local.field_errors import FieldError
from arena.local.objects import Object


def _change(old: Object, new: Object) -> Iterable[FieldError]:
    return changes.check(old["spec"], new["spec"])


RULES = Rules(check=spec.check_pod, check_new=spec.check_new, change=_change)
