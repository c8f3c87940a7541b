"""What may change in a pod."""

from collections.abc import Iterator

from arena.local.checks import items
from arena.local.field_errors import FieldError, forbidden, invalid
from arena.local.objects import Object

_MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates",
            "nodeSelector")  # fmt: skip
"""Fields that may change in some way."""
_WHY = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check(old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of a changed spec."""
    for group in ("containers", "initContainers"):
        if len(items(old.get(group))) != len(items(new.get(group))):
            yield forbidden(f"spec.{group}", "pod updates may not add or remove containers")
            return
    yield from _deadline(old.get("activeDeadlineSeconds"), new.get("activeDeadlineSeconds"))
    yield from _tolerations(items(old.get("tolerations")), items(new.get("tolerations")))
    yield from _gates(items(old.get("schedulingGates")), items(new.get("schedulingGates")))
    if _fixed(old) != _fixed(new) or not (_is_selector(old, new) and _is_grace(old, new)):
        yield forbidden("spec", _WHY)


def _fixed(spec: Object) -> Object:
    fixed = {key: value for key, value in spec.items() if key not in _MUTABLE}
    for group in ("containers", "initContainers"):
        fixed[group] = [{k: v for k, v in one.items() if k != "image"} for one in items(spec.get(group))]
    return fixed


def _is_grace(old: Object, new: Object) -> bool:
    before, after = old.get("terminationGracePeriodSeconds"), new.get("terminationGracePeriodSeconds")
    return before == after or (before is not None and before < 0 and after == 1)


def _is_selector(old: Object, new: Object) -> bool:
    """Whether the node selector stays, or grows while the pod must not be scheduled yet."""
    before, after = old.get("nodeSelector") or {}, new.get("nodeSelector") or {}
    return before == after or (bool(old.get("schedulingGates")) and before.items() <= after.items())


def _deadline(old: int | None, new: int | None) -> Iterator[FieldError]:
    if old is not None and new is None:
        yield invalid(
            "spec.activeDeadlineSeconds", new, "must not update from a positive integer to nil value"
        )
    elif old is not None and new is not None and new > old:
        yield invalid("spec.activeDeadlineSeconds", new, "must be less than or equal to previous value")


def _tolerations(old: list[Object], new: list[Object]) -> Iterator[FieldError]:
    kept = [_untimed(one) for one in new]
    if any(_untimed(one) not in kept for one in old):
        why = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", why)


def _untimed(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _gates(old: list[Object], new: list[Object]) -> Iterator[FieldError]:
    known = [one.get("name") for one in old]
    for index, one in enumerate(new):
        if one.get("name") not in known:
            why = f"only deletion is allowed, but found new scheduling gate '{one.get('name')}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", why)
