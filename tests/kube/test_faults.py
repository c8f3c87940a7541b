"""Every status and broken connection becomes one of our errors, in the server's words."""

import json
import socket
import ssl

import pytest
from urllib3 import exceptions as http

from arena.errors import ArenaError as Other
from arena.errors import Conflict, MissingOperator, NotAllowed, NotFound, SpecError, TimedOut, Unreachable
from arena.kube import connection_errors, faults, sockets
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.resources import NAMESPACES, PODS, Resource

TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob")
SERVER = Endpoint(server="https://10.0.0.1:6443/clusters/c-1")
ASKED = Asked('cluster "prod"', "create", PODS, "team-a", "bert-0")
QUOTA = 'pods "bert-0" is forbidden: exceeded quota: gpus, requested: pods=1, used: 6, limited: 6'


def status(reason: str, message: str, causes: list | None = None, **details) -> bytes:
    return json.dumps({
        "kind": "Status", "reason": reason, "message": message,
        "details": {**details, "causes": causes or []},
    }).encode()  # fmt: skip


CAUSES = [
    {"reason": "FieldValueInvalid", "field": "spec.a", "message": 'Invalid value: "x": must be a number'},
    {"reason": "FieldValueRequired", "field": "spec.b", "message": "Required value"},
]
LONG = [
    {"reason": "FieldValueTooLong", "field": "metadata.annotations",
     "message": "Too long: may not be more than 262144 bytes"},
]  # fmt: skip
ENDING = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]

