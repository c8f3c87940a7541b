"""Find the server that a user means, its protocol, its model, and what that takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arena.actions.serving import address, protocols
from arena.actions.serving.address import Address
from arena.actions.serving.client import Client
from arena.actions.serving.inputs import Input
from arena.actions.serving.protocols.base import Protocol
from arena.actions.serving.tensors import Signature
from arena.errors import SpecError
from arena.kube.urls import quoted
from arena.values import field, frozen, replace

if TYPE_CHECKING:
    from arena.model.servings import Serving
    from arena.session import Session

_FORBIDDEN = ("content-length", "transfer-encoding", "connection", "content-type")


@frozen
class Server:
    """A server, by the name of a serving or by its URL, and how to speak to it.

    What is empty is taken from the serving, from the URL or from the input, or the server is asked.
    """

    name: str = ""
    version: str = ""
    """The version of the serving, if it has several."""
    kind: str = ""
    """The kind of the serving, if several kinds have one of that name."""
    among: str = ""
    """A label selector, if only those of its instances are meant that match it."""
    url: str = ""
    """Up to the path that all requests share, or up to that of a request."""
    protocol: str = ""
    """v1, v2, torchserve, seldon, openai, completions or raw."""
    model: str = ""
    path: str = ""
    """With the protocol `raw`, the path of requests."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Headers of every request; never shown."""
    timeout: float = 30.0
    verify: bool = True
    """Whether the server's certificate is verified."""
    max_tokens: int | None = None

    @property
    def title(self) -> str:
        """The server for people."""
        if self.among:
            return self.among.rpartition("=")[2]
        return f"{self.name}@{self.version}".rstrip("@") if self.name else self.url


@frozen
class Reached:
    """A server that was found, and how requests to it look."""

    title: str
    address: Address
    protocol: Protocol
    path: str
    """The path of requests, below that of the address."""
    model: str = ""
    signature: Signature = Signature()
    remark: str = ""
    """What the user should know of the way to it; "" if nothing."""


def of(text: str | Server) -> Server:
    """The server that a word means: a URL, a name, or a name with a version, such as `digits@2`."""
    if isinstance(text, Server):
        return text
    if "://" in text:
        return Server(url=text)
    name, _, version = text.partition("@")
    return Server(name=name, version=version)


@contextmanager
def reach(session: Session, server: Server, given: Input) -> Iterator[Reached]:
    """Find a server for the block; it may be reached through a forwarded port, which ends with the block.

    Raises:
        NotFound: there is no such serving.
        SpecError: the protocol or the model cannot be found and was not given, or the URL is none.
        Unreachable: the server does not answer, or the serving has no instance that is ready.
    """
    if server.url:
        yield _found(replace(server, url=""), address.parse(server.url), given)
        return
    if not server.name:
        raise SpecError("neither a serving nor a URL was given", "give a name, or --url URL")
    from arena.actions.serving import endpoint

    found = serving(session, server)
    with endpoint.endpoint(session, found, directly=bool(server.among)) as way:
        known = replace(
            server,
            version=found.version,
            protocol=server.protocol or (way.protocol if way.protocol in protocols.NAMES else ""),
            model=server.model or way.model,
            headers=(*way.headers, *server.headers),
        )
        yield replace(_found(known, address.parse(way.url), given), remark=way.remark)


def serving(session: Session, server: Server) -> Serving:
    """The serving that is meant, with those of its instances that are; raises as `arena.serving.serving`."""
    from arena.actions.serving import find

    kind = server.kind or None
    return find.serving(session, server.name, version=server.version, kind=kind, among=server.among)


def _found(server: Server, there: Address, given: Input) -> Reached:
    headers = checked(server.headers)
    there = replace(there, headers=headers, verify=server.verify)
    if server.path:
        there = replace(there, path=address.path(server.path))
    title = server.title or there.shown
    if server.protocol.lower() == "raw" or (server.path and not server.protocol):
        path = there.path or "/"
        return Reached(
            title=title, address=replace(there, path=""), protocol=protocols.named("raw"), path=path
        )
    if exact := protocols.of_path(there.path):
        protocol, model, start = exact
        path, there = there.path[start:], replace(there, path=there.path[:start])
        return _described(server, Reached(
            title=title, address=there, protocol=protocol, path=path, model=server.model or model
        ))  # fmt: skip
    with Client(there, server.timeout) as client:
        protocol, models = _spoken(client, server, given)
    there = _prefixed(server, there, protocol)
    with Client(there, server.timeout) as client:
        model = _named(client, server, given, protocol, models)
    path = protocol.path.replace("{model}", quoted(model))
    return _described(server, Reached(
        title=title, address=there, protocol=protocol, path=path, model=model
    ))  # fmt: skip


def _described(server: Server, found: Reached) -> Reached:
    """With the inputs of the model, if the server describes them."""
    with Client(found.address, server.timeout) as client:
        model = found.model
        if not model and found.protocol.needs_model:
            model = _model(client, found.protocol, None)
        return replace(found, model=model, signature=found.protocol.describe(client, model))


def _spoken(client: Client, server: Server, given: Input) -> tuple[Protocol, Sequence[str] | None]:
    """The protocol, and the names of the models if the server was asked."""
    if server.protocol:
        return protocols.named(server.protocol), None
    if found := protocols.of_body(given):
        return found, None
    return protocols.asked(client)


def _prefixed(server: Server, there: Address, protocol: Protocol) -> Address:
    """The address with what comes before the paths of the protocol."""
    for prefix in protocol.prefixes[1:]:
        further = replace(there, path=there.path + prefix)
        with Client(there, server.timeout) as client, Client(further, server.timeout) as other:
            if protocol.models(client) is None and protocol.models(other) is not None:
                return further
    return there


def _named(
    client: Client, server: Server, given: Input, protocol: Protocol, models: Sequence[str] | None
) -> str:
    """The name of the model; "" if requests name none."""
    if not protocol.needs_model:
        return ""
    inside = given.data.get("model") if isinstance(given.data, dict) and protocol.stream else None
    model = server.model or (inside if isinstance(inside, str) else "")
    return model or _model(client, protocol, models)


def _model(client: Client, protocol: Protocol, models: Sequence[str] | None) -> str:
    """The only model of a server."""
    known = (protocol.models(client) or ()) if models is None else models
    if len(known) == 1:
        return known[0]
    where = client.address.shown
    if known:
        listed = ", ".join(sorted(known)[:20])
        raise SpecError(f"{where} has several models: {listed}", "choose one with --model")
    raise SpecError(f"{where} does not tell the name of its model", "give it with --model")


def checked(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The headers, if they can be sent.

    Raises:
        SpecError: a name is none, a value has line breaks, or arena itself sets that header. The message
            does not repeat values.
    """
    import re

    for name, value in headers:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise SpecError(f'"{name[:40]}" is not the name of a header', "write --header 'NAME: VALUE'")
        if name.lower() in _FORBIDDEN:
            raise SpecError(f"the header {name} follows from the input", "omit it")
        if not value.isascii() or not value.isprintable():
            raise SpecError(
                f"the value of the header {name} has characters that headers cannot hold", "omit them"
            )
    return tuple(headers)
