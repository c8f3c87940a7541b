"""Decides who may open the pages that pods serve: a user with the link, in a tab that the link opened.

Every program of this machine, including those of other users, can connect to a port of the loopback, and so
can every page in a browser. The link contains a token, which becomes a cookie that pages of other sites can
neither use nor read. DNS rebinding is detected by the header Host, a page of another site by Origin and
Sec-Fetch-Site.
"""

import hmac
import html

from aiohttp import web

PARAMETER = "token"
PROOF = "arena-proof"
"""The parameter of a text that is returned signed with the token, which only a server that knows it can do:
the link is neither shown nor opened while another program holds the port."""

_PAGE = '<!doctype html><meta http-equiv="refresh" content="0; url={0}"><a href="{0}">Go on</a>\n'
_ASIDE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def admit(request: web.BaseRequest, port: int, token: str, key: bytes) -> web.Response | None:
    """Return None if the request may pass, else the answer: a refusal, or the cookie for the link.

    The cookie is derived from the token and a key of the proxy's process: a page that stays open keeps
    sending requests while that is away, and a program that takes the port then gets a cookie that
    opens nothing.
    """
    if not _is_direct(request, port):
        return _refusal(403, "Only pages of this address may request this.")
    if token and PROOF in request.query:
        return web.Response(text=_sealed(f"{port} {request.query[PROOF]}", token.encode()), headers=_ASIDE)
    if _is(request.query.get(PARAMETER, ""), token):
        return _welcome(request, port, _sealed(token, key))
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _is(shown.strip(), token):
        return None
    if token and _is(request.cookies.get(cookie(port), ""), _sealed(token, key)):
        return None
    return _refusal(401, "Open the link with the token; for a TensorBoard, arena tensorboard JOB prints it.")


def cookie(port: int) -> str:
    """The name of the cookie; it contains the port because all ports of a host share cookies."""
    return f"arena-{port}"


def _sealed(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(errors="replace"), "sha256").hexdigest()


def _is(given: str, token: str) -> bool:
    """Whether it is the token; the empty token of a Service that is gone matches nothing."""
    return bool(token) and hmac.compare_digest(given.encode(errors="replace"), token.encode())


def _is_direct(request: web.BaseRequest, port: int) -> bool:
    """Whether the request names this address, and comes from its pages, the user or no browser."""
    host = request.headers.get("Host", "")
    if host not in (f"127.0.0.1:{port}", f"localhost:{port}"):
        return False
    if request.headers.get("Origin", f"http://{host}") != f"http://{host}":
        return False
    opened = (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )
    return _site(request) in ("none", "same-origin") or opened


def _site(request: web.BaseRequest) -> str:
    return request.headers.get("Sec-Fetch-Site", "none")


def _welcome(request: web.BaseRequest, port: int, value: str) -> web.Response:
    """Set the cookie, and redirect to the same page without the token in its address."""
    rest = [(name, value) for name, value in request.query.items() if name != PARAMETER]
    path = "/" + str(request.rel_url.with_query(rest)).lstrip("/")
    target = f"http://{request.headers['Host']}{path}"
    if _site(request) in ("none", "same-origin"):
        answer = web.Response(status=303, headers={"Location": target, **_ASIDE})
    else:  # opened by another site: only a page of our own may take the cookie along
        page = _PAGE.format(html.escape(target))
        answer = web.Response(text=page, content_type="text/html", headers=_ASIDE)
    answer.set_cookie(cookie(port), value, httponly=True, samesite="Strict", path="/")
    return answer


def _refusal(code: int, why: str) -> web.Response:
    return web.Response(status=code, text=f"{why}\n", headers=_ASIDE)
