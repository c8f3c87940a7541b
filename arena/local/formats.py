"""Formats of names and other texts: functions that yield what is wrong with a text, in the API's wording.

The rules are those of Kubernetes 1.36 (`k8s.io/apimachinery/pkg/util/validation`).
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

Format = Callable[[str], Iterator[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_DOMAIN = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_KEY = "[-._a-zA-Z0-9]+"
_SYSCTL = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)


def _long(most: int) -> str:
    return f"must be no more than {most} characters"


def _format(pattern: str, rule: str, examples: tuple[str, ...] = (), longest: int = 0) -> Format:
    """A format whose texts match a pattern; its message shows the rule with examples and the pattern."""
    if examples:
        words = ",  or ".join(f"'{one}'" for one in examples)
        rule = f"{rule} (e.g. {words}, regex used for validation is '{pattern}')"

    def wrong(text: str) -> Iterator[str]:
        if longest and len(text) > longest:
            yield _long(longest)
        # Compiled at first use: the server starts without most formats.
        if not re.fullmatch(pattern, text, re.ASCII):
            yield rule

    return wrong


label = _format(
    _LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character",
    ("my-name", "123-abc"),
    63,
)
subdomain = _format(
    _SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character",
    ("example.com",),
    253,
)
dns_1035 = _format(
    _DNS_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character",
    ("my-name", "abc-123"),
    63,
)
label_value = _format(
    f"({_NAME})?",
    f"a valid label must be an empty string or {_NAME_RULE.removeprefix('must ')}",
    ("MyValue", "my_value", "12345"),
    63,
)
env_name = _format(
    r"[ -<>-~]+",
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
)
header = _format(
    "[-A-Za-z0-9]+", "a valid HTTP header must consist of alphanumeric characters or '-'", ("X-Header-Name",)
)
percent = _format(
    "[0-9]+%", "a valid percent string must be a numeric string followed by an ending '%'", ("1%", "93%")
)
sysctl = _format(
    rf"(?=.{{1,253}}$)({_SYSCTL}[\./])*{_SYSCTL}",
    rf"must have at most 253 characters and match regex ^({_SYSCTL}[\./])*{_SYSCTL}$",
)
_search_path = _format(
    rf"{_DOMAIN}(\.{_DOMAIN})*",
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and "
    "must start and end with an alphanumeric character",
    ("example.com",),
    253,
)
_config_key = _format(
    _KEY,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    ("key.name", "KEY_NAME", "key-name"),
    253,
)
_name_part = _format(_NAME, _NAME_RULE, ("MyName", "my.name", "123-abc"), 63)
_QUALIFIED = (
    f"a qualified name {_NAME_RULE} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation "
    f"is '{_NAME}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)


def config_key(text: str) -> Iterator[str]:
    """A key of a ConfigMap or Secret, which becomes the name of a file."""
    yield from _config_key(text)
    if text in (".", ".."):
        yield f"must not be '{text}'"
    elif text.startswith(".."):
        yield "must not start with '..'"


def qualified(text: str) -> Iterator[str]:
    """A name with an optional prefix, such as the key of a label."""
    parts = text.split("/")
    if len(parts) > 2:
        yield _QUALIFIED
        return
    if len(parts) == 2:
        yield from ["prefix part must be non-empty"] if not parts[0] else _prefixed("prefix", subdomain, text)
    name = parts[-1]
    if not name:
        yield "name part must be non-empty"
    yield from (f"name part {why}" for why in _name_part(name))


def _prefixed(part: str, form: Format, text: str) -> Iterator[str]:
    return (f"{part} part {why}" for why in form(text.partition("/")[0]))


def search_path(text: str) -> Iterator[str]:
    """A domain that the resolver appends to names."""
    return iter(()) if text == "." else _search_path(text.removesuffix("."))


def port_name(text: str) -> Iterator[str]:
    """The name of a port, as IANA has them."""
    if len(text) > 15:
        yield _long(15)
    if not re.fullmatch("[-a-z0-9]+", text):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", text):
        yield "must contain at least one letter (a-z)"
    if "--" in text:
        yield "must not contain consecutive hyphens"
    if text.startswith("-") or text.endswith("-"):
        yield "must not begin or end with a hyphen"


def path_segment(text: str) -> Iterator[str]:
    """A name that is a part of a URL and nothing else."""
    if text in (".", ".."):
        yield f"may not be '{text}'"
    yield from (f"may not contain '{one}'" for one in "/%" if one in text)


def ip(text: str) -> Iterator[str]:
    """An address of IPv4 or IPv6."""
    try:
        ip_address(text)
    except ValueError:
        yield "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def inside(text: str) -> Iterator[str]:
    """A path below a folder."""
    if text.startswith("/"):
        yield "must be a relative path"
    yield from no_backsteps(text)


def reachable(text: str) -> Iterator[str]:
    """An address that other nodes can reach, or one of the loopback."""
    wrong = list(ip(text))
    yield from wrong
    address = None if wrong else ip_address(text)
    if address is None:
        return
    is_new = address.version == 6
    if address.is_unspecified:
        yield f"may not be unspecified ({'::' if is_new else '0.0.0.0'})"
    if address.is_link_local:
        yield f"may not be in the link-local range ({'fe80::/10' if is_new else '169.254.0.0/16'})"
    if address in ip_network("ff02::/16" if is_new else "224.0.0.0/24"):
        yield f"may not be in the link-local multicast range ({'ff02::/10' if is_new else '224.0.0.0/24'})"


def public(text: str) -> Iterator[str]:
    """An address that other nodes can reach."""
    yield from reachable(text)
    if not list(ip(text)) and (address := ip_address(text)).is_loopback:
        yield f"may not be in the loopback range ({'::1/128' if address.version == 6 else '127.0.0.0/8'})"


def no_backsteps(text: str) -> Iterator[str]:
    """A path that does not leave its folder."""
    if ".." in text.split("/"):
        yield "must not contain '..'"


def absolute(text: str) -> Iterator[str]:
    """A path from the root."""
    if not text.startswith("/"):
        yield "must be an absolute path"


def trimmed(text: str) -> Iterator[str]:
    """A text without white space around it."""
    if text != text.strip():
        yield "must not have leading or trailing whitespace"
