"""What `--debug` shows: arena's own requests, and no credential in any form that a kubeconfig has."""

import json
import os
import subprocess
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml
from product import program
from servers import Stage, refuses, says

SECRET = "pl4nted-s3cret"


def jwt(claims: dict) -> str:
    """A token whose signature is the secret."""
    parts = (urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({}, claims))
    return ".".join([*parts, SECRET])


def plugin(path: Path) -> str:
    """A plug-in that gives the secret as a token."""
    granted = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    program(path, f"print({json.dumps(granted | {'status': {'token': SECRET}})!r})\n")
    return str(path)


def oidc(stage: Stage, **more: str) -> dict:
    config = {"idp-issuer-url": stage.url, "client-id": "arena", "client-secret": f"{SECRET}-client"}
    config |= {"refresh-token": f"{SECRET}-refresh", "id-token": jwt({"exp": time.time() + 3600})}
    return {"auth-provider": {"name": "oidc", "config": config | more}}


FORMS = {
    "token": lambda stage, folder: {"token": SECRET},
    "token file": lambda stage, folder: {"tokenFile": "token"},
    "password": lambda stage, folder: {"username": "me", "password": SECRET},
    "client key": lambda stage, folder: {
        "client-certificate-data": b64encode(b"certificate").decode(),
        "client-key-data": b64encode(SECRET.encode()).decode(),
    },
    "plug-in": lambda stage, folder: {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": plugin(folder / "login"),
            "args": [SECRET],
            "env": [{"name": "PASSWORD", "value": SECRET}],
            "interactiveMode": "Never",
        }
    },
    "OIDC": lambda stage, folder: oidc(stage),
    "OIDC, expired": lambda stage, folder: oidc(stage, **{"id-token": jwt({"exp": 1})}),
    "proxy": lambda stage, folder: {},
}


@pytest.mark.parametrize("form", FORMS)
def test_debug_shows_requests_and_no_credential(stage, tmp_path, form):
    """--debug logs each request of arena itself; a credential, as it is or encoded, is never shown."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "openid-configuration" in handler.path:
            say = says(200, {"token_endpoint": f"{stage.url}/token"})
        elif handler.path == "/token":
            fresh = {"access_token": SECRET, "token_type": "Bearer", "refresh_token": SECRET}
            say = says(200, fresh | {"id_token": jwt({"exp": time.time() + 3600})})
        else:
            say = refuses(403, "Forbidden", "not for you")
        say(handler)

    stage.answers = [answer]
    (tmp_path / "token").write_text(SECRET)
    cluster = {"server": stage.url}
    if form == "proxy":
        proxy = f"http://me:{SECRET}@127.0.0.1:{stage.port}"
        cluster = {"server": "http://cluster.test:8080", "proxy-url": proxy}
    config = {
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": FORMS[form](stage, tmp_path)}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "arena", "--debug", "--kubeconfig", "config", "list"], cwd=tmp_path, env=env,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    shown = done.stdout + done.stderr
    assert "DEBUG arena.kube: GET /apis: 403" in shown, shown
    assert form != "OIDC, expired" or any(path == "/token" for _, path, _, _ in stage.requests)
    hidden = [SECRET, b64encode(SECRET.encode()).decode(), b64encode(f"me:{SECRET}".encode()).decode()]
    assert not [one for one in hidden if one in shown], shown
