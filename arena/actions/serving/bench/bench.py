"""Measure servings, or any servers, with inputs as `predict` takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from arena.actions.serving import inputs, predict, servers
from arena.actions.serving.bench.measure import Tell, measure
from arena.actions.serving.bench.target import Target
from arena.actions.serving.client import Client, reason, request
from arena.actions.serving.protocols.base import Payload
from arena.actions.serving.protocols.streams import Stream
from arena.actions.serving.servers import Reached, Server
from arena.errors import SpecError
from arena.model.benchmarks import Benchmark, Load

if TYPE_CHECKING:
    from arena.session import Session

_POSITIVE = {
    "rps": "the rate must be more than 0",
    "concurrency": "the concurrency must be at least 1",
    "duration": "the duration must be more than 0",
    "requests": "the number of requests must be at least 1",
    "timeout": "the timeout must be more than 0",
    "connections": "the number of connections must be at least 1",
}


def bench(
    session: Session,
    targets: Sequence[str | Server],
    samples: Sequence[Any],
    load: Load | None = None,
    tell: Tell = lambda so_far: None,
    together: bool = False,
) -> list[Benchmark]:
    """Measure servings, or any servers, and return what was measured of each.

    All samples are checked as `predict` does, and each server first gets one, outside of the measurement: an
    error of that is raised. Answers of language models are streamed, so that the time to the first token is
    measured. Ctrl-C ends the measurement, not the call: what was measured is returned, with `interrupted`.

    Args:
        targets: servers, as `arena.serving.predict` takes them; at least one.
        samples: inputs, as `arena.serving.predict` takes them, which are sent in turn; at least one.
        load: the load on each server.
        tell: called twice a second with what was measured so far, of the servers that are being measured.
        together: whether to load all servers at the same time instead of one after the other.

    Raises:
        SpecError: a load or a sample is wrong. Others: as `arena.serving.predict`, before the load begins.
    """
    load = checked(load or Load())
    given = [inputs.of(one) for one in samples]
    if not targets or not given:
        raise SpecError("there is nothing to send", "give a server and an input")
    with ExitStack() as stack:
        ready = [prepared(stack, session, servers.of(one), given) for one in targets]
        if together:
            return measure(ready, load, tell)
        found: list[Benchmark] = []
        for one in ready:
            found += measure([one], load, tell)
            if found[-1].interrupted:
                break
        return found


def checked(load: Load) -> Load:
    """The load, if it can be carried; raises SpecError."""
    for name, text in _POSITIVE.items():
        value = getattr(load, name)
        if value is not None and not 0 < value < float("inf"):
            raise SpecError(text, "give another number")
    if not 0 <= load.warmup < float("inf"):
        raise SpecError("the warm-up must not be negative", "give another number")
    return load


def prepared(stack: ExitStack, session: Session, server: Server, given: Sequence[inputs.Input]) -> Target:
    """What measures a server with these inputs, once it has answered the first.

    Args:
        stack: ends the way to the server.

    Raises:
        ArenaError: as `arena.serving.predict`.
    """
    found = stack.enter_context(servers.reach(session, server, given[0]))
    payloads = _payloads(found, server, given)
    with Client(found.address, server.timeout) as client:
        predict.ask(client, found, payloads[0])
    return target(found, payloads)


def _payloads(found: Reached, server: Server, given: Sequence[inputs.Input]) -> list[Payload]:
    """The bodies; an error says which of several inputs it is about."""
    stream, built = found.protocol.stream is not None, []
    for number, one in enumerate(given, 1):
        try:
            built.append(predict.build(found, server, one, stream=stream))
        except SpecError as error:
            if len(given) == 1:
                raise
            raise SpecError(f"input {number} of {len(given)}: {error.message}", error.hint) from error
    return built


def target(found: Reached, payloads: Sequence[Payload]) -> Target:
    """What measures a server with these bodies."""
    return Target(
        name=found.title,
        address=found.address,
        requests=tuple(_request(found, one) for one in payloads),
        right=found.protocol.right,
        reason=reason,
        meter=_meter(found.protocol.stream, payloads),
        protocol=found.protocol.name,
        model=found.model,
        remark=found.remark,
    )


def _request(found: Reached, payload: Payload) -> bytes:
    headers = (("Content-Type", payload.media), ("Accept", "*/*"), *payload.headers)
    return request(found.address, "POST", found.path, payload.body, headers)


def _meter(make: Callable[[bool], Stream] | None, payloads: Sequence[Payload]) -> Callable[[], Stream] | None:
    """What reads the answers of a language model; whole ones, if the bodies ask for such."""
    if make is None:
        return None
    streams = {one.stream for one in payloads}
    if len(streams) > 1:
        raise SpecError("some samples ask for streamed answers, others do not", "use the same for all")
    events = streams.pop()
    return lambda: make(events)
