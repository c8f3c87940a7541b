"""Validation of metadata: names, labels, annotations, finalizers, owners."""

from collections.abc import Iterator
from typing import Any

from arena.local import checks, formats
from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, invalid
from arena.local.formats import Format
from arena.local.objects import Object

_NOTES = 256 * 1024
"""Maximum bytes of the annotations of one object."""
_STANDARD = ("kubernetes", "orphan", "foregroundDeletion")
_REQUIRED = {
    "apiVersion": "version must not be empty",
    **dict.fromkeys(("kind", "name", "uid"), "must not be empty"),
}


def check(meta: Object, form: Format) -> Iterator[FieldError]:
    """The errors of the metadata of an object whose name must have this format."""
    yield from name(str(meta["name"]), form)
    yield from checks.labels("metadata.labels", meta.get("labels"))
    notes = mapping(meta.get("annotations"))
    for key in notes:
        yield from (invalid("metadata.annotations", key, why) for why in formats.qualified(key.lower()))
    if sum(map(_bytes, (*notes, *notes.values()))) > _NOTES:
        message = f"Too long: may not be more than {_NOTES} bytes"
        yield FieldError("metadata.annotations", "FieldValueTooLong", message)
    for index, one in enumerate(meta.get("finalizers") or []):
        yield from finalizer("metadata.finalizers", f"metadata.finalizers[{index}]", one)
    yield from _owners(items(meta.get("ownerReferences")))


def _bytes(text: Any) -> int:
    """The length of a text in bytes, which JSON may have given one half of a pair of characters."""
    return len(str(text).encode(errors="surrogatepass"))


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
