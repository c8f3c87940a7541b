"""Objects as protobuf, the form in which Go clients send and request built-in kinds.

`messages` knows what the messages hold, and `values` how single values are written. Nothing of this is
loaded before a client asks for it. Custom kinds have no messages; of their objects only the metadata is ever
written so.
"""

from collections.abc import Iterator

from arena import wire
from arena.local.api import refusals, size_limits
from arena.local.api.protobuf import messages, values
from arena.local.objects import Object

_MAGIC = b"k8s\0"
_TYPE, _RAW = 1, 2
"""Fields of the envelope: what it contains, and the message itself."""
_REST = wire.content(3, b"") + wire.content(4, b"")
"""Encoding and type of the content, which are always empty."""


def decode(body: bytes) -> Object:
    """The object in a body, which begins with `k8s` and a zero byte.

    Raises:
        Refused: 400 if it cannot be read; 413 if it contains more than the server accepts.
    """
    try:
        envelope = dict(wire.fields(body, len(_MAGIC)))
        about = {number: value.decode() for number, value in wire.fields(envelope[_TYPE])}
        version, kind = about.get(1, ""), about.get(2, "")
        found = values.read(messages.of(version, kind), envelope.get(_RAW, b""), _counted)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as cause:
        raise refusals.bad(f"the protobuf in the body cannot be read: {cause}") from cause
    size_limits.check_keys(found)
    return {"apiVersion": version, "kind": kind, **found}


def encode(obj: Object) -> bytes:
    """The object in its envelope; raises LookupError for one of a kind without a message."""
    version, kind = obj["apiVersion"], obj["kind"]
    about = wire.content(1, version.encode()) + wire.content(2, kind.encode())
    raw = values.written(messages.of(version, kind), obj)
    return _MAGIC + wire.content(_TYPE, about) + wire.content(_RAW, raw) + _REST


def event(kind: str, obj: Object) -> bytes:
    """An event of a watch, behind its length; raises as `encode`."""
    inner = wire.content(1, encode(obj))
    frame = wire.content(1, kind.encode()) + wire.content(2, inner)
    return len(frame).to_bytes(4, "big") + frame


def _counted() -> Iterator[None]:
    """Ends in a refusal if it is asked for more than the server accepts."""
    for _ in range(size_limits.MOST):
        yield
    raise size_limits.too_much()
