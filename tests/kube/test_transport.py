"""One request: retries, timeouts, credentials, proxies, and what broken servers lead to."""

import gzip
import json
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec

import pytest
from product import until
from servers import ASKED, Stage, hangs_up, read, refuses, says, transport

from arena.errors import NotAllowed, NotFound, SpecError, TimedOut, Unreachable
from arena.kube import connection_errors, proxies, retries, websocket
from arena.kube import transport as room
from arena.kube.endpoint import Endpoint
from arena.kube.transport import Request, Transport
from arena.kube.waiting import PATIENT, Waiting

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


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_an_overloaded_server_is_asked_again(stage, monkeypatch, method):
    """What got a 429 was not done: any request is sent again, more often than after a fault."""
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 0.01)
    stage.answers = [*[refuses(429, "TooManyRequests", "slow down")] * 5, OK]
    assert transport(stage.url).json(write(method))["kind"] == "PodList"
    assert len(stage.requests) == 6


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_overloaded_server_is_given_up(stage, monkeypatch, method):
    """A server that stays overloaded is an error in its own words after a while."""
    monkeypatch.setattr(retries, "BUSY", 0.5)
    stage.answers = [refuses(429, "TooManyRequests", "slow down")]
    with pytest.raises(Unreachable, match="is overloaded and asks to wait: slow down"):
        transport(stage.url).json(write(method))
    assert len(stage.requests) == 3


def test_a_wait_is_told_after_a_second(stage):
    """Of what takes longer than a second one line is told, however many requests wait for it."""
    told: list[str] = []
    slow = threading.Event()

    def timers() -> list[threading.Timer]:
        running = (one for one in threading.enumerate() if isinstance(one, threading.Timer))
        return [one for one in running if one.interval == PATIENT]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        slow.wait(10)
        OK(handler)

    stage.answers = [answer]
    endpoint = Endpoint(server=stage.url)
    sender = Transport(lambda: endpoint, Waiting(told.append))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(sender.json, read()) for _ in range(4)]
        until(lambda: told and not timers(), what="a line about the wait, when all have waited for so long")
        slow.set()
        assert [one.result()["kind"] for one in asked] == ["PodList"] * 4
    assert told == ['waiting for cluster "test" to list pods']
    stage.answers = [says(429, {"message": "slow down"}, Retry_After="2"), OK]
    sender.json(write())
    assert told[1:] == ['cluster "test" is overloaded; trying again']


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
    with pytest.raises(Unreachable, match=r"broke while asked to create") as caught:
        transport(stage.url).json(write())
    assert "check before you try again" in caught.value.hint


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_write_that_is_refused_unread(request, scheme):
    """A server may refuse a large object before it has read it: its answer counts, not the broken pipe."""
    stage = request.getfixturevalue("stage" if scheme == "http" else "secure")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        refuses(413, "RequestEntityTooLarge", "limit is 3145728")(handler)
        handler.close_connection = True

    stage.server.RequestHandlerClass.do_POST = answer
    large = write()._replace(body={"kind": "ConfigMap", "data": {"a": "x" * (1 << 23)}})
    with pytest.raises(SpecError, match="larger than the cluster accepts: limit is 3145728"):
        transport(f"{scheme}://127.0.0.1:{stage.port}", verify=False).json(large)


def test_connections_that_broke_together(stage):
    """A read survives that all idle connections are broken, as after a sleep of this machine."""
    known: set = set()
    together = threading.Barrier(6)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.client_address in known:
            hangs_up(handler)
            return
        known.add(handler.client_address)
        if len(stage.requests) <= 6:
            together.wait(10)
        OK(handler)

    stage.answers = [answer]
    sender = transport(stage.url)
    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(lambda _: sender.json(read()), range(6)))
    assert sender.json(read())["kind"] == "PodList"


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
    with pytest.raises(Unreachable, match=r"the name nowhere\.invalid does not resolve"):
        transport("http://nowhere.invalid").json(read())


@pytest.mark.parametrize(
    "body", ["<html>Please log in</html>", b"\xff\xfe\x00", "[1, 2]", '{"kind": "Pod', ""]
)
def test_garbage_is_no_answer(stage, body):
    """A body that is not a JSON object is an error that suggests checking the address or the proxy."""
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


def test_a_refusal_nested_too_deeply(stage):
    """A refusal whose words cannot be read is still one, with its status."""
    stage.answers = [says(400, "[" * 100_000)]
    with pytest.raises(SpecError, match="cannot select pods"):
        transport(stage.url).json(read())


def test_redirects_are_not_followed(stage):
    """Credentials never travel to an address that only the server named."""
    stage.answers = [says(302, "", Location="http://127.0.0.1:1/")]
    with pytest.raises(Unreachable, match="redirects to another address"):
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


