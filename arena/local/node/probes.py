"""Startup, readiness and liveness probes: what they ask a container, and when their answers count.

gRPC probes only check whether the port accepts a connection.
"""

import http.client
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from arena.local.node.value_sources import HOST
from arena.local.objects import VERSION, Object
from arena.local.runtime import ExecSpec
from arena.tuples import NamedTuple


class Answer(NamedTuple):
    """Whether a probe succeeded, and its output."""

    good: bool
    message: str = ""


@dataclass(frozen=True)
class Target:
    """How to reach a container.

    Attributes:
        port: returns the real loopback port for a declared one.
        exec_spec: returns what runs a command in the container.
    """

    container: Object
    port: Callable[[int], int]
    exec_spec: Callable[[list[str]], ExecSpec]

    def number(self, port: object) -> int:
        """The real port for a declared number or name."""
        for one in self.container.get("ports") or []:
            if one.get("name") == port:
                return self.port(int(one["containerPort"]))
        return self.port(int(str(port)))


def ask(probe: Object, target: Target) -> Answer:
    """Probe once, for up to the probe's timeout."""
    timeout = float(probe.get("timeoutSeconds") or 1)
    try:
        if "exec" in probe:
            return run(target.exec_spec(list(probe["exec"].get("command") or [])), timeout)
        if "httpGet" in probe:
            return _http(probe["httpGet"], target, timeout)
        found = probe.get("tcpSocket") or probe.get("grpc") or {}
        with socket.create_connection((_host(found), target.number(found.get("port"))), timeout):
            return Answer(True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(False, _words(error))


def _words(error: Exception) -> str:
    """The message of an error without its number."""
    return str(getattr(error, "strerror", None) or error)


def _host(source: Object) -> str:
    return str(source.get("host") or HOST)


def _http(get: Object, target: Target, timeout: float) -> Answer:
    host, port = _host(get), target.number(get["port"])
    connection: http.client.HTTPConnection
    if get.get("scheme", "HTTP").upper() == "HTTPS":
        # As the kubelet does: the certificate is the pod's own matter.
        unchecked = ssl.create_default_context()
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=unchecked)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    headers = {one["name"]: one.get("value", "") for one in get.get("httpHeaders") or []}
    try:
        headers = {"User-Agent": f"kube-probe/{VERSION}"} | headers
        connection.request("GET", get.get("path") or "/", headers=headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    return Answer(200 <= status < 400, f"HTTP probe failed with statuscode: {status}")


def run(spec: ExecSpec, timeout: float) -> Answer:
    """Run a program, and kill what outlives the timeout."""
    try:
        process = subprocess.Popen(
            spec.argv,
            env=spec.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Answer(False, _words(error))
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Answer(False, f"command timed out after {timeout:g}s")
    return Answer(process.returncode == 0, output[-1024:].decode("utf-8", "replace").strip())


@dataclass
class Probe:
    """One probe of one run: its schedule and its results so far. Times are seconds of one clock.

    Attributes:
        good: the result, after as many equal answers as the threshold requires.
        failed: whether the failures reached their threshold since the last success.
        streak: the number of consecutive answers equal to `last`.
    """

    spec: Object
    due: float
    good: bool
    failed: bool = False
    asked: "Future[Answer] | None" = None
    last: bool | None = None
    streak: int = 0

    @property
    def period(self) -> float:
        """Seconds between two probes."""
        return float(self.spec.get("periodSeconds") or 10)

    def count(self, answer: bool, now: float) -> None:
        """Count an answer."""
        self.asked = None
        self.due = now + self.period
        self.streak = self.streak + 1 if answer == self.last else 1
        self.last = answer
        if answer and self.streak >= int(self.spec.get("successThreshold") or 1):
            self.good, self.failed = True, False
        if not answer and self.streak >= int(self.spec.get("failureThreshold") or 3):
            self.good, self.failed = False, True


class Probes:
    """All probes of one run of a container."""

    def __init__(self, container: Object, started: float, known: Object | None = None) -> None:
        self._all: dict[str, Probe] = {}
        known = known or {}
        good = {
            "startup": bool(known.get("started")),
            "readiness": bool(known.get("ready")),
            "liveness": True,
        }
        for kind, first in good.items():
            spec = container.get(f"{kind}Probe")
            if spec:
                self._all[kind] = Probe(spec, started + float(spec.get("initialDelaySeconds") or 0), first)

    @property
    def started(self) -> bool:
        """Whether the startup probe, if any, succeeded."""
        probe = self._all.get("startup")
        return probe is None or probe.good

    @property
    def ready(self) -> bool:
        """Whether the container is ready."""
        probe = self._all.get("readiness")
        return self.started and (probe is None or probe.good)

    @property
    def dead(self) -> str:
        """The kind of probe that requires a restart, or ""."""
        return next(
            (kind for kind in ("startup", "liveness") if kind in self._all and self._all[kind].failed), ""
        )

    def turn(self) -> dict[str, Probe]:
        """The active probes: only the startup probe until it has succeeded."""
        wanted = ("readiness", "liveness") if self.started else ("startup",)
        return {kind: self._all[kind] for kind in wanted if kind in self._all}
