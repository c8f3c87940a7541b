"""port-forward: by kubectl (SPDY in a websocket) and by v4 channels."""

import contextlib
import shlex
import socket
import struct
import sys
import threading
import urllib.request
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
import websocket

from arena.local.api.streaming.portforward import AHEAD

ECHO = """
import os, socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"hello\\n")
        for line in self.rfile:
            self.wfile.write(line.upper())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
Server(("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
"""


@pytest.fixture(scope="module", autouse=True)
def pods(rig):
    """One pod that serves files, one that answers in capitals."""
    ports = [{"containerPort": 8080}]
    files = "echo data > index.html; head -c 5000000 /dev/zero > big"
    serve = f"exec {shlex.quote(sys.executable)} -m http.server --bind 127.0.0.1 $PORT"
    rig.run("web", {"command": ["sh", "-c", f"{files}; {serve}"], "ports": ports})
    rig.run("echo", {"command": [sys.executable, "-c", ECHO], "ports": ports})
    for name in ("web", "echo"):
        rig.until(lambda: rig.node.port(rig.uid(name), 8080))  # noqa: B023


@pytest.fixture
def forwarded(rig):
    """A function that forwards a pod's port by kubectl, and gives the local one."""
    with contextlib.ExitStack() as stack:

        def start(pod):
            child = stack.enter_context(rig.background("port-forward", pod, ":8080"))
            line = child.stdout.readline().decode()
            assert line.startswith("Forwarding from 127.0.0.1:")
            return int(line.split(":")[1].split(" ")[0]), child

        yield start


def test_kubectl_port_forward(forwarded):
    """Many connections, one after the other and at once, go through one port-forward."""
    port, _ = forwarded("web")
    url = f"http://127.0.0.1:{port}"
    for _ in range(5):
        with urllib.request.urlopen(f"{url}/index.html", timeout=10) as answer:
            assert answer.read() == b"data\n"
    sizes = []

    def fetch():
        with urllib.request.urlopen(f"{url}/big", timeout=20) as answer:
            sizes.append(len(answer.read()))

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sizes == [5_000_000] * 6


def test_both_directions_stay_open(forwarded):
    """A long conversation in which either side speaks first works, and its end is passed on."""
    port, _ = forwarded("echo")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rb") as lines:
        assert lines.readline() == b"hello\n"
        for number in range(50):
            client.sendall(b"say %d\n" % number)
            assert lines.readline() == b"SAY %d\n" % number
        client.shutdown(socket.SHUT_WR)
        assert lines.read() == b""


def test_nothing_listens(rig, forwarded):
    """A port on which nothing listens is an error, and the port-forward ends as on a cluster."""
    rig.sh("deaf", "sleep 1000")
    port, child = forwarded("deaf")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        assert client.recv(10) == b""
    assert b"pod deaf does not listen on port 8080" in child.stderr.readline() + child.stderr.readline()


@contextlib.contextmanager
def channels(rig):
    """Port 8080 of the echo and port 9, on which nothing listens, over one websocket of version 4."""
    path = "/api/v1/namespaces/default/pods/echo/portforward?ports=8080&ports=9"
    client = websocket.create_connection(
        (rig.url + path).replace("http", "ws", 1),
        subprotocols=["v4.channel.k8s.io"],
        timeout=10,
        suppress_origin=True,
        sslopt={"context": rig.trust},
    )
    with contextlib.closing(client):
        yield client


def test_version_4(rig):
    """Each port of the query has a channel for data and one for errors, headed by its number."""
    with channels(rig) as client:
        heads = [client.recv() for _ in range(4)]
        assert heads == [bytes((n,)) + struct.pack("<H", port) for n, port in enumerate((8080, 8080, 9, 9))]
        client.send_binary(b"\x00say\n")
        data, errors = b"", b""
        while b"SAY" not in data or not errors:
            channel, *rest = client.recv()
            assert channel in (0, 3)
            data += bytes(rest) if channel == 0 else b""
            errors += bytes(rest) if channel == 3 else b""
        assert data == b"hello\nSAY\n"
        assert errors == b"pod echo does not listen on port 9"


def test_what_nobody_takes_holds_nobody_up(rig):
    """However much is sent to a closed connection, the others of the websocket continue."""
    with channels(rig) as client:
        for _ in range(4 * AHEAD):
            client.send_binary(b"\x02lost")
        client.send_binary(b"\x00say\n")
        data = b""
        while b"SAY" not in data:
            message = client.recv()
            data += message[1:] if message[0] == 0 else b""


def test_an_ended_pod_is_refused(rig):
    """An ended pod has no ports."""
    rig.sh("gone", "true")
    rig.await_phase("gone", "Succeeded")
    code, _, err = rig.kubectl("port-forward", "gone", ":8080")
    assert code == 1
    assert "pod is not running" in err


def test_ports_that_are_none(rig):
    """An invalid port is refused, however many digits it has."""
    for text in ("0", "65536", "x", "\u00b2", "9" * 5000):
        request = f"{rig.url}/api/v1/namespaces/default/pods/echo/portforward?{urlencode({'ports': text})}"
        with pytest.raises(HTTPError) as caught:
            rig.open(request)
        with caught.value as answer:
            assert answer.code == 400
