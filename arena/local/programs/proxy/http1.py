"""The heads of HTTP/1.1, parsed as strictly as RFC 9112 permits.

What two programs may read differently is refused, since a request could hide in it: bare line feeds, folded
lines, blanks before colons, two lengths, a length beside an encoding, and encodings other than chunked.
"""

import re

from arena.local.programs.proxy.bodies import TEXT, TOKEN, Body, Chunked, Length, Malformed, UntilClose
from arena.tuples import NamedTuple

_REQUEST = re.compile(rb"(" + TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])( " + TEXT + rb")?")
_FIELDS = re.compile(rb"(?:" + TOKEN + rb":" + TEXT + rb"\r\n)*")

_READ = frozenset(b"content-length transfer-encoding connection host".split())
_HOPS = frozenset(b"connection keep-alive proxy-connection te upgrade".split())
"""Fields that concern a single connection."""
_FRAMING = frozenset(b"content-length transfer-encoding host".split())

IDEMPOTENT = frozenset(b"GET HEAD OPTIONS TRACE PUT DELETE".split())


class Fields:
    """The fields of a head.

    Attributes:
        kept: the lines to pass on.
        length: of Content-Length; None without.
        chunked: whether the body is.
        options: the words of Connection, in lower case.
        upgrade: of Upgrade; b"" without.
        hosts: how many Host fields there are.
    """

    __slots__ = ("chunked", "hosts", "kept", "length", "options", "upgrade")

    def __init__(self, lines: list[bytes]) -> None:
        self.kept: list[bytes] = []
        self.length: int | None = None
        self.chunked = False
        self.options: frozenset[bytes] = frozenset()
        self.upgrade = b""
        self.hosts = 0
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name in _READ or name == b"upgrade":
                self._note(name, value.strip(b" \t"))
            if name not in _HOPS:
                self.kept.append(line)
        if self.options - {b"keep-alive", b"close", b"upgrade"}:
            self._drop(self.options)

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            if self.length is not None or not value.isdigit() or len(value) > 18:
                raise Malformed(400, "Content-Length is not one number.")
            self.length = int(value)
        elif name == b"transfer-encoding":
            if self.chunked or value.lower() != b"chunked":
                raise Malformed(501, "The only transfer encoding is chunked.")
            self.chunked = True
        elif name == b"connection":
            self.options |= {word.strip(b" \t") for word in value.lower().split(b",")}
        elif name == b"upgrade":
            self.upgrade = value
        else:
            self.hosts += 1

    def _drop(self, names: frozenset[bytes]) -> None:
        """Drop the fields that concern this connection alone, as its sender says."""
        if names & _FRAMING:
            raise Malformed(400, "Connection names a field that concerns all connections.")
        self.kept = [line for line in self.kept if line.partition(b":")[0].lower() not in names]


class Request(NamedTuple):
    """The head of a request."""

    method: bytes
    target: bytes
    minor: int
    """1 for HTTP/1.1."""
    fields: Fields

    @property
    def is_upgrade(self) -> bool:
        """Whether the client wants to speak another protocol, such as WebSocket."""
        # HTTP/2 after an upgrade is obsolete (RFC 9113, 3.1), and its clients go on with HTTP/1.1.
        upgrade = self.fields.upgrade
        return bool(upgrade) and upgrade.lower() != b"h2c" and b"upgrade" in self.fields.options

    @property
    def keeps(self) -> bool:
        """Whether the client's connection stays open after the answer."""
        return self.minor == 1 and b"close" not in self.fields.options

    def body(self) -> Body:
        """What reads its body."""
        return Chunked() if self.fields.chunked else Length(self.fields.length or 0)

    def head(self) -> bytes:
        """The head as a backend gets it."""
        lines = [b"%s %s HTTP/1.%d" % (self.method, self.target, self.minor), *self.fields.kept]
        if self.is_upgrade:
            lines += [b"Connection: Upgrade", b"Upgrade: " + self.fields.upgrade]
        return b"\r\n".join(lines) + b"\r\n\r\n"


class Answer(NamedTuple):
    """The head of an answer."""

    status: int
    reason: bytes
    minor: int
    fields: Fields

    @property
    def keeps(self) -> bool:
        """Whether the backend's connection stays open after the body."""
        return self.minor == 1 and b"close" not in self.fields.options

    def body(self, method: bytes) -> Body:
        """What reads the body of the answer to a request."""
        if method == b"HEAD" or self.status in (204, 304) or self.status < 200:
            return Length(0)
        if self.fields.chunked:
            return Chunked()
        return UntilClose() if self.fields.length is None else Length(self.fields.length)

    def head(self, keep: bool) -> bytes:
        """The head as the client gets it, and whether its connection stays open."""
        lines = [b"HTTP/1.1 %d%s" % (self.status, self.reason), *self.fields.kept]
        if self.status == 101:
            lines += [b"Connection: Upgrade", b"Upgrade: " + self.fields.upgrade]
        elif not keep:
            lines.append(b"Connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n"


def request(head: bytes) -> Request:
    """Parse the head of a request, without its last empty line.

    Raises:
        Malformed: it is refused.
    """
    first, lines = _split(head)
    found = _REQUEST.fullmatch(first)
    if found is None:
        raise Malformed(400, "The first line is not that of an HTTP/1.1 request.")
    made = Request(found[1], found[2], int(found[3]), Fields(lines))
    _check(made.fields)
    if (made.minor and made.fields.hosts != 1) or made.fields.hosts > 1:
        raise Malformed(400, "A request has one field Host.")
    if made.fields.chunked and not made.minor:
        raise Malformed(400, "HTTP/1.0 has no transfer encodings.")
    if made.method == b"CONNECT":
        raise Malformed(501, "This is no proxy for other servers.")
    return made


def answer(head: bytes) -> Answer:
    """Parse the head of an answer, without its last empty line.

    Raises:
        Malformed: it is refused.
    """
    first, lines = _split(head)
    found = _STATUS.fullmatch(first)
    if found is None:
        raise Malformed(502, "the status line is not that of HTTP/1.1")
    made = Answer(int(found[2]), found[3] or b" ", int(found[1]), Fields(lines))
    _check(made.fields)
    return made


def _split(head: bytes) -> tuple[bytes, list[bytes]]:
    first, _, rest = head.partition(b"\r\n")
    if not _FIELDS.fullmatch(rest + b"\r\n" if rest else b""):
        raise Malformed(400, "A line of the head is not a field of HTTP/1.1.")
    return first, rest.split(b"\r\n") if rest else []


def _check(fields: Fields) -> None:
    if fields.chunked and fields.length is not None:
        raise Malformed(400, "A message has either a length or a transfer encoding.")
