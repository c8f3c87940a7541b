"""One request: retries, timeouts, credentials, proxies, and what broken servers lead to."""

import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest
from servers import ASKED, Stage, hangs_up, read, refuses, says, transport

from arena.errors import NotAllowed, NotFound, TimedOut, Unreachable
from arena.kube import transport as room
from arena.kube.endpoint import Endpoint
from arena.kube.transport import Request, Transport

OK = says(200, {"kind": "PodList", "items": []})
BUSY = refuses(503, "ServiceUnavailable", "etcd has no leader")


def write(method: str = "POST") -> Request:
    return Request(ASKED._replace(verb="create"), method, "/api/v1/pods", body={"kind": "Pod"})


@pytest.mark.parametrize(
    "trouble", [BUSY, hangs_up, refuses(500, "InternalError", "no"), refuses(429, "TooManyRequests", "no")]
)
def test_a_read_is_tried_again(stage, trouble):
    """A read survives a few 5xx, 429 and broken connections."""
    stage.answers = [trouble, trouble, OK]
    assert transport(stage.url).json(read())["kind"] == "PodList"
    assert len(stage.requests) == 3


def test_a_read_is_not_tried_for_ever(stage):
    """After a few attempts the server's words are the error's."""
    stage.answers = [BUSY]
    with pytest.raises(Unreachable, match="etcd has no leader"):
        transport(stage.url).json(read())
    assert len(stage.requests) == 4


def test_the_server_says_how_long_to_wait(stage):
    """Retry-After is waited for."""
    stage.answers = [says(429, {"message": "slow down"}, Retry_After="1"), OK]
    start = time.monotonic()
    transport(stage.url).json(read())
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize("trouble", [BUSY, hangs_up])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_is_sent_once(stage, trouble, method):
    """Nothing is written twice: a write that fails is an error at once."""
    stage.answers = [trouble, OK]
    with pytest.raises(Unreachable):
        transport(stage.url).json(write(method))
    assert len(stage.requests) == 1


def test_a_write_without_an_answer_may_have_been_done(stage):
    """Where a write's connection breaks the hint says to look first."""
    stage.answers = [hangs_up]
    with pytest.raises(Unreachable, match=r"broke while it was to create") as caught:
        transport(stage.url).json(write())
    assert "look before you try again" in caught.value.hint


def test_a_silent_server_times_out(stage, monkeypatch):
    """A server that accepts and never answers is given up, and not asked again."""
    monkeypatch.setattr(room, "READ", 0.2)
    end = threading.Event()
    stage.answers = [lambda handler: end.wait(10) and None]
    with pytest.raises(TimedOut, match=r'^cluster "test" took too long to list pods'):
        transport(stage.url).json(read())
    end.set()
    assert len(stage.requests) == 1


def test_nobody_listens():
    """A refused connection names the cluster, the host and the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = rf'^cluster "test" does not answer at 127\.0\.0\.1:{port}: connection refused$'
    with pytest.raises(Unreachable, match=said):
        transport(f"http://127.0.0.1:{port}").json(read())


def test_an_unknown_name_is_said_so():
    """A host name that does not resolve is not retried and is named."""
    with pytest.raises(Unreachable, match=r"the name nowhere\.invalid is not known here"):
        transport("http://nowhere.invalid").json(read())


@pytest.mark.parametrize(
    "body", ["<html>Please log in</html>", b"\xff\xfe\x00", "[1, 2]", '{"kind": "Pod', ""]
)
def test_garbage_is_no_answer(stage, body):
    """A body that is no JSON object is an error that suspects the address or a proxy."""
    stage.answers = [says(200, body)]
    with pytest.raises(Unreachable, match="not the cluster's API") as caught:
        transport(stage.url).json(read())
    assert "prox" in caught.value.hint


def test_a_body_cut_short_is_read_again(stage):
    """A read whose body breaks off is tried again."""

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"kind":')
        handler.close_connection = True

    stage.answers = [cut, OK]
    assert transport(stage.url).json(read())["kind"] == "PodList"


def test_redirects_are_not_followed(stage):
    """Credentials never travel to an address that only the server named."""
    stage.answers = [says(302, "", Location="http://127.0.0.1:1/")]
    with pytest.raises(Unreachable, match="redirects elsewhere"):
        transport(stage.url, headers=lambda: {"Authorization": "Bearer secret"}).json(read())
    assert len(stage.requests) == 1


def test_credentials_are_renewed_once(stage):
    """A 401 makes the credentials be loaded again, and even a write is sent again with the new ones."""
    tokens = iter(["old", "new", "newer"])

    def load() -> Endpoint:
        token = next(tokens)
        return Endpoint(server=stage.url, headers=lambda: {"Authorization": f"Bearer {token}"})

    stage.answers = [refuses(401, "Unauthorized", "Unauthorized"), OK]
    assert Transport(load).json(write())
    assert [headers["Authorization"] for _, _, headers, _ in stage.requests] == ["Bearer old", "Bearer new"]


def test_credentials_that_stay_bad_are_refused(stage):
    """Where renewing gives the same credentials the error says to log in, and no secret is in it."""
    stage.answers = [refuses(401, "Unauthorized", "Unauthorized")]
    with pytest.raises(NotAllowed, match="does not accept your credentials") as caught:
        transport(stage.url, headers=lambda: {"Authorization": "Bearer s3cret"}).json(read())
    assert len(stage.requests) == 1
    assert "s3cret" not in str(caught.value) + caught.value.hint + repr(caught.value.__cause__)


def test_a_query_is_encoded():
    """Values go into the query encoded, empty ones are left out, booleans are lower case."""
    query = {
        "labelSelector": "a in (b,c)&x=y",
        "limit": 500,
        "continue": "",
        "watch": True,
        "none": None,
        "command": ["a b", "c"],
    }
    target = read("/api/v1/namespaces/a b/pods", query=query).target
    path, _, asked = target.partition("?")
    assert path == "/api/v1/namespaces/a%20b/pods"
    assert asked == "labelSelector=a+in+%28b%2Cc%29%26x%3Dy&limit=500&watch=true&command=a+b&command=c"


def test_loopback_knows_no_proxy_nor_compression(stage, monkeypatch):
    """HTTP_PROXY is not used for a server on this machine, and gzip is not asked for."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    stage.answers = [OK]
    transport(stage.url).json(read())
    assert "gzip" not in stage.requests[0][2].get("Accept-Encoding", "")


