"""Who owns which fields of an object after a write: its `managedFields`.

Only writes that come by HTTP are tracked from the creation on. What operators and node create stays without
managers, as after `managedFields: [{}]`: they write a lot, and nobody applies a pod over theirs. What they
change in an object that has managers moves to them, as to the controllers of a cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from arena.local.api import metadata, refusals, schema
from arena.local.api.patches import fields, managers
from arena.local.api.patches.comparison import compare
from arena.local.api.patches.managers import Managers, Write
from arena.local.api.request_options import WriteOptions
from arena.local.api.resource_types import Type
from arena.local.field_errors import FieldError, invalid
from arena.local.objects import Object

WITH_STATUS = ("/pods", "/nodes")
"""The types whose metadata a kubelet may write together with the status."""
_OPERATORS = "arena"
"""The manager of what operators and node change."""
LONGEST = 128
"""Maximum bytes of the name of a manager."""
_LONGEST_SUBRESOURCE = 256


def manager(named: str, agent: str, options: str) -> str:
    """The manager of what a request writes: the one that it names, else its program, as the agent says.

    Raises:
        Refused: 422 if the name is not possible; `options` is the kind that the message names.
    """
    if not named:
        program = agent.split("/")[0]
        return "".join(filter(str.isprintable, program))[:LONGEST] or "unknown"
    if causes := list(manager_errors(named, "fieldManager")):
        raise refusals.options(options, causes)
    return named


def write(kind: Type, how: WriteOptions, subresource: str = "") -> Write:
    """A write to the object or to its status, as the tracking of fields sees it."""
    kept: tuple[str, ...] = ("status",) if kind.has_status else ()
    if subresource == "status":
        kept = ("spec",) if kind.key in WITH_STATUS else ("metadata", "spec")
    manager = how.manager or _OPERATORS
    now = "" if how.through else metadata.now()  # as a cluster, which forgets the time of a scale
    return Write(manager, kind.resource.api_version, now, subresource or how.through, kept)


def empty(kind: Type) -> Object:
    """What an object of the type has in any case."""
    header = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, "metadata": {}}
    return {**header, **schema.root(kind).zero}


def copied(obj: Object) -> Object:
    """A copy that shares the managers, which are never changed in place: they may be as long as the rest."""
    entries = obj["metadata"].get("managedFields")
    return deepcopy(obj, {id(entries): entries} if entries else None)


@contextmanager
def aside(obj: Object, old: Object | None) -> Iterator[None]:
    """Put the managers aside that an object has from its old state: what is checked already is long."""
    entries = obj["metadata"].get("managedFields")
    if not (entries and old and entries is old["metadata"].get("managedFields")):
        yield
        return
    del obj["metadata"]["managedFields"]
    yield
    obj["metadata"]["managedFields"] = entries


def created(kind: Type, obj: Object, how: WriteOptions, allotted: tuple[str, ...] = ()) -> None:
    """Make the writer the manager of a new object (in place), but not of `allotted` fields of its spec."""
    if not how.manager or how.applied:
        return
    wanted = obj["metadata"].pop("managedFields", None)
    shown = obj
    if spec := obj.get("spec") if allotted else None:
        shown = {**obj, "spec": {name: value for name, value in spec.items() if name not in allotted}}
    _track(kind, empty(kind), shown, _named(wanted, None), write(kind, how))


def changed(kind: Type, old: Object, new: Object, subresource: str, how: WriteOptions) -> None:
    """Give the writer what it changed (in place); managers that the request names replace the others."""
    if how.applied:
        return
    present, wanted = (one["metadata"].get("managedFields") for one in (old, new))
    if subresource or how.through or not how.manager or wanted is None or (kind.custom and not wanted):
        wanted = present
        _store(new, present)
    if (present is None and not wanted) or (subresource and not how.manager):
        return
    known = managers.stored(present) if wanted == present else _named(wanted, present)
    if known:
        _track(kind, old, new, known, write(kind, how, subresource))
    else:
        _store(new, None)


def _track(kind: Type, old: Object, new: Object, known: Managers, how: Write) -> None:
    try:
        difference = compare(old, new, schema.root(kind)).without(how.kept)
    except fields.Unfit:
        return
    if difference or new["metadata"].get("managedFields") != old["metadata"].get("managedFields"):
        _store(new, managers.encode(managers.update(known, difference, how)))


def _named(wanted: Any, present: Any) -> Managers:
    """The managers that a request names; the present ones if it names none that can be read."""
    if not wanted or wanted == [{}]:
        return {}
    try:
        return managers.decode(wanted) or managers.stored(present)
    except ValueError:
        return managers.stored(present)


def errors(obj: Object) -> Iterator[FieldError]:
    """What is wrong with the managers of an object, which a request may have named."""
    for index, entry in enumerate(obj["metadata"].get("managedFields") or ()):
        where = f"metadata.managedFields[{index}]"
        yield from manager_errors(entry.get("manager") or "", f"{where}.manager")
        if len(entry.get("subresource") or "") > _LONGEST_SUBRESOURCE:
            text = f"Too long: may not be more than {_LONGEST_SUBRESOURCE} bytes"
            yield FieldError(f"{where}.subresource", "FieldValueTooLong", text)


def manager_errors(name: str, path: str) -> Iterator[FieldError]:
    """What is wrong with the name of a manager."""
    if len(name.encode()) > LONGEST:
        yield FieldError(path, "FieldValueTooLong", f"Too long: may not be more than {LONGEST} bytes")
    if not name.isprintable():
        yield invalid(path, name, "should only contain printable characters")


def unchanged(old: Object, new: Object) -> bool:
    """Whether nothing but the times of managers differs; `new` then has the old ones (in place)."""
    before, after = (one["metadata"].get("managedFields") or [] for one in (old, new))
    if before is after or [_timeless(one) for one in before] != [_timeless(one) for one in after]:
        return False
    if without(new) != without(old):
        return False
    _store(new, before)
    return True


def without(obj: Object) -> Object:
    """The object without its managers."""
    meta = obj["metadata"]
    if "managedFields" not in meta:
        return obj
    return {**obj, "metadata": {key: value for key, value in meta.items() if key != "managedFields"}}


def _timeless(entry: Object) -> Object:
    return {**entry, "time": None}


def _store(obj: Object, entries: Any) -> None:
    obj["metadata"].pop("managedFields", None)
    if entries:
        obj["metadata"]["managedFields"] = entries
