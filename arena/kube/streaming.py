"""Long lists, read item by item as the bytes of an answer arrive, so that memory does not grow with them."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import Any

from arena.kube import connection_errors, faults, limits
from arena.kube.decoding import decoded
from arena.kube.protobuf import Items
from arena.kube.transport import READ, Reply, Request, Transport
from arena.wire import Malformed

PROTOBUF = "application/vnd.kubernetes.protobuf"
_PIECE = 1 << 14
"""Maximum bytes to read at once: a record of TLS. Memory for more would be mapped anew for every record."""
_SEPARATOR = re.compile(r"[\s,]*")
_decode = json.JSONDecoder().raw_decode


class Answer:
    """An answer whose body can be read once.

    Raises one of `arena.errors`, also while it is read.

    Attributes:
        head: the text of a JSON answer up to the array whose elements are read.
    """

    def __init__(self, transport: Transport, request: Request) -> None:
        self._transport = transport
        self._request = request._replace(stream=True, packed=True, silence=READ)
        self._reply: Reply = transport.send(self._request)
        self.head = ""

    @property
    def is_protobuf(self) -> bool:
        """Whether it is in this form, rather than JSON."""
        return self._reply.header("Content-Type").startswith(PROTOBUF)

    def close(self) -> None:
        """Stop reading it."""
        self._reply.close()

    def items(self) -> Iterator[bytes]:
        """The items of a list in protobuf."""
        items = Items()
        try:
            for piece in self._pieces():
                yield from items.feed(piece)
        except Malformed as cause:
            raise faults.not_json(self._request.asked) from cause
        if items.left != 0:
            raise faults.not_json(self._request.asked)

    def elements(self, key: str) -> Iterator[Any]:
        """The objects in the array under a key of a JSON object; the rest after the array is not read.

        Args:
            key: the key, or several separated by `|`; the first one that occurs is used.
        """
        return chain.from_iterable(self.batches(key))

    def batches(self, key: str) -> Iterator[list[Any]]:
        """As `elements`, but in lists of those that arrived together."""
        try:
            yield from self._batches(re.compile(rf'"(?:{key})":\s*\['))
        except (ValueError, RecursionError) as cause:
            raise faults.not_json(self._request.asked) from cause

    def _batches(self, opening: re.Pattern[str]) -> Iterator[list[Any]]:
        utf8, text = getincrementaldecoder("utf-8")(), ""
        for piece in self._pieces():
            text += utf8.decode(piece)
            limits.checked(len(text))
            at = 0
            if not self.head:
                found = opening.search(text)
                if found is None:
                    continue
                at = found.end()
                self.head = text[:at]
            batch, at = _batch(text, _gap(text, at))
            # Rather than decoding half of the next object in vain, wait for its rest.
            ended = False
            if not batch:
                batch, at, ended = _elements(text, at)
            yield batch
            if ended:
                return
            text = text[at:]
        batch, _, ended = _elements(text, 0) if self.head else ([], 0, False)
        yield batch
        if not ended:
            raise ValueError("the list is truncated")

    def _pieces(self) -> Iterator[bytes]:
        reply = self._reply
        with closing(reply):
            try:
                while piece := reply.read1(_PIECE):
                    yield piece
            except faults.BROKEN as cause:
                server = self._transport.endpoint
                raise connection_errors.broken(cause, self._request.asked, server) from cause


def _gap(text: str, at: int) -> int:
    """The offset after the separator of elements."""
    found = _SEPARATOR.match(text, at)
    return found.end() if found else at


def _batch(text: str, at: int) -> tuple[list[Any], int]:
    """Most objects from an offset on that are complete, decoded at once, and the offset after them.

    The objects of a list begin with the same key, so the last place where one seems to begin usually ends
    the complete ones. If it is inside another object, nothing is decoded.
    """
    begin = text[at : text.find(":", at) + 1]
    end = text.rfind(f",{begin}", at)
    try:
        return (decoded(f"[{text[at:end]}]"), end) if end > at else ([], at)
    except ValueError:
        return [], at


def _elements(text: str, at: int) -> tuple[list[Any], int, bool]:
    """The complete objects from an offset on, the offset after them, and whether the list ends there."""
    found: list[Any] = []
    while not text.startswith("]", at := _gap(text, at)):
        try:
            value, at = _decode(text, at)
        except ValueError:
            return found, at, False
        found.append(value)
    return found, at, True