def test_a_proxy_carries_requests_and_gzip_is_unpacked(stage):
    """A request to another machine goes through the proxy, asks for gzip and reads it."""
    stage.answers = [
        says(200, gzip.compress(json.dumps({"kind": "PodList"}).encode()), Content_Encoding="gzip")
    ]
    far = transport("http://cluster.test:8080", proxy=f"http://user:pass@127.0.0.1:{stage.port}")
    assert far.json(read()) == {"kind": "PodList"}
    _, path, headers, _ = stage.requests[0]
    assert path == "http://cluster.test:8080/api/v1/pods"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Proxy-Authorization"] == "Basic dXNlcjpwYXNz"


def test_a_dead_proxy_is_blamed():
    """A proxy that does not answer is named as the cause."""
    with pytest.raises(Unreachable, match=r"the proxy on the way to cluster\.test does not answer"):
        transport("http://cluster.test:8080", proxy="http://127.0.0.1:1").json(read())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for `cluster.test` and its key, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2",
         "-subj", "/CN=cluster.test", "-addext", "subjectAltName=DNS:cluster.test",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def secure(certificate, stage) -> Stage:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate / "cert.pem")
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    stage.server.socket = context.wrap_socket(stage.server.socket, server_side=True)
    stage.server.handle_error = lambda *_: None
    stage.answers = [OK]
    return stage


def test_a_certificate_nobody_vouches_for_is_refused(secure):
    """A self-signed certificate is an error that says which kubeconfig entries to check; nothing is sent."""
    with pytest.raises(Unreachable, match=r"cannot be trusted.*self.signed") as caught:
        transport(f"https://127.0.0.1:{secure.port}").json(read())
    assert "certificate-authority" in caught.value.hint
    assert secure.requests == []


def test_a_certificate_for_another_host_is_refused(secure, certificate):
    """The name in the certificate must be the server's, or the one in tls-server-name."""
    url, ca = f"https://127.0.0.1:{secure.port}", str(certificate / "cert.pem")
    with pytest.raises(Unreachable, match=r"IP address mismatch.*127\.0\.0\.1"):
        transport(url, ca_file=ca).json(read())
    assert transport(url, ca_file=ca, server_name="cluster.test").json(read())


def test_verification_can_be_waived(secure):
    """insecure-skip-tls-verify works, without a warning a request."""
    assert transport(f"https://127.0.0.1:{secure.port}", verify=False).json(read())


def test_client_certificates_are_shown(secure, certificate):
    """The server sees the client's certificate."""
    seen: list = []
    secure.answers = [lambda handler: (seen.append(handler.connection.getpeercert()), OK(handler))[-1]]
    files = {
        name: str(certificate / f"{file}.pem")
        for name, file in (("ca_file", "cert"), ("cert_file", "cert"), ("key_file", "key"))
    }
    transport(f"https://127.0.0.1:{secure.port}", server_name="cluster.test", **files).json(read())
    assert seen[0]["subject"] == ((("commonName", "cluster.test"),),)


def test_plain_http_to_a_tls_server_is_explained(secure):
    """The wrong scheme is an error of ours too."""
    with pytest.raises(Unreachable):
        transport(f"http://127.0.0.1:{secure.port}").json(read())


def test_missing_objects_are_not_retried(stage):
    """A 404 is an answer."""
    stage.answers = [refuses(404, "NotFound", 'pods "x" not found', details={"name": "x", "kind": "pods"})]
    with pytest.raises(NotFound):
        transport(stage.url).json(read())
    assert len(stage.requests) == 1
