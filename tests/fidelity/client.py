"""The smallest client of an API server, which keeps its connection."""

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from fidelity.asks import AGAIN, Ask

AGENT = "fidelity"
"""The name of the manager of fields whose requests name none."""


class Answer(NamedTuple):
    """What a server said."""

    code: int
    warnings: list[str]
    body: Any


class Client:
    """A connection to one server."""

    def __init__(self, url: str, token: str = "", authority: str = "") -> None:
        self.url, self._token, self._authority = url, token, authority
        self._trust = ssl.create_default_context(cadata=authority) if authority else None
        self._open: http.client.HTTPConnection | None = None

    @classmethod
    def of(cls, kubeconfig: Path) -> "Client":
        """The server of a kubeconfig with a token."""
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(cluster["server"], user["token"], authority)

    def kubeconfig(self, namespace: str) -> dict[str, Any]:
        """What other clients need for the same server."""
        cluster = {"server": self.url}
        if self._authority:
            cluster["certificate-authority-data"] = base64.b64encode(self._authority.encode()).decode()
        context = {"cluster": "a", "user": "a", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "a", "cluster": cluster}],
            "users": [{"name": "a", "user": {"token": self._token} if self._token else {}}],
            "contexts": [{"name": "a", "context": context}],
            "current-context": "a",
        }

    def ask(self, ask: Ask) -> Answer:
        """The answer to a request, whatever its status; a watch is read to its end."""
        headers = {"Content-Type": ask.form, "Accept": ask.accept, "User-Agent": f"{AGENT}/1"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        whole = isinstance(ask.body, (bytes, type(None)))
        data = ask.body if whole else json.dumps(ask.body).replace(f'"{AGAIN}', '"').encode()
        connection = self._connection()
        try:
            connection.request(ask.method, ask.path, data, headers)
            response = connection.getresponse()
            text = response.read()
        except (http.client.HTTPException, OSError):
            self.close()
            raise
        warnings = [one.split('"', 1)[1][:-1] for one in response.headers.get_all("Warning", ())]
        return Answer(response.status, warnings, _read(text))

    def _connection(self) -> http.client.HTTPConnection:
        if self._open is None:
            parts = urlsplit(self.url)
            if self._trust:
                self._open = http.client.HTTPSConnection(str(parts.netloc), timeout=60, context=self._trust)
            else:
                self._open = http.client.HTTPConnection(str(parts.netloc), timeout=60)
        return self._open

    def close(self) -> None:
        """Hang up."""
        if self._open:
            self._open.close()
        self._open = None


def _read(text: bytes) -> Any:
    """JSON, or JSON lines, or text."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return text.decode(errors="replace")
