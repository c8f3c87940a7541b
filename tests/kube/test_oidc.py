"""Logins at an OpenID Connect service: when they are renewed, what is stored, and what goes wrong."""

import json
import os
import socket
import time
from base64 import b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml
from servers import Answer, Stage, says

from arena.errors import ArenaError, NotAllowed, SpecError, Unreachable
from arena.kube import credentials, kubeconfig
from arena.kube.endpoint import Endpoint

ENDED = "e30.eyJleHAiOjF9.x"
"""A token that has expired long ago."""


def lasting(name: str) -> str:
    """A token that is good for an hour."""
    claims = urlsafe_b64encode(json.dumps({"exp": time.time() + 3600}).encode()).decode().rstrip("=")
    return f"e30.{claims}.{name}"


def write(path: Path, name: str = "oidc", **login: str) -> Path:
    user = {
        "auth-provider": {"name": name, "config": {key.replace("_", "-"): one for key, one in login.items()}}
    }
    data = {
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(data))
    return path


def stored(path: Path) -> dict:
    return yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]


def load(*paths: Path) -> Endpoint:
    return credentials.load(kubeconfig.read(paths))


def service(stage: Stage, exchange: Answer, **discovery: str) -> dict[str, str]:
    """What a kubeconfig says of a service that answers the exchange of a token so."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        known = says(200, {"token_endpoint": f"{stage.url}/token?p=1"} | discovery)
        (known if "/.well-known/" in handler.path else exchange)(handler)

    stage.answers = [answer]
    return {
        "idp_issuer_url": f"{stage.url}/realm/", "client_id": "arena", "client_secret": "a b",
        "id_token": ENDED, "refresh_token": "once",
    }  # fmt: skip


def forms(stage: Stage) -> list[dict[str, list[str]]]:
    """What was sent to exchange tokens."""
    return [parse_qs(body.decode()) for method, _, _, body in stage.requests if method == "POST"]


def test_a_token_is_used_until_it_expires(stage, tmp_path):
    """A token that is still good is used without asking the service."""
    token = lasting("a")
    login = service(stage, says(500, "")) | {"id_token": token}
    assert load(write(tmp_path / "config", **login)).headers() == {"Authorization": f"Bearer {token}"}
    assert stage.requests == []


def test_an_expired_token_is_renewed_once_and_stored(stage, tmp_path):
    """A refresh token is exchanged once for all requests; the new tokens replace the old ones in the file."""
    fresh = lasting("b")
    login = service(stage, says(200, {"id_token": fresh, "refresh_token": "next"}))
    real = write(tmp_path / "real", **login)
    real.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(real)
    found = load(tmp_path / "missing", link)
    with ThreadPoolExecutor(16) as pool:
        asked = list(pool.map(lambda _: found.headers(), range(16)))
    assert asked == [{"Authorization": f"Bearer {fresh}"}] * 16
    assert forms(stage) == [{"grant_type": ["refresh_token"], "refresh_token": ["once"]}]
    assert [path for _, path, _, _ in stage.requests] == [
        "/realm/.well-known/openid-configuration",
        "/token?p=1",
    ]
    sent = stage.requests[1][2]["Authorization"].removeprefix("Basic ")
    assert b64decode(sent) == b"arena:a%20b"
    assert (stored(real)["id-token"], stored(real)["refresh-token"]) == (fresh, "next")
    assert (link.is_symlink(), real.stat().st_mode & 0o777) == (True, 0o640)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "real"]
    assert load(link).headers() == asked[0]
    assert len(stage.requests) == 2


def test_completion_renews_nothing(stage, tmp_path):
    """While the shell completes, nothing is renewed: TAB could give up before the new token is stored."""
    path = write(tmp_path / "config", **service(stage, says(200, {"id_token": lasting("b")})))
    with pytest.raises(NotAllowed, match="has expired"):
        credentials.load(kubeconfig.read([path]), silent=True)
    assert (stage.requests, stored(path)["refresh-token"]) == ([], "once")


def test_a_renewed_token_is_loaded_again(stage, tmp_path):
    """Credentials that are loaded again in the same process are the renewed ones."""
    context = kubeconfig.read(
        [write(tmp_path / "config", **service(stage, says(200, {"id_token": lasting("b")})))]
    )
    assert credentials.load(context).headers() == credentials.load(context).headers()
    assert len(forms(stage)) == 1
    assert stored(tmp_path / "config")["refresh-token"] == "once"


def test_a_renewed_login_still_belongs_to_its_user(stage, tmp_path):
    """Root, such as with sudo -E, renews a user's login, and the file remains that of the user."""
    path = write(tmp_path / "config", **service(stage, says(200, {"id_token": lasting("b")})))
    with suppress(PermissionError):
        os.chown(path, 1234, 1235)
    before = path.stat()
    load(path)
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert stored(path)["id-token"] != ENDED


