"""Admission of objects between request and store: defaults, validation, immutable fields."""

from collections.abc import Iterable

from arena.local import field_errors
from arena.local.api import (
    custom_resources,
    decoding,
    defaults,
    kind_rules,
    limit_range,
    metadata,
    ownership,
    refusals,
    schema,
    structure,
    validation,
)
from arena.local.api.request_options import WriteOptions
from arena.local.api.resource_types import Type
from arena.local.api.store import Store
from arena.local.field_errors import FieldError
from arena.local.objects import Object

_WITH_STATUS = dict.fromkeys(ownership.WITH_STATUS, ("labels", "annotations"))
"""Metadata that a kubelet may write together with the status."""
_PRIORITIES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def read(kind: Type, body: Object, how: WriteOptions) -> Object:
    """Return a new object as it is read, without a status that is written separately; `body` is changed.

    Raises:
        Refused: 400 for another kind, unknown fields when strict, or values of a wrong type.
    """
    obj = read_replacement(kind, body, how)
    if kind.has_status and how.manager:
        obj.pop("status", None)
    return obj


def read_replacement(kind: Type, body: Object, how: WriteOptions) -> Object:
    """Return a whole object as it is read, which shall replace another; `body` is changed.

    Raises:
        Refused: as `read`.
    """
    if kind.custom and body.get("apiVersion") != kind.resource.api_version:
        decoding.report_repeats(kind, body, how)
    obj = metadata.shaped(kind, body)
    obj["metadata"] = obj.get("metadata") or {}
    decoding.decode(kind, obj, how)
    return obj


def create(store: Store, kind: Type, obj: Object, how: WriteOptions) -> Object:
    """Return the object as it will be stored; `obj`, which was read and has its metadata, is changed.

    Raises:
        Refused: 422 for values that are not allowed; 403 for a pod whose priority class is unknown, or beyond
            a LimitRange.
    """
    _check_kind(kind, obj, None, [])
    _allowed(kind, obj, _required(kind, obj))
    _allowed(kind, obj, validation.check_status(kind, obj))
    limit_range.fill(store, kind, obj)
    if kind.custom:  # what operators fill in afterwards, nobody owns
        ownership.created(kind, obj, how)
    allotted = _allotted(kind, obj)
    defaults.fill(kind, obj)
    if not kind.custom:
        ownership.created(kind, obj, how, allotted)
    _allowed(kind, obj, ownership.errors(obj))
    _prioritise(store, kind, obj)
    _allowed(kind, obj, validation.check_new(kind, obj))
    limit_range.check(store, kind, obj)
    return obj


def update(kind: Type, old: Object, new: Object, subresource: str, how: WriteOptions) -> Object:
    """Return the changed object as it will be stored; only its status, or all but its status, is updated.

    Raises:
        Refused: as `read` and `create`, and 409 if `new` is based on another version of the object.
    """
    new["metadata"] = dict(new.get("metadata") or {})
    pruned = [] if how.is_read else decoding.decode(kind, new, how, old)
    wrong = metadata.keep(kind, old, new, how.changes)
    if pruned and how.applied and kind.custom:  # a cluster counts the change before it drops the fields
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    _check_kind(kind, new, old, wrong)
    if subresource == "status":
        return _update_status(kind, old, new, how, wrong)
    if kind.has_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if wrong and kind.custom:  # operators are asked about what is right otherwise
        _allowed(kind, new, [*wrong, *validation.structure(kind, new, old)])
    if required := list(_required(kind, new, old)):
        _allowed(kind, new, [*wrong, *required])
    kind_rules.of(kind).keep(old, new)
    if kind.custom:  # what operators fill in afterwards, nobody owns
        ownership.changed(kind, old, new, "", how)
    defaults.fill(kind, new)
    if not kind.custom:
        ownership.changed(kind, old, new, "", how)
    _allowed(kind, new, ownership.errors(new))
    check = validation.check_change if how.manager else validation.check_trusted
    _allowed(kind, new, [*wrong, *check(kind, old, new)])
    return new


def _update_status(
    kind: Type, old: Object, new: Object, how: WriteOptions, wrong: list[FieldError]
) -> Object:
    """The old object with the new status; `wrong` are the errors of its metadata."""
    with_status = _WITH_STATUS.get(kind.key, ())
    taken = {key: one for key, one in new["metadata"].items() if key in ("managedFields", *with_status)}
    kept = {key: one for key, one in old["metadata"].items() if key not in with_status}
    rest = {key: one for key, one in old.items() if key != "status"}
    status = {"status": new["status"]} if "status" in new else {}
    if not kind.custom:
        status = {"status": new.get("status") or {}}
    new = {**rest, "metadata": {**kept, **taken}, **status}
    _allowed(kind, new, [*wrong, *validation.check_status(kind, new, old)])
    if how.manager and not kind.custom:  # what operators and node write is much, and they read it again
        defaults.complete_status(kind, new)
    ownership.changed(kind, old, new, "status", how)
    _allowed(kind, new, ownership.errors(new))
    return new


def _allotted(kind: Type, obj: Object) -> tuple[str, ...]:
    """The fields of its spec that the server sets itself."""
    return tuple(name for name in defaults.ALLOTTED.get(kind.key, ()) if name not in (obj.get("spec") or ()))


def _check_kind(kind: Type, obj: Object, old: Object | None, wrong: list[FieldError]) -> None:
    """Refuse a custom resource of another kind, whose structure a cluster does not look at."""
    if found := metadata.kind_errors(kind, obj):
        _allowed(kind, obj, [*wrong, *custom_resources.check_rules(kind, obj, found, old)])


def _required(kind: Type, obj: Object, old: Object | None = None) -> Iterable[FieldError]:
    """What defaults need: a spec and, of a kind whose operator sets them, that it has the right types.

    Whatever else a cluster finds in an object without a spec, which operators alone need, is told first.
    """
    if kind.custom and not (kind.definition and kind.definition.fills):
        return ()
    found = validation.structure(kind, obj, old) if kind.custom else []
    if any(one.reason == structure.WRONG_TYPE for one in found):
        return found
    needed = kind.custom or "spec" in schema.root(kind).required
    if not needed or isinstance(obj.get("spec"), dict):
        return []
    return found or [field_errors.missing("spec")]


def _allowed(kind: Type, obj: Object, causes: Iterable[FieldError]) -> None:
    found = list(causes)
    if found:
        raise refusals.invalid(kind.resource, obj["metadata"].get("name", ""), found)


def _prioritise(store: Store, kind: Type, obj: Object) -> None:
    """Set a pod's priority to that of its class."""
    if kind.key != "/pods":
        return
    name = obj["spec"].get("priorityClassName")
    found = store.read("scheduling.k8s.io/priorityclasses", "", name) if name else None
    if name and found is None and name not in _PRIORITIES:
        why = f"no PriorityClass with name {name} was found"
        raise refusals.forbidden(kind.resource, obj["metadata"]["name"], why)
    priority = found["value"] if found else _PRIORITIES.get(name, 0)
    policy = (found or {}).get("preemptionPolicy") or "PreemptLowerPriority"
    for what, field, computed in (
        ("integer value of priority", "priority", priority),
        ("string value of PreemptionPolicy", "preemptionPolicy", policy),
    ):
        given = obj["spec"].get(field, computed)
        if given != computed:
            why = (
                f"the {what} ({given}) must not be provided in pod spec; priority admission controller "
                f"computed {computed} from the given PriorityClass name"
            )
            raise refusals.forbidden(kind.resource, obj["metadata"]["name"], why)
    obj["spec"]["priority"] = priority
