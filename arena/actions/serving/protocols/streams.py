"""Answers of language models: text that comes in pieces, and how many tokens it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arena import foreign_json
from arena.actions.serving.client import said

_LONGEST = 1 << 24
"""Maximum bytes of a line."""


class Stream:
    """Reads an answer as its bytes arrive: server-sent events, or one JSON object.

    Attributes:
        text: what the model has written so far.
        times: when each piece of text arrived.
        fault: what the server said instead of going on; "" if nothing.

    Args:
        events: whether the answer is server-sent events; else it is one object.
        tell: called with each piece of text.
    """

    def __init__(self, events: bool, tell: Callable[[str], object] = lambda piece: None) -> None:
        self.pieces: list[str] = []
        self.times: list[float] = []
        self.fault = ""
        self._events = events
        self._tell = tell
        self._rest = b""
        self._usage = 0
        self._ended = False

    @property
    def text(self) -> str:
        """What the model has written so far."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """The number of tokens by the server's own count, else that of the pieces."""
        return self._usage or len(self.times)

    def feed(self, data: bytes, now: float) -> None:
        """Take a piece of the body that arrived at a moment of any clock."""
        self._rest += data
        if not self._events:
            return
        *lines, self._rest = self._rest.replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) > _LONGEST:
            self.fault, self._rest = "a line of the answer is too long", b""
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip(), now)

    def _event(self, text: bytes, now: float) -> None:
        if text == b"[DONE]":
            self._ended = True
            return
        try:
            found = foreign_json.loads(text)
        except ValueError:
            self.fault = self.fault or "an event is not JSON"
            return
        self._take(found, now)

    def _take(self, found: Any, now: float | None) -> None:
        """Take what one event, or the whole answer, says."""
        if not isinstance(found, dict):
            self.fault = "the answer is not an object"
            return
        if found.get("error"):
            self.fault = said(found)[:300] or "it reports an error"
        if isinstance(usage := found.get("usage"), dict):
            self._usage = int(usage.get("completion_tokens") or 0)
        for choice in found.get("choices") or ():
            self._choose(choice, now)

    def _choose(self, choice: Any, now: float | None) -> None:
        if not isinstance(choice, dict):
            return
        inner = choice.get("delta") or choice.get("message") or choice
        if not isinstance(inner, dict):
            return
        written = inner.get("content") or inner.get("text") or ""
        thought = inner.get("reasoning_content") or inner.get("reasoning") or ""
        if now is not None and (written or thought):
            self.times.append(now)
        if isinstance(written, str) and written:
            self.pieces.append(written)
            self._tell(written)
        self._ended = self._ended or bool(choice.get("finish_reason"))

    def end(self) -> bool:
        """The answer is complete; return whether it is a right one."""
        if not self._events:
            try:
                self._take(foreign_json.loads(self._rest), None)
            except ValueError:
                self.fault = "the answer is not JSON"
            self._ended = not self.fault and bool(self.pieces or self._usage)
        elif not self._ended:
            self.fault = self.fault or "the answer broke off"
        return self._ended and not self.fault
