"""The options of commands that send requests to servings."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _complete, _flags
from arena.commands._family import kind_option
from arena.commands.serve._family import SERVINGS, version_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.serving.servers import Server
    from arena.session import Session

F = TypeVar("F", bound=Callable[..., Any])
TOKEN = "ARENA_SERVE_TOKEN"
"""The variable with a token."""
PROTOCOLS = ("v1", "v2", "torchserve", "seldon", "openai", "completions", "raw")


def servers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a serving."""
    return _complete.found(ctx, SERVINGS.names, incomplete)


def _protocol(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and value not in PROTOCOLS:
        from arena.kinds.validators import shown

        known = ", ".join(PROTOCOLS)
        raise SpecError(f"--protocol: {shown(value)} is not a protocol", f"choose one of {known}")
    return value


def _header(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    from arena.kinds.validators import shown

    for one in value:
        if ":" not in one:
            raise SpecError(f"--header: {shown(one)} has no colon", "write --header 'NAME: VALUE'")
    return value


def url(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """The callback of options with the URL of a server, or with several."""
    from arena.actions.serving import servers
    from arena.kinds.validators import shown

    for one in value if param.multiple else filter(None, [value]):
        if not servers.of(one).url:
            raise SpecError(
                f"--url: {shown(one)} is not the URL of an HTTP server", "write it like http://127.0.0.1:8080"
            )
    return value


def options(function: F) -> F:
    """The options that say which server is meant, and how to speak to it."""
    return _flags.decorated(
        click.option("--protocol", metavar="PROTOCOL", default="", callback=_protocol,
                     shell_complete=_complete.values(*PROTOCOLS),
                     help="Protocol: v1, v2, torchserve, seldon, openai (chat), completions, or raw, which "
                     "sends the input as it is.  [default: that of the serving, or asked for]"),
        click.option("--model", metavar="MODEL", default="", callback=_flags.validated("text"),
                     help="Name of the model.  [default: the only one of the server]"),
        click.option("--path", metavar="/PATH", default="", callback=_flags.validated("text"),
                     help="Path of requests, with --protocol raw."),
        click.option("--max-tokens", type=click.IntRange(min=1), metavar="N",
                     help="Maximum number of tokens that a language model writes."),
        click.option("--token", metavar="TOKEN|@FILE|secret://NAME/KEY", help="Bearer token, or the file "
                     "or the key of a Secret that contains it.  "
                     f"[default: ${TOKEN}]"),
        click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", callback=_header,
                     help="Header of each request, such as 'Host: digits.example.com'."),
        click.option("--timeout", default="30s", show_default=True, metavar="TIME", callback=_flags.duration,
                     help="Maximum time for an answer."),
        click.option("--insecure", is_flag=True, help="Do not verify the certificate of the server."),
        version_option,
        kind_option(SERVINGS),
    )(function)  # fmt: skip


def server(session: "Session", name: str, url: str | None, flags: dict[str, Any]) -> "Server":
    """The server that the flags of `options` mean.

    Raises:
        SpecError: a flag is wrong.
    """
    from arena.actions.serving import servers
    from arena.values import replace

    found = servers.of(url or name)
    if not flags["timeout"]:
        raise SpecError("--timeout: it must be more than 0", "give a time, such as 30s")
    kind = flags["kind"]
    return replace(
        found,
        version=found.version or ("" if found.url else flags["version"]),
        kind=kind.name if kind else "",
        protocol=flags["protocol"],
        model=flags["model"],
        path=flags["path"],
        headers=_headers(flags["headers"], _token(session, flags["token"])),
        timeout=float(flags["timeout"]),
        verify=not flags["insecure"],
        max_tokens=flags["max_tokens"],
    )


def _token(session: "Session", given: str | None) -> str:
    from arena.actions.serving import inputs, tokens

    text = session.environ.get(TOKEN, "") if given is None else given
    if given and given.startswith("@"):
        text = inputs.read(given[1:]).decode("latin-1")
    elif text.startswith(tokens.PREFIX):
        text = tokens.read(session, text)
    return text.strip()


def _headers(given: Sequence[str], token: str) -> tuple[tuple[str, str], ...]:
    found = []
    for one in given:
        name, _, value = one.partition(":")
        found.append((name.strip(), value.strip()))
    return (*found, *([("Authorization", f"Bearer {token}")] if token else []))


def content(text: str | None) -> "str | bytes":
    """What the user gave as an input: JSON or text, `@FILE`, or `-` for standard input.

    Without any, standard input is read, unless it is a terminal.

    Raises:
        SpecError: nothing was given, or the file cannot be read.
    """
    from arena.actions.serving import inputs

    if text is None and sys.stdin.isatty():
        raise SpecError("there is no input", "give JSON, text, @FILE, or - for standard input")
    if text is None or text == "-":
        return sys.stdin.buffer.read()
    return inputs.read(text[1:]) if text.startswith("@") else text
