"""Namespaces."""

from collections.abc import Iterator

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.metadata_validation import finalizer
from arena.local.checks import mapping
from arena.local.field_errors import FieldError
from arena.local.objects import Object


def _check(obj: Object) -> Iterator[FieldError]:
    for name in mapping(obj.get("spec")).get("finalizers") or []:
        yield from finalizer("spec.finalizers", "spec.finalizers", name)


RULES = Rules(check=_check, name=formats.label)
