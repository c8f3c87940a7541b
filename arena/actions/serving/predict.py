"""Send one input to a model and read its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from arena.actions.serving import inputs, servers
from arena.actions.serving.client import Answer, Client, reason, refusal
from arena.actions.serving.protocols.base import Payload, Wish
from arena.actions.serving.protocols.streams import Stream
from arena.actions.serving.servers import Reached, Server
from arena.errors import ArenaError, NotFound
from arena.model.predictions import Prediction

if TYPE_CHECKING:
    from arena.session import Session

Tell = Callable[[str], object]


def predict(session: Session, server: str | Server, input: Any, tell: Tell | None = None) -> Prediction:
    """Send an input to a serving, or to any server, and return the answer.

    The protocol and the model are found as `Server` says. An input that does not fit the inputs which the
    model's metadata describes is refused before it is sent.

    Args:
        server: the name of a serving, also with a version (`digits@2`), a URL, or a Server.
        input: JSON as text or as lists and numbers, an array, or the bytes of a file such as an image. It is
            wrapped into the body that the protocol asks for, unless it is such a body.
        tell: called with each piece of a language model's text as it comes; None asks for the whole text.

    Raises:
        SpecError: the input does not fit, or the server refuses it.
        NotFound: there is no such serving or model.
        NotAllowed: the server wants a token.
        Unreachable: the server does not answer; TimedOut: not in time.
        ArenaError: it fails, with its own message.
    """
    given = inputs.of(input)
    chosen = servers.of(server)
    with servers.reach(session, chosen, given) as found, Client(found.address, chosen.timeout) as client:
        payload = build(found, chosen, given, stream=tell is not None)
        return ask(client, found, payload, tell)


def build(found: Reached, server: Server, given: inputs.Input, *, stream: bool) -> Payload:
    """The body of a request; raises SpecError if the input does not fit."""
    wish = Wish(model=found.model, signature=found.signature, stream=stream, max_tokens=server.max_tokens)
    return found.protocol.build(given, wish)


def ask(client: Client, found: Reached, payload: Payload, tell: Tell | None = None) -> Prediction:
    """Send a body and read the answer; raises as `predict`."""
    began = time.perf_counter()
    headers = (("Content-Type", payload.media), ("Accept", "*/*"), *payload.headers)
    status, pieces = client.open("POST", found.path, payload.body, headers)
    if not 200 <= status < 300:
        raise _refusal(client, found, Answer(status, b"".join(pieces)))
    if found.protocol.stream:
        return _written(found, payload, pieces, began, tell)
    body = b"".join(pieces)
    seconds = time.perf_counter() - began
    data = Answer(status, body).data
    answer = found.protocol.answer(data)
    if answer is None and found.protocol.is_json:
        raise ArenaError(
            f"{_what(found)} answers {status} without a prediction: {reason(body) or _start(body)}",
            "check --protocol",
        )
    text = body.decode(errors="replace")
    is_json = data is not None or body.strip() == b"null"
    return _prediction(found, answer if is_json else text, text, seconds, is_json=is_json)


def _written(
    found: Reached, payload: Payload, pieces: Iterator[bytes], began: float, tell: Tell | None
) -> Prediction:
    """The answer of a language model."""
    stream = Stream(payload.stream, tell or (lambda piece: None))
    kept = []
    for piece in pieces:
        stream.feed(piece, time.perf_counter())
        if not payload.stream:
            kept.append(piece)
    seconds = time.perf_counter() - began
    if not stream.end():
        raise ArenaError(f"{_what(found)} did not finish its answer: {stream.fault}")
    return _prediction(
        found,
        stream.text,
        b"".join(kept).decode(errors="replace") if kept else stream.text,
        seconds,
        is_json=bool(kept),
        first_token=stream.times[0] - began if stream.times else None,
        tokens=stream.tokens or None,
    )


def _prediction(found: Reached, answer: Any, body: str, seconds: float, **more: Any) -> Prediction:
    return Prediction(
        answer=answer,
        body=body,
        seconds=seconds,
        url=found.address.shown,
        protocol=found.protocol.name,
        model=found.model,
        remark=found.remark,
        **more,
    )


def _refusal(client: Client, found: Reached, answer: Answer) -> ArenaError:
    error = refusal(answer, _what(found))
    if isinstance(error, NotFound) and found.model:
        models = found.protocol.models(client) or ()
        if models and found.model not in models:
            return NotFound(error.message, f"its models are {', '.join(sorted(models)[:20])}")
    return error


def _what(found: Reached) -> str:
    return f'the model "{found.model}" at {found.address.shown}' if found.model else found.address.shown


def _start(body: bytes) -> str:
    return " ".join(body[:200].decode(errors="replace").split())
