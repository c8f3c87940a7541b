"""The local cluster's port, asked as clients other than arena do: over TLS with its certificates."""

import json
import ssl
import urllib.request
from pathlib import Path
from typing import Any


def trust(home: Path) -> ssl.SSLContext:
    """What a client of the state folder `home` trusts and shows."""
    pki = home / "pki"
    context = ssl.create_default_context(cafile=pki / "ca.crt")
    context.load_cert_chain(pki / "client.crt", pki / "client.key")
    return context


def url(home: Path) -> str:
    """The address that the kubeconfig of the state folder names."""
    config = json.loads((home / "kubeconfig").read_text("utf-8"))
    return str(config["clusters"][0]["cluster"]["server"])


def ask(home: Path, path: str, body: object = None) -> Any:
    """GET, or POST `body`, and decode the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url(home) + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20, context=trust(home)) as answer:
        return json.load(answer)
