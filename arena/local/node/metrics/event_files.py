"""Reads scalars from TensorFlow event files, as TensorBoard's writers of all frameworks write them.

Part of the collector, so the standard library only. A file is a sequence of records (length, checksum, an
`Event` in protobuf's encoding, checksum); only the few fields that carry scalars are decoded.
"""

from __future__ import annotations

import contextlib
import os
import struct

from arena import wire
from arena.local.node.metrics.sources import has_ended, now
from arena.metric_lines import moment

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from collections.abc import Iterator
    from typing import Any

    from arena.metric_lines import Value

FILES = 64
"""Event files of one container."""
LARGEST = 1 << 20
"""Bytes of a record that is decoded; larger ones hold images or histograms."""
RECORDS = 1000
"""Records of one file that are read at once."""
_FLOAT, _DOUBLE = 1, 2
"""Types of tensors."""


class EventFolder:
    """All event files below a folder; `metrics` names tags, or folder and tag (`train/accuracy`)."""

    def __init__(self, path: str, metrics: list[str], position: dict[str, Any]) -> None:
        self._path = path
        self._metrics = set(metrics)
        self._offsets: dict[str, int] = position.get("offsets", {})

    @property
    def position(self) -> dict[str, Any]:
        """Where the next collector continues."""
        return {"offsets": self._offsets}

    def read(self) -> list[Value] | None:
        """Some added values, [] if there are none yet; None at the end."""
        over = has_ended()
        before = dict(self._offsets)
        found = [value for name in self._names() for value in self._values(name)]
        return None if over and not found and before == self._offsets else found

    def _names(self) -> list[str]:
        found = [
            os.path.relpath(os.path.join(folder, name), self._path)
            for folder, _, names in os.walk(self._path)
            for name in names
            if "tfevents" in name
        ]
        return sorted(found)[:FILES]

    def _values(self, name: str) -> Iterator[Value]:
        with contextlib.suppress(OSError), open(os.path.join(self._path, name), "rb") as file:
            for offset, record in _records(file.fileno(), self._offsets.get(name, 0)):
                self._offsets[name] = offset
                for tag, text, time in _scalars(record):
                    full = os.path.normpath(os.path.join(os.path.dirname(name), tag))
                    chosen = next((one for one in (full, tag) if one in self._metrics), "")
                    if chosen or not self._metrics:
                        yield chosen or tag, text, time


def _records(fd: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """The complete records from an offset on, each with the offset after it."""
    size = os.fstat(fd).st_size
    for _ in range(RECORDS):
        head = os.pread(fd, 12, offset)
        if len(head) < 12:
            return
        length = struct.unpack("<Q", head[:8])[0]
        start, offset = offset + 12, offset + 16 + length
        if offset > size:
            return
        yield offset, os.pread(fd, length, start) if length <= LARGEST else b""


def _scalars(record: bytes) -> Iterator[Value]:
    """Tag, value and time of the scalars of an `Event`."""
    try:
        event = _fields(record)
        wall = event[1][-1] if 1 in event else 0.0
        for summary in event.get(5, []):
            for one in _fields(summary).get(1, []):
                value = _fields(one)
                text = _number(value)
                if text and 1 in value:
                    yield value[1][-1].decode(errors="replace"), text, moment(wall) or now()
    except (ValueError, TypeError, AttributeError):
        return  # damaged, or of another kind


def _number(value: dict[int, list[Any]]) -> str:
    """The number in a `Summary.Value`: a `simple_value`, or a `tensor` as newer writers use."""
    if 2 in value:
        return _single(value[2])
    tensor = _fields(value[8][-1]) if 8 in value else {}
    kind, content = tensor.get(1, [0])[-1], tensor.get(4, [])
    if content and kind in (_FLOAT, _DOUBLE):
        return _single(content) if kind == _FLOAT else _double(content)
    return _single(tensor.get(5, [])) or _double(tensor.get(6, []))


def _single(values: list[Any]) -> str:
    found = _scalar(values, "<f")
    return "" if found is None else f"{found:.7g}"


def _double(values: list[Any]) -> str:
    found = _scalar(values, "<d")
    return "" if found is None else repr(found)


def _scalar(values: list[Any], form: str) -> float | None:
    """The only number of a field, which is written as it is or packed; None if there are several or none."""
    if len(values) != 1 or isinstance(values[0], float):
        return values[0] if len(values) == 1 else None
    packed = values[0]
    return float(struct.unpack(form, packed)[0]) if len(packed) == struct.calcsize(form) else None


def _fields(message: bytes) -> dict[int, list[Any]]:
    """Number -> values of the fields of a message."""
    found: dict[int, list[Any]] = {}
    for number, value in wire.fields(message):
        found.setdefault(number, []).append(value)
    return found
