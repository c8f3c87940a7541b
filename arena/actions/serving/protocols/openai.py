"""OpenAI: `/v1/chat/completions` of vLLM, SGLang, llama.cpp and others."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Payload, Protocol, Wish
from arena.actions.serving.protocols.streams import Stream
from arena.errors import SpecError


def models(client: Client) -> Sequence[str] | None:
    """The models that the server lists."""
    found = client.ask("GET", "/v1/models").found
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        return None
    return [str(one["id"]) for one in found["data"] if isinstance(one, dict) and "id" in one]


def build(given: Input, wish: Wish) -> Payload:
    """A text is what the user says; an image is shown to the model; an object is a complete body."""
    data = given.data
    if not (isinstance(data, dict) and owns(data)):
        data = {"messages": [{"role": "user", "content": _content(given)}]}
    return completed(data, wish)


def _content(given: Input) -> Any:
    if given.raw is None:
        return given.data if isinstance(given.data, str) else given.text
    if not given.media.startswith("image/"):
        raise SpecError("the input is neither text nor an image", "give text, JSON or an image")
    url = f"data:{given.media};base64,{base64.b64encode(given.raw).decode()}"
    return [{"type": "image_url", "image_url": {"url": url}}]


def completed(data: dict[str, Any], wish: Wish) -> Payload:
    """A body with the model, and with what was wished unless the body says otherwise."""
    data = {**({"model": wish.model} if wish.model else {}), **data}
    if wish.max_tokens is not None and "max_completion_tokens" not in data:
        data.setdefault("max_tokens", wish.max_tokens)
    stream = bool(data.setdefault("stream", wish.stream))
    if stream:
        data.setdefault("stream_options", {"include_usage": True})
    return Payload(body=json.dumps(data).encode(), stream=stream)


def owns(data: dict[str, Any]) -> bool:
    """Whether an object is a complete body."""
    return isinstance(data.get("messages"), list)


def answer(data: Any) -> Any:
    """The text of the first choice."""
    stream = Stream(events=False)
    stream.feed(json.dumps(data).encode(), 0.0)
    return stream.text if stream.end() else None


PROTOCOL = Protocol(
    name="openai",
    path="/v1/chat/completions",
    build=build,
    answer=answer,
    models=models,
    owns=owns,
    prefixes=("", "/openai"),  # the latter in KServe
    stream=Stream,
)
