"""The protobuf messages of the API that arena reads: metadata of objects, and what pods request.

A message is read only as far as it is needed, without a library and without generated classes. The
numbers of the fields are those of `generated.proto` in k8s.io/apimachinery and k8s.io/api, which never
change.
"""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

Object = dict[str, Any]

MAGIC = b"k8s\x00"
"""The beginning of every protobuf answer of the API."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_ONE_BYTE = 0x7F
"""The largest number that takes one byte."""


class Malformed(ValueError):
    """The bytes are not a complete message of this kind."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at an offset, and the offset after it; raises IndexError if the data end before."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise Malformed("a number has too many bytes")


def fields(data: bytes, at: int = 0) -> Iterator[tuple[int, Any]]:
    """The number and the value of each field: bytes of strings and messages, an int of anything else.

    Raises:
        Malformed: the data are not a message.
    """
    end = len(data)
    try:
        while at < end:
            tag = data[at]
            at += 1
            if tag > _ONE_BYTE:
                tag, at = varint(data, at - 1)
            if tag & 7 == _BYTES:
                size = data[at]
                at += 1
                if size > _ONE_BYTE:
                    size, at = varint(data, at - 1)
                start, at = at, at + size
                if at > end:
                    raise Malformed("a field ends behind its message")
                yield tag >> 3, data[start:at]
            elif tag & 7 == _VARINT:
                value, at = varint(data, at)
                yield tag >> 3, value
            elif tag & 7 in _WIDTHS:
                at += _WIDTHS[tag & 7]
            else:
                raise Malformed(f"a field has the unknown type {tag & 7}")
    except IndexError:
        raise Malformed("the message is cut short") from None


class Metadata:
    """Decodes ObjectMeta messages; equal labels, owners and times of several objects are decoded once."""

    def __init__(self) -> None:
        self._labels: dict[bytes, tuple[str, str]] = {}
        self._owners: dict[bytes, Object] = {}
        self._texts: dict[bytes, str] = {}
        self._times: dict[bytes, str] = {}

    def decode(self, item: bytes) -> Object:
        """The metadata of an object as in JSON, without annotations and what comes behind the owners.

        Servers write fields in the order of their numbers, so reading stops after the last one that is
        needed.
        """
        labels: dict[str, str] = {}
        owners: list[Object] = []
        found: Object = {"name": "", "namespace": "", "uid": "", "labels": labels, "ownerReferences": owners}
        for tag, value in _ordered(item):
            if tag == _LABELS:
                key, text = self._labels.get(value) or self._label(value)
                labels[key] = text
            elif tag in _NAMES:
                found[_NAMES[tag]] = value.decode()
            elif tag == _NAMESPACE:
                found["namespace"] = self._texts.get(value) or self._text(value)
            elif tag in _TIMES:
                found[_TIMES[tag]] = self._times.get(value) or self._time(value)
            elif tag == _OWNERS:
                owners.append(self._owners.get(value) or self._owner(value))
        return found

    def _text(self, data: bytes) -> str:
        made = self._texts[data] = data.decode()
        return made

    def _time(self, data: bytes) -> str:
        seconds = dict(fields(data)).get(1, 0)
        stamp = datetime.fromtimestamp(seconds, timezone.utc)
        made = self._times[data] = stamp.strftime("%Y-%m-%dT%H:%M:%SZ")
        return made

    def _label(self, data: bytes) -> tuple[str, str]:
        entry = dict(fields(data))
        made = self._labels[data] = _text(entry, 1), _text(entry, 2)
        return made

    def _owner(self, data: bytes) -> Object:
        entry = dict(fields(data))
        made = self._owners[data] = {
            "kind": _text(entry, 1),
            "name": _text(entry, 3),
            "uid": _text(entry, 4),
            "apiVersion": _text(entry, 5),
            "controller": bool(entry.get(6)),
        }
        return made


_METADATA = 1 << 3 | _BYTES
_NAMES = {1 << 3 | _BYTES: "name", 5 << 3 | _BYTES: "uid"}
_NAMESPACE, _LABELS, _OWNERS = (number << 3 | _BYTES for number in (3, 11, 13))
_TIMES = {8 << 3 | _BYTES: "creationTimestamp", 9 << 3 | _BYTES: "deletionTimestamp"}


