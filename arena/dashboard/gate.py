"""Who may ask the server of the page.

Every local user can connect to a loopback port, and every web page can make a browser send requests to it. So
what the page reads needs the token of this run in a header, which no other site can send, and no request may
come under a foreign name, as those of DNS rebinding do. The token is not in a cookie, since browsers send the
cookies of 127.0.0.1 to the servers of all ports, also to those of other users.
"""

import hmac
import re
import secrets
from collections.abc import Mapping

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_SAME = ("same-origin", "none")


def token() -> str:
    """A new token, which nobody can guess."""
    return secrets.token_urlsafe(32)


def misplaced(headers: Mapping[str, str]) -> str:
    """Why a request is not for this server; "" if it is.

    The port is not compared: it differs if an SSH tunnel leads here.
    """
    host = headers.get("Host") or ""
    if not _HOST.fullmatch(host):
        return "this server answers to 127.0.0.1 and localhost only"
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return "another site sent this request"
    return ""


def refusal(headers: Mapping[str, str], expected: str) -> str:
    """Why what the page reads is refused; "" if it is not."""
    if headers.get("Sec-Fetch-Site", "none") not in _SAME:
        return "another site sent this request"
    scheme, _, given = (headers.get("Authorization") or "").partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        return "the token is missing or wrong; open the link that arena dashboard printed"
    return ""