def test_a_renewed_login_is_stored_on_windows(stage, tmp_path, monkeypatch):
    """The new tokens are stored where the system knows neither owners nor links as Unix does."""
    for name in ("O_NOFOLLOW", "fchmod", "chown"):
        monkeypatch.delattr(os, name)
    answer = says(200, {"id_token": lasting("b"), "refresh_token": "next"})
    path = write(tmp_path / "config", **service(stage, answer))
    load(path)
    assert stored(path)["refresh-token"] == "next"


def test_a_client_that_is_known_by_the_form(stage, tmp_path):
    """A service that takes the client's name and secret in the form only is asked again so."""
    answers = iter([says(401, {"error": "invalid_client"}), says(200, {"id_token": lasting("b")})])
    login = service(stage, lambda handler: next(answers)(handler))
    load(write(tmp_path / "config", **login))
    client = {"client_id": ["arena"], "client_secret": ["a b"]}
    assert forms(stage)[1] == {"grant_type": ["refresh_token"], "refresh_token": ["once"], **client}


@pytest.mark.parametrize(("answer", "message"), [
    (says(400, {"error": "invalid_grant", "error_description": "Token is not active"}),
     "has expired: Token is not active"),
    (says(400, {"error": "invalid_grant"}), "has expired: invalid_grant"),
    (says(403, "<html>"), "has expired: status 403"),
    (says(403, "[" * 100_000), "has expired: status 403"),
    (says(200, {"access_token": "a"}), "the login service returned no identity token"),
])  # fmt: skip
def test_a_refresh_token_that_has_expired(stage, tmp_path, answer, message):
    """If the service gives no new token, one sentence says so in its words, and to log in again."""
    path = write(tmp_path / "config", **service(stage, answer))
    before = path.read_text()
    with pytest.raises(NotAllowed, match=f'^the login of context "prod" .*{message}$') as caught:
        load(path)
    assert "log in again" in caught.value.hint
    assert path.read_text() == before


def test_a_service_that_does_not_answer(stage, tmp_path):
    """A service that cannot be reached is named with its address, and what to check."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        issuer = f"http://127.0.0.1:{taken.getsockname()[1]}"
    login = service(stage, says(500, "")) | {"idp_issuer_url": issuer}
    said = f'^the login service of context "prod" does not answer at {issuer[7:]}: connection refused$'
    with pytest.raises(Unreachable, match=said) as caught:
        load(write(tmp_path / "config", **login))
    assert "idp-issuer-url" in caught.value.hint


@pytest.mark.parametrize(("login", "message", "error"), [
    ({"idp_issuer_url": ""}, "has no valid idp-issuer-url", SpecError),
    ({"idp_issuer_url": "https://"}, "has no valid idp-issuer-url", SpecError),
    ({"idp_issuer_url": "https://[::1"}, "has no valid idp-issuer-url", SpecError),
    ({"refresh_token": ""}, "has expired, and there is no refresh token", NotAllowed),
    ({"name": "gcp"}, 'the auth-provider "gcp" of context "prod" is not supported', SpecError),
    ({"idp_certificate_authority": "/none"}, "the file /none does not exist", SpecError),
])  # fmt: skip
def test_a_login_that_is_not_set_up(stage, tmp_path, login, message, error):
    """What the kubeconfig lacks to renew a login is named, and nothing is sent."""
    path = write(tmp_path / "config", **service(stage, says(500, "")) | login)
    with pytest.raises(ArenaError, match=message) as caught:
        load(path)
    assert isinstance(caught.value, error)
    assert stage.requests == []


@pytest.mark.parametrize("endpoint", ["", "ftp://127.0.0.1", 3, "http://", "http://[::1", "http://a:99999/"])
def test_an_address_that_is_no_service(stage, tmp_path, endpoint):
    """A service without a token endpoint is not a login service; a password in its address is not shown."""
    login = service(stage, says(500, ""), token_endpoint=endpoint)
    login["idp_issuer_url"] = login["idp_issuer_url"].replace("//", "//me:s3cret@", 1)
    path = write(tmp_path / "config", **login)
    with pytest.raises(Unreachable, match=r"there is no login service at 127\.0\.0\.1:\d+ \(status 200\)"):
        load(path)
