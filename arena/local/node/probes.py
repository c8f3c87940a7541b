"""Startup, readiness and liveness: what to ask a container, and when its answers count.

gRPC probes ask whether the port accepts a connection, no more.
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
from typing import NamedTuple

from arena.local.node.references import HOST
from arena.local.objects import Object
from arena.local.runtime import Surroundings


class Answer(NamedTuple):
    """Whether a probe went well, and what it said."""

    good: bool
    message: str = ""


@dataclass(frozen=True)
class Target:
    """How to reach a container.

    Attributes:
        port: the loopback port where the container really listens for a declared one.
        surroundings: with what a command runs in the container.
    """

    container: Object
    port: Callable[[int], int]
    surroundings: Callable[[list[str]], Surroundings]

    def number(self, port: object) -> int:
        """The real port for a declared number or name."""
        for one in self.container.get("ports") or []:
            if one.get("name") == port:
                return self.port(int(one["containerPort"]))
        return self.port(int(str(port)))


def ask(probe: Object, target: Target) -> Answer:
    """Ask once; takes up to the probe's timeout."""
    timeout = float(probe.get("timeoutSeconds") or 1)
    try:
        if "exec" in probe:
            return run(target.surroundings(list(probe["exec"].get("command") or [])), timeout)
        if "httpGet" in probe:
            return _http(probe["httpGet"], target, timeout)
        found = probe.get("tcpSocket") or probe.get("grpc") or {}
        with socket.create_connection((_host(found), target.number(found.get("port"))), timeout):
            return Answer(True)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(False, _words(error))


def _words(error: Exception) -> str:
    """What went wrong, without the number that the system gives it."""
    return str(getattr(error, "strerror", None) or error)


def _host(source: Object) -> str:
    return str(source.get("host") or HOST)


def _http(get: Object, target: Target, timeout: float) -> Answer:
    host, port = _host(get), target.number(get["port"])
    connection: http.client.HTTPConnection
    if get.get("scheme", "HTTP").upper() == "HTTPS":
        unchecked = (
            ssl.create_default_context()
        )  # as the kubelet does: the certificate is the pod's own matter
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=unchecked)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    headers = {one["name"]: one["value"] for one in get.get("httpHeaders") or []}
    try:
        connection.request("GET", get.get("path") or "/", headers={"User-Agent": "kube-probe/1.32"} | headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    return Answer(200 <= status < 400, f"HTTP probe failed with statuscode: {status}")


def run(inside: Surroundings, timeout: float) -> Answer:
    """Run a command in a container's surroundings; what outlives the timeout is killed."""
    try:
        process = subprocess.Popen(
            inside.argv,
            env=inside.env,
            cwd=inside.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, IndexError) as error:
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
    """One probe of one run: its rhythm and what came of it so far. Times are seconds of one clock.

    Attributes:
        good: the verdict, after as many equal answers as the thresholds ask for.
        failed: whether the failures reached their threshold since the last success.
        streak: how many answers in a row were like the `last`.
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
        """Seconds from one question to the next."""
        return float(self.spec.get("periodSeconds") or 10)

    def count(self, answer: bool, now: float) -> None:
        """Take an answer."""
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
        """Whether the container may be given work."""
        probe = self._all.get("readiness")
        return self.started and (probe is None or probe.good)

    @property
    def dead(self) -> str:
        """The kind of probe that demands a restart, or ""."""
        return next(
            (kind for kind in ("startup", "liveness") if kind in self._all and self._all[kind].failed), ""
        )

    def turn(self) -> dict[str, Probe]:
        """The probes whose turn it is: startup alone, until it succeeded."""
        wanted = ("readiness", "liveness") if self.started else ("startup",)
        return {kind: self._all[kind] for kind in wanted if kind in self._all}
