"""Validation of metadata: names, labels, annotations, finalizers, owners."""

from collections.abc import Iterator
from typing import Any

from arena.local import checks, formats
from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.formats import Format
from arena.local.objects import Object

_NOTES = 256 * 1024
"""Maximum bytes of the annotations of one object."""
_STANDARD = ("kubernetes", "orphan", "foregroundDeletion")
_REQUIRED = {
    "apiVersion": "version must not be empty",
    **dict.fromkeys(("kind", "name", "uid"), "must not be empty"),
}
_FIXED = ("uid", "deletionTimestamp", "deletionGracePeriodSeconds")
"""What may not change; of an object that is being deleted, the server restores the last two."""


def check_stem(meta: Object, form: Format) -> Iterator[FieldError]:
    """The errors of what the name of a new object begins with if it is generated."""
    if stem := meta.get("generateName"):
        masked = f"{stem[:-2]}a" if len(stem) > 1 and stem.endswith("-") else stem
        yield from (invalid("metadata.generateName", stem, why) for why in form(masked))


def check(meta: Object, form: Format, custom: bool = False) -> Iterator[FieldError]:
    """The errors of the metadata of an object whose name must have this format.

    A cluster only warns of finalizers of a `custom` resource that name no domain.
    """
    if meta["name"] == "":
        yield missing("metadata.name", "name or generateName is required")
    else:
        yield from name(str(meta["name"]), form)
    yield from checks.labels("metadata.labels", meta.get("labels"))
    notes = mapping(meta.get("annotations"))
    for key in notes:
        yield from (invalid("metadata.annotations", key, why) for why in formats.qualified(key.lower()))
    if sum(map(_bytes, (*notes, *notes.values()))) > _NOTES:
        message = f"Too long: may not be more than {_NOTES} bytes"
        yield FieldError("metadata.annotations", "FieldValueTooLong", message)
    for index, one in enumerate(meta.get("finalizers") or []):
        wrong = finalizer("metadata.finalizers", f"metadata.finalizers[{index}]", one)
        yield from (why for why in wrong if not (custom and why.field.endswith("]")))
    yield from _owners(items(meta.get("ownerReferences")))


def _bytes(text: Any) -> int:
    """The length of a text in bytes, which JSON may have given one half of a pair of characters."""
    return len(str(text).encode(errors="surrogatepass"))


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """The errors of metadata that replaces other metadata."""
    ending = bool(old.get("deletionTimestamp"))
    for key in _FIXED[: 1 if ending else None]:
        if new.get(key) not in (None, old.get(key)):
            yield invalid(f"metadata.{key}", new[key], "field is immutable")
    stem = str(new.get("generateName") or "")
    yield from (
        invalid("metadata.generateName", stem, f"may not contain '{one}'") for one in "/%" if one in stem
    )
    known = old.get("finalizers") or []
    added = [one for one in new.get("finalizers") or [] if one not in known]
    if ending and added:
        why = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield forbidden("metadata.finalizers", f"{why} {added}")


def name(text: str, form: Format) -> Iterator[FieldError]:
    """The errors of a name."""
    yield from (invalid("metadata.name", text, why) for why in form(text))


def finalizer(path: str, place: str, value: Any) -> Iterator[FieldError]:
    """The errors of a finalizer, reported at its list or at its place in it."""
    yield from (invalid(path, value, why) for why in formats.qualified(str(value)))
    if "/" not in value and value not in _STANDARD:
        yield invalid(place, value, "name is neither a standard finalizer name nor is it fully qualified")


def _owners(owners: list[Object]) -> Iterator[FieldError]:
    """The errors of owners, whose number in their list a cluster does not name."""
    path = "metadata.ownerReferences"
    for one in owners:
        for key, why in _REQUIRED.items():
            if not one.get(key):
                yield invalid(f"{path}.{key}", one.get(key) or "", why)
        if (one.get("apiVersion"), one.get("kind")) == ("v1", "Event"):
            yield invalid(path, one, "/v1, Kind=Event is disallowed from being an owner")
    controllers = [f"{one.get('kind')}/{one.get('name')}" for one in owners if one.get("controller")]
    for other in controllers[1:]:
        both = f"{controllers[0]} and {other}"
        why = f'Only one reference can have Controller set to true. Found "true" in references for {both}'
        yield invalid(path, owners, why)
