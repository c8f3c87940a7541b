"""What a protocol is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.tensors import Signature
from arena.values import frozen

if TYPE_CHECKING:
    from arena.actions.serving.protocols.streams import Stream

JSON = "application/json"


@frozen
class Wish:
    """What is asked of a model besides its input."""

    model: str = ""
    signature: Signature = Signature()
    stream: bool = False
    """Whether a language model is to answer piece by piece."""
    max_tokens: int | None = None


@frozen
class Payload:
    """The body of a request, and what says how to read it."""

    body: bytes
    media: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    stream: bool = False
    """Whether the answer comes as server-sent events."""


def _undescribed(client: Client, model: str) -> Signature:
    return Signature()


@frozen
class Protocol:
    """How requests of a protocol look."""

    name: str
    path: str
    """The path of a request, with `{model}`; "" if it is that of the URL."""
    build: Callable[[Input, Wish], Payload]
    """The body for an input; raises SpecError if the input does not fit."""
    answer: Callable[[Any], Any]
    """What people want of the JSON of an answer; None if that is no right one."""
    prefixes: tuple[str, ...] = ("",)
    """What may come before all its paths; the first below which the server tells its models."""
    models: Callable[[Client], Sequence[str] | None] = lambda client: None
    """The models of a server; None if it does not speak the protocol, [] if it does not tell."""
    describe: Callable[[Client, str], Signature] = _undescribed
    """The inputs of a model."""
    owns: Callable[[dict[str, Any]], bool] = lambda data: False
    """Whether an object is a complete body of a request."""
    right: Callable[[bytes], bool] = lambda body: True
    """Whether a body looks like a right answer; quick, since a benchmark asks for each answer."""
    stream: Callable[[bool], Stream] | None = None
    """What reads an answer of a language model, streamed or whole; None if the protocol has none."""
    is_json: bool = True
    """Whether every right answer is JSON."""

    @property
    def needs_model(self) -> bool:
        """Whether requests name a model."""
        return "{model}" in self.path or self.stream is not None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches the end of the path of a request; the group `model` is the model, if it names one."""
        path = re.escape(self.path).replace(r"\{model\}", r"(?P<model>[^/:]+)(?:/versions/[^/:]+)?")
        return re.compile(path + r"/?\Z")