def _ordered(item: bytes) -> list[tuple[int, bytes]]:
    """Tag and value of the texts and messages, up to the owners, in the metadata that an object begins with.

    It is a list: a generator takes longer, which counts for ten thousand pods.
    """
    found = []
    try:
        if item[0] != _METADATA:
            raise Malformed("an object does not begin with its metadata")
        size, at = varint(item, 1)
        end = at + size
        while at < end and (tag := item[at]) <= _OWNERS:
            size = item[at + 1]
            at += 2
            if size > _ONE_BYTE:
                size, at = varint(item, at - 1)
            if tag & 7 == _BYTES:
                found.append((tag, item[at : at + size]))
                at += size
            elif tag & 7 != _VARINT:
                raise Malformed(f"a field of the metadata has the unknown type {tag & 7}")
    except IndexError:
        raise Malformed("the message is cut short") from None
    if not at <= end <= len(item):
        raise Malformed("a field ends behind its message")
    return found


def _text(entry: dict[int, Any], number: int) -> str:
    found: bytes = entry.get(number, b"")
    return found.decode()


class Requests:
    """Decodes Pod messages as far as needed to count what the pods request of their nodes."""

    def __init__(self) -> None:
        self._resources: dict[bytes, Object] = {}

    def decode(self, data: bytes) -> Object:
        """The pod as in JSON, with only its node and the resources of its containers."""
        spec: Object = {"nodeName": "", "containers": [], "initContainers": []}
        for number, value in fields(dict(fields(data)).get(2, b"")):
            if number == 10:
                spec["nodeName"] = value.decode()
            elif number in (2, 20):
                spec["containers" if number == 2 else "initContainers"].append(self._container(value))
        return {"spec": spec}

    def _container(self, data: bytes) -> Object:
        raw = next((value for number, value in fields(data) if number == 8), b"")
        found = self._resources.get(raw)
        if found is None:
            found = self._resources[raw] = {"limits": _amounts(raw, 1), "requests": _amounts(raw, 2)}
        return {"resources": found}


def _amounts(data: bytes, wanted: int) -> dict[str, str]:
    """Resource name -> quantity, from the map with that number."""
    entries = (dict(fields(value)) for number, value in fields(data) if number == wanted)
    return {_text(one, 1): _text(dict(fields(one.get(2, b""))), 1) for one in entries}


class Items:
    """Extracts the items of a list from an answer as its bytes arrive.

    Attributes:
        left: bytes of the list that were not yet read as items; None before it has begun.
    """

    def __init__(self) -> None:
        self._buffer = MAGIC[:0]
        self.left: int | None = None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Return the items that this piece completes.

        Raises:
            Malformed: it is not a list.
        """
        data, at = self._buffer + piece, 0
        if self.left is None:
            found = _list_start(data)
            if found is None:
                self._buffer = data
                return
            at, self.left = found
        while self.left and (found_field := _field(data, at)) is not None:
            number, start, end = found_field
            self.left -= end - at
            at = end
            if number == _ITEMS:
                yield data[start:end]
        self._buffer = data[at:] if self.left else b""


_ITEMS = 2


def _list_start(data: bytes) -> tuple[int, int] | None:
    """The start of the list in its envelope, and its size; None if too little has arrived."""
    if not data.startswith(MAGIC[: len(data)]):
        raise Malformed("the answer is not protobuf of the API")
    at = len(MAGIC)
    while (head := _head(data, at)) is not None:
        number, start, size = head
        if number == _ITEMS:
            return start, size
        at = start + size
    return None


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Number, start and size of the field at an offset; None if too little has arrived."""
    try:
        tag, at = varint(data, at)
        size, at = varint(data, at)
    except IndexError:
        return None
    if tag & 7 != _BYTES:
        raise Malformed("the answer is not a list")
    return tag >> 3, at, size


def _field(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Number, start and end of the whole field at an offset; None if part of it is missing."""
    head = _head(data, at)
    if head is None or head[1] + head[2] > len(data):
        return None
    return head[0], head[1], head[1] + head[2]
