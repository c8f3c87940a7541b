"""Credentials from an OpenID Connect service: the `auth-provider: oidc` of a kubeconfig.

An identity token is used until it expires, and then renewed with its refresh token.
"""

import os
import threading
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from arena import foreign_json, operating_system, private
from arena.errors import NotAllowed, SpecError, Unreachable
from arena.kube import connection_errors, faults, keyfiles, proxies, transport
from arena.kube.endpoint import Endpoint, Headers, Proof
from arena.kube.faults import Asked
from arena.kube.kubeconfig import WEB, Context, is_address

_EARLY = 10
"""Seconds before its expiry from which a token is no longer used, since it still has to arrive."""
_DISCOVERY = "/.well-known/openid-configuration"


def proof(context: Context, silent: bool = False) -> Proof:
    """The identity token of a context, renewed when it expires; its headers raise as this function.

    Args:
        silent: whether nothing is renewed: a process that does not wait for the answer would lose a refresh
            token that can be used only once.

    Raises:
        NotAllowed: the login has expired.
        SpecError: the kubeconfig is wrong.
        Unreachable: the service does not answer.
    """
    login = _Login(context, silent)
    login.headers()
    return Proof(login.headers)


class _Login:
    """A user of a service, whose tokens are in a kubeconfig."""

    def __init__(self, context: Context, silent: bool) -> None:
        provider = context.user["auth-provider"]
        if provider.get("name") != "oidc":
            text = f'the auth-provider "{provider.get("name")}" of context "{context.name}" is not supported'
            raise SpecError(text, "use a credential plug-in such as gke-gcloud-auth-plugin or kubelogin")
        # Renewed tokens are also stored here, for the next time that the context is loaded.
        self._config: dict[str, Any] = provider.get("config") or {}
        self._context = context
        self._silent = silent
        self._whose = f'the login of context "{context.name}"'
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """The header with a token that has not expired."""
        with self._lock:
            if _has_expired(self._text("id-token")):
                self._renew()
            return {"Authorization": f"Bearer {self._text('id-token')}"}

    def _text(self, key: str) -> str:
        return str(self._config.get(key) or "")

    def _renew(self) -> None:
        before = self._text("refresh-token")
        if self._silent:
            raise NotAllowed(f"{self._whose} has expired", "log in again")
        if not before:
            raise NotAllowed(f"{self._whose} has expired, and there is no refresh token", "log in again")
        said = self._exchanged(before)
        if not said.get("id_token"):
            text = f"{self._whose} cannot be renewed: the login service returned no identity token"
            raise NotAllowed(text, "log in again with the scope openid")
        fresh = {"id-token": str(said["id_token"]), "refresh-token": str(said.get("refresh_token") or before)}
        self._config.update(fresh)
        try:
            _store(self._context.files, self._context.login, fresh)
        except OSError as cause:
            if fresh["refresh-token"] != before:
                _warn(f"{self._whose} was renewed, but cannot be stored: {cause.strerror}")

    def _exchanged(self, token: str) -> dict[str, Any]:
        """The answer of the service to a refresh token."""
        issuer = self._text("idp-issuer-url").rstrip("/")
        if not is_address(issuer, WEB):
            raise SpecError(f"{self._whose} has no valid idp-issuer-url", "correct the kubeconfig")
        status, found = self._ask("GET", issuer + _DISCOVERY)
        endpoint = str(found.get("token_endpoint") or "")
        if status >= 300 or not is_address(endpoint, ("https", urlsplit(issuer).scheme)):
            place = Endpoint(server=issuer).address  # without a password
            text = f"{self._whose} cannot be renewed: there is no login service at {place}"
            raise Unreachable(f"{text} (status {status})", "correct idp-issuer-url in the kubeconfig")
        form = {"grant_type": "refresh_token", "refresh_token": token}
        names = (self._text("client-id"), self._text("client-secret"))
        pair = b64encode(":".join(quote(one, safe="") for one in names).encode()).decode()
        status, said = self._ask("POST", endpoint, form, [("Authorization", f"Basic {pair}")])
        if status in (400, 401):  # some services identify clients only by the form
            status, said = self._ask(
                "POST", endpoint, {**form, "client_id": names[0], "client_secret": names[1]}
            )
        if status >= 300:
            why = said.get("error_description") or said.get("error") or f"status {status}"
            raise NotAllowed(f"{self._whose} has expired: {why}", "log in again")
        return said

    def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Headers = ()
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of the service, which may not be JSON."""
        address = urlsplit(url)
        proxy, origin = proxies.proxy_for(url)
        server = Endpoint(
            server=f"{address.scheme}://{address.netloc}",
            ca_file=keyfiles.find(self._config, "idp-certificate-authority", self._context),
            proxy=proxy,
            proxy_origin=origin,
        )
        asked = Asked(f'the login service of context "{self._context.name}"', "give a token for")
        body = urlencode(form).encode() if form else None
        sent = [*headers, *([("Content-Type", "application/x-www-form-urlencoded")] if form else [])]
        pool = transport.open_pool(server)
        try:
            target = f"{address.path}?{address.query}" if address.query else address.path
            reply = pool.request(method, target, body, sent, transport.READ)
            data = reply.data
        except faults.BROKEN as cause:
            error = connection_errors.broken(cause, asked, server)
            error.hint = (
                "check the network, and idp-issuer-url and idp-certificate-authority in the kubeconfig"
            )
            raise error from cause
        said: Any = None
        with suppress(ValueError):
            said = foreign_json.loads(data)
        return reply.status, said if isinstance(said, dict) else {}


def _has_expired(token: str) -> bool:
    """Whether there is no token, or one that has expired by its own claims; the cluster judges others."""
    if not token:
        return True
    try:
        claims = token.split(".")[1]
        expires = foreign_json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
        return float(expires) - _EARLY <= time.time()
    except (ValueError, LookupError, TypeError):
        return False


def _store(files: Iterable[Path], login: str, tokens: Mapping[str, str]) -> None:
    """Write new tokens into the user's kubeconfig, because some refresh tokens can be used only once."""
    import yaml

    for path in files:
        real = Path(os.path.realpath(path))
        data = yaml.safe_load(real.read_bytes())
        users = (data or {}).get("users") or ()
        user = next((one["user"] for one in users if str(one["name"]) == login), None)
        if user is None:
            continue
        user["auth-provider"]["config"].update(tokens)
        before = real.stat()
        private.write(real, yaml.safe_dump(data, sort_keys=False))
        real.chmod(before.st_mode)
        operating_system.set_owner(real, before.st_uid, before.st_gid)
        return


def _warn(text: str) -> None:
    import logging

    logging.getLogger("arena").warning("%s", text)
