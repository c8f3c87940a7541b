"""Where a server is: its URL, taken apart and checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from arena.errors import SpecError
from arena.kube import urls
from arena.kube.sockets import ascii_name
from arena.values import field, frozen

if TYPE_CHECKING:
    import ssl

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\uffff]")
_HINT = "write it like http://127.0.0.1:8080"


@frozen
class Address:
    """Where a server is, and what every request to it carries."""

    host: str
    port: int
    netloc: str
    """Host and port as the header `Host` names them."""
    path: str = ""
    """What all paths begin with; "" or it begins with a slash and does not end with one."""
    secure: bool = False
    verify: bool = True
    """Whether the server's certificate is verified."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Headers of every request, such as a token."""

    @property
    def shown(self) -> str:
        """The URL for people; it holds no secret."""
        return f"{'https' if self.secure else 'http'}://{self.netloc}{self.path}"

    def tls(self) -> ssl.SSLContext | None:
        """The settings of TLS; None for plain HTTP."""
        if not self.secure:
            return None
        import ssl

        found = ssl.create_default_context()
        if not self.verify:
            found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
        return found


def path(text: str) -> str:
    """The path of a request, possibly with a query; a slash is added in front.

    Raises:
        SpecError: it has characters that paths cannot hold.
    """
    if _UNSAFE.search(text) or "#" in text:
        raise SpecError(f'"{text}" is not the path of a request', "write it like /predict")
    return "/" + text.lstrip("/")


def parse(url: str) -> Address:
    """Take a URL apart.

    Raises:
        SpecError: it is not an address of an HTTP server, or it holds a password.
    """
    text = url.strip()
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        raise SpecError(f'"{text.rpartition("@")[2]}" is not the URL of an HTTP server', _HINT)
    place, slash, rest_of_path = rest.partition("/")
    if "@" in place:
        raise SpecError("the URL contains a user name", "use --token or --header instead")
    if _UNSAFE.search(slash + rest_of_path) or "?" in rest or "#" in rest:
        raise SpecError(f'"{text}" has a query, a blank or a character that URLs cannot hold', _HINT)
    try:
        parts = urls.address(text)
        netloc = parts.netloc.replace(parts.host, ascii_name(parts.host)) if parts.host else ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as cause:
        raise SpecError(f'"{text}" has an invalid host or port', _HINT) from cause
    if not netloc or _UNSAFE.search(netloc) or port > 65535:
        raise SpecError(f'"{text}" has an invalid host or port', _HINT)
    return Address(
        host=parts.host, port=port, netloc=netloc, path=parts.path.rstrip("/"), secure=parts.scheme == "https"
    )