def test_credentials_are_renewed_by_one_thread(stage):
    """Where the cluster refuses several requests at the same time, the credentials are loaded again once."""
    tokens = iter(["old", "new", "newer"])
    refused = threading.Barrier(8)

    def load() -> Endpoint:
        token = next(tokens)
        return Endpoint(server=stage.url, headers=lambda: {"Authorization": f"Bearer {token}"})

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["Authorization"] == "Bearer old":
            refused.wait(10)
            refuses(401, "Unauthorized", "Unauthorized")(handler)
        else:
            OK(handler)

    stage.answers = [answer]
    sender = Transport(load)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: sender.json(read()), range(8)))
    assert next(tokens) == "newer"


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
    """HTTP_PROXY is not used for a server on this machine, and gzip is not requested."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    stage.answers = [OK]
    transport(stage.url).json(read())
    assert "gzip" not in stage.requests[0][2].get("Accept-Encoding", "")


def test_a_proxy_of_the_system_settings_is_not_used(monkeypatch):
    """Only variables name a proxy, as for kubectl; Python also knows the settings of macOS and Windows."""
    system = {"https": "http://127.0.0.1:1"}
    monkeypatch.setattr(urllib.request, "getproxies", lambda: system)
    for name in [one for one in os.environ if one.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for exempt in ("", "elsewhere.test"):
        monkeypatch.setenv("NO_PROXY", exempt)
        assert proxies.proxy_for("https://cluster.test:6443") == (None, "")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    assert proxies.proxy_for("https://cluster.test:6443") == ("http://127.0.0.1:2", "HTTPS_PROXY")


def test_a_proxy_carries_requests_and_gzip_is_unpacked(stage):
    """A request to another machine goes through the proxy, requests gzip and reads it."""
    stage.answers = [
        says(200, gzip.compress(json.dumps({"kind": "PodList"}).encode()), Content_Encoding="gzip")
    ]
    far = transport("http://cluster.test:8080", proxy=f"http://user:p%40ss@127.0.0.1:{stage.port}")
    assert far.json(read()) == {"kind": "PodList"}
    _, path, headers, _ = stage.requests[0]
    assert path == "http://cluster.test:8080/api/v1/pods"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Proxy-Authorization"] == "Basic dXNlcjpwQHNz"


DEAD = [
    (
        "http://user:pass@127.0.0.1:1",
        "127.0.0.1:1 does not let requests through to cluster.test: connection refused",
    ),
    ("http://nowhere.invalid:3128", "nowhere.invalid:3128 does not let requests through to cluster.test: "),
]


@pytest.mark.parametrize(("proxy", "text"), DEAD, ids=["refuses", "unknown"])
@pytest.mark.parametrize("server", ["http://cluster.test:8080", "https://cluster.test:6443"])
def test_a_dead_proxy_is_blamed(server, proxy, text):
    """A proxy that does not answer is named as the cause, with where it is configured, not the cluster."""
    far = transport(server, proxy=proxy, proxy_origin="HTTPS_PROXY")
    with pytest.raises(Unreachable) as caught:
        far.json(read())
    assert f"the proxy {text}" in caught.value.message
    assert caught.value.message.endswith("(HTTPS_PROXY)")
    assert "pass" not in caught.value.message
    with pytest.raises(Unreachable) as caught:
        websocket.connect(far, read(), ["v5.channel.k8s.io"])
    assert f"the proxy {text}" in caught.value.message


needs_socks = pytest.mark.skipif(find_spec("socks") is None, reason="NOT TESTED: PySocks is not installed")


@needs_socks
@pytest.mark.parametrize(("place", "why"), [("127.0.0.1:1", "connection refused"), ("nowhere.invalid:1", "")])
def test_a_dead_socks_proxy_is_blamed(place, why):
    """A SOCKS proxy that does not answer is named as the cause, not the cluster."""
    far = transport("https://cluster.test:6443", proxy=f"socks5h://u:pass@{place}", proxy_origin="here")
    with pytest.raises(Unreachable) as caught:
        far.json(read())
    blamed = f"the proxy {place} does not let requests through to cluster.test: {why}"
    assert caught.value.message.startswith(blamed)
    assert caught.value.message.endswith("(here)")
    assert "pass" not in caught.value.message


@needs_socks
def test_a_socks_proxy_that_refuses_is_heard():
    """The refusal of a SOCKS proxy is reported as that of the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]

        def refuse() -> None:
            with proxy.accept()[0] as client:
                for answer in (b"\x05\x00", b"\x05\x02\x00\x01\0\0\0\0\0\0"):
                    client.recv(1000)
                    client.sendall(answer)

        thread = threading.Thread(target=refuse)
        thread.start()
        far = transport("https://cluster.test:6443", proxy=f"socks5h://127.0.0.1:{port}", proxy_origin="here")
        with pytest.raises(Unreachable) as caught:
            far.json(read())
        thread.join()
    assert caught.value.message == (
        f"the proxy 127.0.0.1:{port} does not let requests through to cluster.test: "
        "connection not allowed by ruleset (here)"
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_heard(stage, scheme):
    """The refusal of a proxy is reported as that of the proxy."""
    stage.answers = [refuses(407, "ProxyAuthenticationRequired", "who are you")]
    far = transport(
        f"{scheme}://cluster.test:6443", proxy=f"http://127.0.0.1:{stage.port}", proxy_origin="here"
    )
    with pytest.raises(
        Unreachable,
        match=rf"the proxy 127\.0\.0\.1:{stage.port} does not let requests through .*407.* \(here\)",
    ):
        far.json(read())


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
    with pytest.raises(
        Unreachable, match=r"cannot be trusted: invalid certificate of 127\.0\.0\.1: ."
    ) as caught:
        transport(f"https://127.0.0.1:{secure.port}").json(read())
    assert "certificate-authority" in caught.value.hint
    assert secure.requests == []


def test_a_certificate_for_another_host_is_refused(secure, certificate):
    """The name in the certificate must be the server's, or the one in tls-server-name."""
    url, ca = f"https://127.0.0.1:{secure.port}", str(certificate / "cert.pem")
    with pytest.raises(Unreachable, match=r"cannot be trusted: invalid certificate of 127\.0\.0\.1: ."):
        transport(url, ca_file=ca).json(read())
    assert transport(url, ca_file=ca, server_name="cluster.test").json(read())


def test_verification_can_be_waived(secure):
    """insecure-skip-tls-verify works, without a warning a request."""
    assert transport(f"https://127.0.0.1:{secure.port}", verify=False).json(read())


@pytest.mark.parametrize("authority", ["ca", "server"])
def test_certificates_that_kubectl_trusts(stage, tmp_path, monkeypatch, authority):
    """Certificates need no identifiers of keys, also with Python 3.13; and one may vouch for itself."""
    openssl, usual = shutil.which("openssl"), ssl.create_default_context
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")

    def strict(*args, **more) -> ssl.SSLContext:
        made = usual(*args, **more)
        made.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does
        return made

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(ssl, "create_default_context", strict)
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-days", "2", "-subj", "/CN=ca", "-keyout", "ca-key", "-out", "ca")
    run("req", *key, "-subj", "/CN=server", "-keyout", "server-key", "-out", "wish")
    run("x509", "-req", "-in", "wish", "-CA", "ca", "-CAkey", "ca-key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "server")  # fmt: skip
    context = usual(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server", tmp_path / "server-key")
    stage.server.socket = context.wrap_socket(stage.server.socket, server_side=True)
    stage.answers = [OK]
    assert transport(f"https://127.0.0.1:{stage.port}", ca_file=str(tmp_path / authority)).json(read())


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


def test_a_server_that_never_shakes_hands(monkeypatch):
    """A server that accepts a connection and says nothing of TLS is given up, and not asked again."""
    monkeypatch.setattr(room, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(TimedOut, match="took too long to list pods"):
            transport(f"https://127.0.0.1:{silent.getsockname()[1]}", verify=False).json(read())
        silent.settimeout(5)
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()


@pytest.mark.parametrize("cause", [ssl.SSLEOFError(8, "end"), ssl.SSLZeroReturnError(6, "closed")])
def test_an_end_in_the_handshake_passes(cause):
    """A connection that ends in the handshake, with or without a farewell, is tried again."""
    assert connection_errors.is_passing(cause)
    assert not connection_errors.is_passing(ssl.SSLError(1, "no common version"))


def test_a_handshake_that_breaks_off(secure, monkeypatch):
    """A read survives a load balancer that accepts a connection and closes it, as its server restarts."""
    usual, broken = secure.server.get_request, []

    def accept() -> tuple:
        if broken:
            return usual()
        link, address = socket.socket.accept(secure.server.socket)  # below TLS
        broken.append(address)
        with link:
            link.recv(1 << 16)
        raise OSError("closed")

    monkeypatch.setattr(secure.server, "get_request", accept)
    assert transport(f"https://127.0.0.1:{secure.port}", verify=False).json(read())
    assert broken


def test_a_connection_with_tls_is_kept(secure, monkeypatch):
    """Requests one after the other share a connection, also on Windows, which has no poll."""
    monkeypatch.delattr(select, "poll")
    seen = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.add(handler.client_address)
        OK(handler)

    secure.answers = [answer]
    client = transport(f"https://127.0.0.1:{secure.port}", verify=False)
    for _ in range(3):
        client.json(read())
    assert len(seen) == 1


def test_tls_needs_no_http_library(secure):
    """A request without a proxy imports TLS, and nothing of HTTP or e-mail, which takes twice as long."""
    code = (
        "import sys; from arena.kube import Cluster, Endpoint; from arena.resources import PODS;"
        f"server = Endpoint(server='https://127.0.0.1:{secure.port}', verify=False);"
        "assert list(Cluster(lambda: server).list(PODS)) == [];"
        "print([one for one in ('ssl', 'urllib3', 'http.client', 'email') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['ssl']"


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
