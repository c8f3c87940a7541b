"""The protobuf messages of the API that arena reads: metadata of objects, and what pods request.

A message is read only as far as it is needed, without a library and without generated classes. The
numbers of the fields are those of `generated.proto` in k8s.io/apimachinery and k8s.io/api, which never
change.
"""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

from arena.wire import BYTES, ONE_BYTE, Malformed, fields, varint

Object = dict[str, Any]
T = TypeVar("T")

MAGIC = b"k8s\x00"
"""The beginning of every protobuf answer of the API."""


class _Once(dict[bytes, T]):
    """What was decoded, by its bytes; equal bytes are decoded once."""

    def __init__(self, decode: Callable[[bytes], T]) -> None:
        super().__init__()
        self._decode = decode

    def __missing__(self, data: bytes) -> T:
        made = self[data] = self._decode(data)
        return made


class Metadata:
    """Decodes ObjectMeta messages; equal labels, owners and times of several objects are decoded once."""

    def __init__(self) -> None:
        self._namespaces = _Once(bytes.decode)
        self._labels = _Once(_label)
        self._owners = _Once(_owner)
        self._times = _Once(_time)

    def decode(self, item: bytes) -> Object:
        """The metadata of an object as in JSON, without annotations and what comes behind the owners.

        Servers write fields in the order of their numbers, so reading stops after the last one that is
        needed.
        """
        labels: dict[str, str] = {}
        owners: list[Object] = []
        single = self._ordered(item, labels, owners)
        found: Object = {
            "name": single.get(_NAME, b"").decode(),
            "namespace": self._namespaces[single.get(_NAMESPACE, b"")],
            "uid": single.get(_UID, b"").decode(),
            "labels": labels,
            "ownerReferences": owners,
        }
        if _CREATED in single:
            found["creationTimestamp"] = self._times[single[_CREATED]]
        if _DELETED in single:
            found["deletionTimestamp"] = self._times[single[_DELETED]]
        return found

    def _ordered(self, item: bytes, labels: dict[str, str], owners: list[Object]) -> dict[int, bytes]:
        """Add the labels and the owners of an object; return its texts and messages by their tags."""
        single: dict[int, bytes] = {}
        known = self._labels
        try:
            if item[0] != _METADATA:
                raise Malformed("an object does not begin with its metadata")
            size, at = varint(item, 1)
            end = at + size
            while at < end and (tag := item[at]) <= _OWNERS:
                size = item[at + 1]
                at += 2
                if size > ONE_BYTE:
                    size, at = varint(item, at - 1)
                if tag == _LABELS:
                    key, value = known[item[at : (at := at + size)]]
                    labels[key] = value
                elif tag == _OWNERS:
                    owners.append(self._owners[item[at : (at := at + size)]])
                elif tag & 7 == BYTES:
                    single[tag] = item[at : (at := at + size)]
                elif tag & 7 != 0:
                    raise Malformed(f"a field of the metadata has the unknown type {tag & 7}")
        except IndexError:
            raise Malformed("the message is cut short") from None
        if not at <= end <= len(item):
            raise Malformed("a field ends behind its message")
        return single


_METADATA = 1 << 3 | BYTES
_NAME, _NAMESPACE, _UID, _CREATED, _DELETED, _LABELS, _OWNERS = (
    number << 3 | BYTES for number in (1, 3, 5, 8, 9, 11, 13)
)


def _label(data: bytes) -> tuple[str, str]:
    # Nearly all consist of a short key and a short value, in this order.
    if len(data) <= ONE_BYTE and data[:1] == _KEY:
        middle = data[1] + 2
        if data[middle : middle + 1] == _VALUE and data[middle + 1 :][:1] == bytes((len(data) - middle - 2,)):
            return data[2:middle].decode(), data[middle + 2 :].decode()
    entry = dict(fields(data))
    return _text(entry, 1), _text(entry, 2)


_KEY, _VALUE = bytes((1 << 3 | BYTES,)), bytes((2 << 3 | BYTES,))


def _owner(data: bytes) -> Object:
    entry = dict(fields(data))
    return {
        "kind": _text(entry, 1),
        "name": _text(entry, 3),
        "uid": _text(entry, 4),
        "apiVersion": _text(entry, 5),
        "controller": bool(entry.get(6)),
    }


def _time(data: bytes) -> str:
    seconds = dict(fields(data)).get(1, 0)
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc).isoformat()[:19]}Z"
    except (OverflowError, OSError) as cause:
        raise Malformed("a time is none of the calendar") from cause


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

    def feed(self, piece: bytes) -> list[bytes]:
        """The items that this piece completes.

        Raises:
            Malformed: it is not a list.
        """
        data, at = self._buffer + piece, 0
        found: list[bytes] = []
        if self.left is None:
            opened = _list_start(data)
            if opened is None:
                self._buffer = data
                return found
            at, self.left = opened
        while self.left and (head := _head(data, at)) is not None and (end := head[1] + head[2]) <= len(data):
            self.left -= end - at
            at = end
            if head[0] == _ITEMS:
                found.append(data[head[1] : end])
        self._buffer = data[at:] if self.left else b""
        return found


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
        tag = data[at]
        at += 1
        if tag > ONE_BYTE:
            tag, at = varint(data, at - 1)
        size, at = varint(data, at)
    except IndexError:
        return None
    if tag & 7 != BYTES:
        raise Malformed("the answer is not a list")
    return tag >> 3, at, size