CASES = [
    (400, status("BadRequest", 'strict decoding error: unknown field "spec.fu"'), SpecError,
     'unknown field "spec.fu"'),
    (401, status("Unauthorized", "Unauthorized"), faults.NotAuthenticated,
     "does not accept your credentials"),
    (403, status("Forbidden", 'pods is forbidden: User "a" cannot create resource "pods"'), NotAllowed,
     'you may not create pod "bert-0" in namespace "team-a" (User "a" cannot create resource "pods")'),
    (403, status("Forbidden", QUOTA), NotAllowed,
     'the quota in namespace "team-a" leaves no room for pod "bert-0": exceeded quota: gpus, requested'),
    (403, status("Forbidden", 'admission webhook "w" denied the request: no latest tags'), NotAllowed,
     "no latest tags"),
    (403, status("Forbidden", 'admission webhook "w" denied the request: containers cannot run as root'),
     NotAllowed, 'refuses to create pod "bert-0" in namespace "team-a": admission webhook "w" denied'),
    (403, status("Forbidden", 'pods is forbidden: User "system:anonymous" cannot create resource "pods"'),
     NotAllowed, "received no credentials from you"),
    (400, status("BadRequest", 'admission webhook "w" does not support dry run'), faults.NoTrial,
     'cannot try to create pod "bert-0": admission webhook "w" does not support dry run'),
    (422, status("Invalid", "is invalid", LONG), SpecError,
     'the command and the options of pod "bert-0" are longer than cluster "prod" stores'),
    (403, status("Forbidden", "being terminated", ENDING), Conflict, 'namespace "team-a" is being deleted'),
    (403, b"<html>Blocked by the proxy</html>", NotAllowed,
     'you may not create pod "bert-0" in namespace "team-a"'),
    (404, status("NotFound", 'pods "bert-0" not found', name="bert-0", kind="pods"), NotFound,
     'no pod "bert-0" in namespace "team-a"'),
    (404, status("NotFound", "not found", name="team-a", kind="namespaces"), NotFound,
     'no namespace "team-a" on cluster "prod"'),
    (405, status("MethodNotAllowed", "not here"), Other, "refuses to create"),
    (409, status("AlreadyExists", "exists"), faults.Taken,
     'pod "bert-0" exists already in namespace "team-a"'),
    (409, status("Conflict", "the object has been modified"), Conflict, "changed meanwhile"),
    (410, status("Expired", "too old"), Conflict, "changed too much"),
    (413, status("RequestEntityTooLarge", "limit is 3145728"), SpecError, "larger than the cluster accepts"),
    (415, status("UnsupportedMediaType", "send JSON"), Other, "send JSON"),
    (422, status("Invalid", "is invalid", CAUSES), SpecError,
     'spec.a: Invalid value: "x": must be a number; spec.b: Required value'),
    (422, status("Invalid", "is invalid: metadata.name too long"), SpecError, "metadata.name too long"),
    (429, status("TooManyRequests", "slow down"), Unreachable, "overloaded"),
    (500, status("InternalError", "boom"), Unreachable, "has an internal error (status 500): boom"),
    (502, b"<html>Bad Gateway</html>", Unreachable, "has an internal error (status 502)"),
    (503, b"no healthy upstream", Unreachable, "no healthy upstream"),
    (504, status("Timeout", "request did not complete"), TimedOut, "took too long to create"),
    (507, status("InsufficientStorage", "the disk is full"), Other, "the disk is full"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "body", "error", "text"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_a_status_becomes_an_error(code, body, error, text):
    """Status and body decide the error; its text says what and where and keeps the server's words."""
    made = faults.refusal(code, body, ASKED)
    assert type(made) in (error, faults.Expired)
    assert isinstance(made, error)
    assert text in made.message
    assert not made.message.endswith(".")
    assert "\n" not in made.message + made.hint
    assert "html" not in made.message


@pytest.mark.parametrize(
    "body", [b"404 page not found\n", status("NotFound", "the server could not find the requested resource")]
)
@pytest.mark.parametrize("name", [None, "bert"])
def test_a_missing_type_is_a_missing_operator(body, name):
    """A 404 that names no object means that the type is not served."""
    made = faults.refusal(404, body, Asked('cluster "prod"', "list", TFJOBS, "team-a", name))
    assert isinstance(made, MissingOperator)
    assert made.message == 'cluster "prod" has no TFJob'
    assert "training operator" in made.hint


def test_the_named_namespace_itself_may_be_missing():
    """Reading a namespace that is not there is a plain NotFound."""
    body = status("NotFound", 'namespaces "x" not found', name="x", kind="namespaces")
    made = faults.refusal(404, body, Asked("c", "read", NAMESPACES, None, "x"))
    assert made.message == 'no namespace "x"'


def chained(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


CONNECTION = None
REFUSED = chained(http.NewConnectionError(CONNECTION, "m"), ConnectionRefusedError(111, "Connection refused"))
NO_NAME = chained(http.NewConnectionError(CONNECTION, "m"), socket.gaierror(-2, "Name or service not known"))
NO_ROUTE = chained(http.NewConnectionError(CONNECTION, "m"), OSError(113, "No route to host"))

BREAKS = [
    (REFUSED, Unreachable, "does not answer at 10.0.0.1:6443: connection refused"),
    (NO_ROUTE, Unreachable, "does not answer at 10.0.0.1:6443: no route to host"),
    (NO_NAME, Unreachable, "the name 10.0.0.1 does not resolve"),
    (
        chained(sockets.NewConnectionError(), ConnectionRefusedError(111, "Connection refused")),
        Unreachable,
        "does not answer at 10.0.0.1:6443: connection refused",
    ),
    (sockets.ConnectTimeoutError(), TimedOut, "does not answer at 10.0.0.1:6443"),
    (http.ConnectTimeoutError(), TimedOut, "does not answer at 10.0.0.1:6443"),
    (http.ReadTimeoutError(None, "", "Read timed out."), TimedOut, "took too long to create"),
    (TimeoutError("timed out"), TimedOut, "took too long to create"),
    (
        http.SSLError(ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] x")),
        Unreachable,
        "cannot agree on TLS",
    ),
    (
        http.ProxyError("m", OSError("Tunnel connection failed: 407")),
        Unreachable,
        "does not let requests through to 10.0.0.1: 407",
    ),
    (
        http.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")),
        Unreachable,
        "broke while asked to create",
    ),
    (http.DecodeError("bad gzip"), Unreachable, "broke while asked to create"),
    (BrokenPipeError(32, "Broken pipe"), Unreachable, "broke while asked to create"),
]


@pytest.mark.parametrize(("cause", "error", "text"), BREAKS, ids=[type(one[0]).__name__ for one in BREAKS])
def test_a_broken_connection_becomes_an_error(cause, error, text):
    """Failures below HTTP are distinguished, with a hint, and without names of libraries."""
    made = connection_errors.broken(cause, ASKED, SERVER)
    assert type(made) is error
    assert text in made.message
    assert made.hint
    assert not any(word in made.message.lower() for word in ("urllib", "pool", "object at", "errno", "none"))
