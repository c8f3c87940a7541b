"""Values of messages: how they are read and written, field by field.

Values that a field cannot hold are left out when they are written, as the typed clients that ask for this
form could not hold them either.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from arena import wire
from arena.local.api.protobuf import messages
from arena.local.api.protobuf.messages import Field, Message
from arena.local.objects import Object
from arena.tuples import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
Counter = Iterator[None]
"""Is asked for the next one at every field, and raises when there are too many."""


class Codec(NamedTuple):
    """How values of one type are read and written."""

    read: Callable[[Any], Any]
    """The value of what `wire.fields` yields; raises if it is of another type."""
    write: Callable[[Any], bytes | int | None]
    """What stands in the field; None for a value that it cannot hold."""
    zero: Any
    """The value with which a field counts as empty; None if it never does."""


def read(message: Message, data: bytes, counted: Callable[[], Counter]) -> Object:
    """The fields of a message as in JSON.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: the data are not such a message.
    """
    return _read(message, data, counted())


def _read(message: Message, data: Any, counter: Counter) -> Object:
    found: Object = {}
    known = _numbered(message)
    for number, value in wire.fields(_bytes(data)):
        next(counter)
        if (field := known.get(number)) is None:
            continue
        if field.shape == "[":
            found.setdefault(field.name, []).append(_value(field, value, counter))
        elif field.shape:
            pair = dict(wire.fields(_bytes(value)))
            one = _value(field, pair.get(2, b""), counter)
            found.setdefault(field.name, {})[_text(pair.get(1, b""))] = one
        elif not field.name:
            found |= _value(field, value, counter)
        elif (one := _value(field, value, counter)) != _zero(field) or (field.stays and one is not None):
            found[field.name] = one
    return found


def written(message: Message, obj: Object) -> bytes:
    """The fields of an object as a message, in the order of their numbers."""
    found = bytearray()
    for field in message:
        value = obj.get(field.name) if field.name else obj
        if value is None:
            continue
        if field.shape == "[":
            for one in value if isinstance(value, list) else ():
                found += _field(field, one)
        elif field.shape:
            for key, one in value.items() if isinstance(value, dict) else ():
                name = wire.content(1, key.encode(errors="replace"))
                inner = _field(field._replace(number=2), one) or wire.content(2, b"")
                found += wire.content(field.number, name + inner)
        else:
            found += _field(field, value)
    return bytes(found)


@cache
def _numbered(message: Message) -> dict[int, Field]:
    return {field.number: field for field in message}


def _value(field: Field, value: Any, counter: Counter) -> Any:
    codec = CODECS.get(field.type)
    return codec.read(value) if codec else _read(messages.named(field.type), value, counter)


def _zero(field: Field) -> Any:
    return CODECS[field.type].zero if field.type in CODECS else {}


def _field(field: Field, value: Any) -> bytes:
    codec = CODECS.get(field.type)
    if codec:
        raw = codec.write(value)
    else:
        raw = written(messages.named(field.type), value) if isinstance(value, dict) else None
    if raw is None:
        return b""
    return wire.numeric(field.number, raw) if isinstance(raw, int) else wire.content(field.number, raw)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a number stands where a text or a message should")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError("a text or a message stands where a number should")
    return wire.signed(value)


def _text(value: Any) -> str:
    return _bytes(value).decode()


def _write_text(value: Any) -> bytes | None:
    return value.encode(errors="replace") if isinstance(value, str) else None


def _write_number(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value == int(value) else None


def _write_bytes(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value)
    except (binascii.Error, TypeError, ValueError):
        return None


def _first(value: Any) -> bytes:
    """The text of a message that has only this field."""
    return _bytes(dict(wire.fields(_bytes(value))).get(1, b""))


def _time(spec: str) -> Callable[[Any], str | None]:
    """Reads a time with that precision; None if it is empty."""

    def read(value: Any) -> str | None:
        parts = dict(wire.fields(_bytes(value)))
        if not parts:
            return None
        moment = _EPOCH + timedelta(seconds=_number(parts.get(1, 0)), microseconds=parts.get(2, 0) // 1000)
        return f"{moment.replace(tzinfo=None).isoformat(timespec=spec)}Z"

    return read


def _write_time(value: Any) -> bytes | None:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        moment = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")) if found else None
    except ValueError:
        moment = None
    if found is None or moment is None:
        return None
    seconds, nanos = (moment - _EPOCH) // timedelta(seconds=1), int(f"{(found[2] or '.')[1:]:0<9}")
    return wire.numeric(1, seconds) + wire.numeric(2, nanos)


def _int_or_string(value: Any) -> int | str:
    parts = dict(wire.fields(_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) else _number(parts.get(2, 0))


def _write_int_or_string(value: Any) -> bytes | None:
    text = value if isinstance(value, str) else ""
    number = 0 if isinstance(value, str) else _write_number(value)
    if number is None:
        return None
    kind = int(isinstance(value, str))
    return wire.numeric(1, kind) + wire.numeric(2, number) + wire.content(3, text.encode(errors="replace"))


def _write_quantity(value: Any) -> bytes | None:
    known = isinstance(value, (str, int, float))
    return wire.content(1, str(value).encode(errors="replace")) if known else None


def _texts(value: Any) -> list[str]:
    return [_text(one) for number, one in wire.fields(_bytes(value)) if number == 1]


def _write_texts(value: Any) -> bytes | None:
    texts = value if isinstance(value, list) else ()
    return b"".join(wire.content(1, one.encode(errors="replace")) for one in texts if isinstance(one, str))


CODECS = {
    "string": Codec(_text, _write_text, ""),
    "boolean": Codec(lambda value: bool(_number(value)), _write_number, False),
    "integer": Codec(_number, _write_number, 0),
    "bytes": Codec(lambda value: base64.b64encode(_bytes(value)).decode(), _write_bytes, ""),
    "date-time": Codec(_time("seconds"), _write_time, None),
    "micro-time": Codec(_time("microseconds"), _write_time, None),
    "quantity": Codec(lambda value: _first(value).decode() or "0", _write_quantity, None),
    "int-or-string": Codec(_int_or_string, _write_int_or_string, 0),
    "json": Codec(
        lambda value: json.loads(_first(value) or b"null"),
        lambda value: wire.content(1, json.dumps(value, separators=(",", ":")).encode()),
        None,
    ),
    "strings": Codec(_texts, _write_texts, []),
}
"""The types that no message describes, by name."""
