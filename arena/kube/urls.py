"""Addresses of servers, and the paths and queries of requests.

This is what requests need of `urllib.parse`, whose import takes as long as several requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from arena.errors import NotFound
from arena.resources import Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube.faults import Asked

_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")
"""The characters that are never encoded, by RFC 3986."""
_SEGMENT = r"(?!\.{1,2}\Z)[^/%\x00-\x1f\x7f\ud800-\udfff]+"
"""One step of a path."""


class Address(NamedTuple):
    """The parts of an address of a server."""

    scheme: str
    host: str
    """The name in small letters, or the IP address without brackets."""
    port: int | None
    """None for that of the scheme."""
    netloc: str
    """Host and port as they are written."""
    path: str


@lru_cache(maxsize=16)
def address(url: str) -> Address:
    """Take an address apart; `kubeconfig.is_address` has checked it, or arena has made it.

    Raises:
        ValueError: the port is not a number.
    """
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("#")[0].partition("?")[0].partition("/")
    netloc = place.rpartition("@")[2]
    _, bracket, bare = netloc.partition("[")
    name, _, end = bare.partition("]") if bracket else netloc.partition(":")
    host, percent, zone = name.partition("%")  # of an IPv6 address
    port = end.removeprefix(":")
    return Address(
        scheme.lower(), host.lower() + percent + zone, int(port) if port else None, netloc, slash + path
    )


def quoted(text: str, safe: str = "") -> str:
    """The text, percent-encoded as UTF-8 except for letters, digits, `_.-~` and `safe`.

    Raises:
        UnicodeEncodeError: it is not Unicode.
    """
    kept = _KEPT.union(safe.encode())
    return "".join([chr(one) if one in kept else f"%{one:02X}" for one in text.encode()])


def query(parameters: Iterable[tuple[str, Any]]) -> str:
    """The query with these parameters, as a form has them; a list or tuple gives one for each item.

    Raises:
        UnicodeEncodeError: a parameter is not Unicode.
    """
    return "&".join(
        f"{_word(name)}={_word(str(one))}"
        for name, value in parameters
        for one in (value if isinstance(value, list | tuple) else (value,))
    )


def _word(text: str) -> str:
    return quoted(text, " ").replace(" ", "+")


def path_of(resource: Resource, asked: Asked) -> str:
    """The path of one object; raises NotFound for a name that would lead to another one or to all."""
    for name in (asked.name or "", asked.namespace or "default"):
        if not re.fullmatch(_SEGMENT, name):
            raise NotFound(f'"{name}" is not a possible name', "check the name")
    return resource.path(asked.namespace, asked.name)
