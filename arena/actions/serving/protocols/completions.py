"""OpenAI's older protocol, `/v1/completions`: for models without a chat template."""

from typing import Any

from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols import openai
from arena.actions.serving.protocols.base import Payload, Protocol, Wish
from arena.actions.serving.protocols.streams import Stream
from arena.errors import SpecError


def build(given: Input, wish: Wish) -> Payload:
    """A text is the prompt; an object is a complete body."""
    if given.raw is not None:
        raise SpecError("the input is not text", "give a prompt, or JSON")
    data = given.data
    if not (isinstance(data, dict) and owns(data)):
        data = {"prompt": data if isinstance(data, str) else given.text}
    return openai.completed(data, wish)


def owns(data: dict[str, Any]) -> bool:
    """Whether an object is a complete body."""
    return "prompt" in data


PROTOCOL = Protocol(
    name="completions",
    path="/v1/completions",
    build=build,
    answer=openai.answer,
    models=openai.models,
    owns=owns,
    prefixes=("", "/openai"),  # the latter in KServe
    stream=Stream,
)
