"""The wire format of protocol buffers: fields with numbers, of which messages consist.

Messages are read and written without a library and without generated classes: the gateway and the local
cluster know the few that the API needs, and the collector of metrics those of TensorBoard.
"""

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:  # the collector of metrics loads this, and the module typing is slow to load
    from collections.abc import Iterator
    from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: struct.Struct("<d"), _FIXED32: struct.Struct("<f")}
BYTES = _BYTES
"""The wire type of texts, messages and bytes."""
ONE_BYTE = 0x7F
"""The largest number that takes one byte."""
_ALL_BITS = 2**64 - 1


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


def fields(data: bytes, at: int = 0) -> "Iterator[tuple[int, Any]]":
    """The number and the value of each field: bytes of texts and messages, an int or a float of numbers.

    Raises:
        Malformed: the data are not a message.
    """
    end = len(data)
    try:
        while at < end:
            tag = data[at]
            at += 1
            if tag > ONE_BYTE:
                tag, at = varint(data, at - 1)
            if tag & 7 == _BYTES:
                size = data[at]
                at += 1
                if size > ONE_BYTE:
                    size, at = varint(data, at - 1)
                start, at = at, at + size
                if at > end:
                    raise Malformed("a field ends behind its message")
                yield tag >> 3, data[start:at]
            elif tag & 7 == _VARINT:
                value, at = varint(data, at)
                yield tag >> 3, value
            elif fixed := _FIXED.get(tag & 7):
                yield tag >> 3, fixed.unpack_from(data, at)[0]
                at += fixed.size
            else:
                raise Malformed(f"a field has the unknown type {tag & 7}")
    except (IndexError, struct.error):
        raise Malformed("the message is cut short") from None


def number(value: int) -> bytes:
    """A whole number of 64 bits, which may be negative."""
    if 0 <= value <= ONE_BYTE:
        return bytes((value,))
    rest, found = value & _ALL_BITS, bytearray()
    while rest > ONE_BYTE:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def signed(value: int) -> int:
    """The whole number of 64 bits that was written with these bits."""
    return value - 2**64 if value > _ALL_BITS >> 1 else value


def numeric(field: int, value: int) -> bytes:
    """A field that holds a number."""
    return number(field << 3 | _VARINT) + number(value)


def content(field: int, value: bytes) -> bytes:
    """A field that holds a text, a message or bytes."""
    return number(field << 3 | _BYTES) + number(len(value)) + value
