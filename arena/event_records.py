"""Scalars in TensorFlow event files, as TensorBoard's writers of all frameworks write them.

A file is a sequence of records (length, checksum, an `Event` in protobuf's encoding, checksum); only the few
fields that carry scalars are decoded. The local cluster's collector of metrics imports it, so the standard
library only.
"""

from __future__ import annotations

import os
import struct

from arena import wire

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from collections.abc import Iterator
    from typing import Any

    Scalar = tuple[str, str, int, float]
    """Tag, value, step, and seconds since the epoch."""

NAMED = "tfevents"
"""A part of the name of every event file."""
LARGEST = 1 << 20
"""Bytes of a record that is decoded; larger ones hold images or histograms."""
_FLOAT, _DOUBLE = 1, 2
"""Types of tensors."""


def records(fd: int, offset: int, most: int) -> Iterator[tuple[int, bytes]]:
    """Up to so many complete records from an offset on, each with the offset after it."""
    size = os.fstat(fd).st_size
    for _ in range(most):
        head = os.pread(fd, 12, offset)
        if len(head) < 12:
            return
        length = struct.unpack("<Q", head[:8])[0]
        start, offset = offset + 12, offset + 16 + length
        if offset > size:
            return
        yield offset, os.pread(fd, length, start) if length <= LARGEST else b""


def scalars(record: bytes) -> Iterator[Scalar]:
    """The scalars of an `Event`; none if it is damaged or of another kind."""
    try:
        event = _fields(record)
        wall = float(event[1][-1]) if 1 in event else 0.0
        step = int(event[2][-1]) if 2 in event else 0
        for summary in event.get(5, []):
            for one in _fields(summary).get(1, []):
                value = _fields(one)
                text = _number(value)
                if text and 1 in value:
                    yield value[1][-1].decode(errors="replace"), text, step, wall
    except (ValueError, TypeError, AttributeError, OverflowError):
        return


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
