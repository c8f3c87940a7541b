"""Credentials from a program: the `exec` of a kubeconfig, as for EKS, GKE, AKS and OIDC.

The program shares the standard error of this process, and its standard input if that is a terminal, so that
users see its prompts.
"""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from arena import foreign_json
from arena.errors import NotAllowed, SpecError
from arena.kube import keyfiles
from arena.kube.endpoint import Proof
from arena.kube.kubeconfig import Context
from arena.values import field, frozen, replace

_EXTENSION = "client.authentication.k8s.io/exec"
"""The keys of a kubeconfig's cluster that plug-ins receive."""
_START = threading.Lock()
_SILENT: list["subprocess.Popen[bytes]"] = []
"""The plug-ins that must not disturb: they end when this process does, which waits for none of them."""
_CLUSTER = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")


@frozen
class Granted:
    """The credentials from a plug-in."""

    token: str = field(default="", repr=False)
    certificate: str = ""
    key: str = field(default="", repr=False)
    expires: datetime | None = None

    def has_expired(self) -> bool:
        """Whether they have expired."""
        return self.expires is not None and self.expires <= datetime.now(timezone.utc)


def proof(context: Context, silent: bool = False) -> Proof:
    """The credentials from a context's plug-in, which runs again when its token expires.

    Args:
        silent: whether nobody may be disturbed, as while the shell completes. Then only a plug-in that never
            asks is run (interactiveMode: Never), without a terminal, and not beyond the end of this process.

    The returned headers raise as this function.

    Raises:
        NotAllowed: the plug-in provides nothing.
        SpecError: the kubeconfig is wrong.
    """
    plugin = _Plugin(context, silent)
    granted = plugin.granted()
    if not granted.certificate:
        return Proof(plugin.headers)
    files = (
        keyfiles.written(one.encode(), lambda: plugin.name) for one in (granted.certificate, granted.key)
    )
    return Proof(plugin.headers, *files)


class _Plugin:
    """The plug-in of a context, with its latest credentials."""

    def __init__(self, context: Context, silent: bool) -> None:
        entry = context.user["exec"]
        self._entry: Mapping[str, Any] = entry
        self._cluster = context.cluster
        self._silent = silent
        self.name = f'the credential plug-in "{entry.get("command")}" of context "{context.name}"'
        for key in ("command", "apiVersion"):
            if not entry.get(key):
                text = f'the exec of context "{context.name}" has no {key}'
                raise SpecError(text, "correct the kubeconfig")
        self._lock = threading.Lock()
        self._granted: Granted | None = None

    def headers(self) -> dict[str, str]:
        """The header with a token that has not expired."""
        token = self.granted().token
        return {"Authorization": f"Bearer {token}"} if token else {}

    def granted(self) -> Granted:
        """The credentials; the plug-in runs if it has not yet, or if its token has expired."""
        with self._lock:
            last = self._granted
            # The cluster refuses an expired certificate, and then all credentials are loaded again.
            if last is None or (last.token and last.has_expired()):
                self._granted = last = self._read(self._run())
            return last

    def _run(self) -> bytes:
        mode = self._entry.get("interactiveMode") or "IfAvailable"
        if self._silent and mode != "Never":
            raise NotAllowed(f"{self.name} may ask", "set its interactiveMode to Never if it does not")
        may_ask = mode != "Never" and sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not may_ask:
            raise NotAllowed(f"{self.name} needs a terminal to ask", "run arena in a terminal")
        given = {str(one.get("name")): str(one.get("value") or "") for one in self._entry.get("env") or ()}
        words = [self._entry["command"], *(str(one) for one in self._entry.get("args") or ())]
        try:
            with _START:
                child = subprocess.Popen(
                    words, env={**os.environ, **given, "KUBERNETES_EXEC_INFO": self._info(may_ask)},
                    stdin=None if may_ask else subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL if self._silent else None, start_new_session=self._silent,
                )  # fmt: skip
                if self._silent:
                    _SILENT.append(child)
        except OSError as cause:
            raise self._failure(f"cannot be run: {cause.strerror}", "install it") from cause
        except ValueError as cause:  # args or env that no program can receive
            raise SpecError(f"{self.name} cannot be run: {cause}", keyfiles.CORRECT) from cause
        return self._answer(child)

    def _answer(self, child: "subprocess.Popen[bytes]") -> bytes:
        """What the plug-in prints."""
        with child:
            try:
                answer, _ = child.communicate()
            except BaseException:  # Ctrl-C
                child.kill()
                raise
        if child.returncode:
            raise self._failure(f"failed (exit code {child.returncode})", "log in again")
        return answer

    def _info(self, may_ask: bool) -> str:
        """The information for a plug-in in its environment."""
        spec: dict[str, Any] = {"interactive": may_ask}
        if self._entry.get("provideClusterInfo"):
            spec["cluster"] = _told(self._cluster)
        info = {"apiVersion": self._entry["apiVersion"], "kind": "ExecCredential", "spec": spec}
        return json.dumps(info)

    def _read(self, answer: bytes) -> Granted:
        """Read the output of the plug-in."""
        try:
            said = foreign_json.loads(answer)
            status = said["status"]
            granted = Granted(
                token=str(status.get("token") or ""),
                certificate=str(status.get("clientCertificateData") or ""),
                key=str(status.get("clientKeyData") or ""),
                expires=_moment(status.get("expirationTimestamp")),
            )
        except (ValueError, LookupError, TypeError, AttributeError) as cause:
            raise self._failure("gave no credentials: it did not print an ExecCredential") from cause
        if said.get("apiVersion") != self._entry["apiVersion"]:
            theirs = f"it answers in version {said.get('apiVersion')}, not in {self._entry['apiVersion']}"
            raise self._failure(f"gave no credentials: {theirs}", "correct the kubeconfig")
        if not granted.token and not (granted.certificate and granted.key):
            raise self._failure("gave no credentials: neither a token nor a certificate with its key")
        # If it already seems expired, this machine's clock may be wrong; the cluster will decide.
        return replace(granted, expires=None) if granted.has_expired() else granted

    def _failure(self, why: str, hint: str = "log in again") -> NotAllowed:
        wanted = " ".join(str(self._entry.get("installHint") or "").split())
        return NotAllowed(f"{self.name} {why}", wanted or hint)


@atexit.register
def _end_silent() -> None:
    """End the plug-ins that must not disturb, with all that they started; from now on none starts."""
    _START.acquire()
    for child in _SILENT:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time without its fraction of a second, of which Python 3.10 cannot read all."""
    found = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00")) if text else None
    return found.replace(tzinfo=timezone.utc) if found and not found.tzinfo else found


def _told(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The information about the cluster for a plug-in."""
    told = {key: cluster[key] for key in _CLUSTER if cluster.get(key)}
    if data := cluster.get("certificate-authority-data"):
        told["certificate-authority-data"] = data
    elif path := cluster.get("certificate-authority"):
        told["certificate-authority-data"] = b64encode(keyfiles.content(path)).decode()
    for one in cluster.get("extensions") or ():
        if one.get("name") == _EXTENSION:
            told["config"] = one.get("extension")
    return told
