"""Sessions of users who may create them and not get them: arena opens them by SPDY, as kubectl does."""

import io
import socket
import threading

import pytest
import yaml

from arena.errors import NotAllowed
from arena.kube import Cluster
from arena.local.api.fault_injection import Fault
from arena.local.api.resource_types import ROLE_BINDINGS, ROLES
from arena.session import connect
from arena.spdy import SYN_STREAM, control

RULE = {"apiGroups": [""], "resources": ["pods/exec", "pods/attach"], "verbs": ["create"]}
BINDING = {"roleRef": {"kind": "Role", "name": "guest"}, "subjects": [{"kind": "User", "name": "guest"}]}


def login(rig, user: str) -> Cluster:
    """The server for a user."""
    config = yaml.safe_load((rig.home / "kubeconfig").read_text())
    config["users"][0]["user"]["as"] = user
    (rig.home / user).write_text(yaml.safe_dump(config))
    return connect(kubeconfig=str(rig.home / user), environ={}, folder=rig.home).cluster()


@pytest.fixture(scope="module")
def cluster(rig) -> Cluster:
    """The server for a user with such a role."""
    meta = {"metadata": {"name": "guest"}}
    rig.api.create(ROLES, {**meta, "rules": [RULE]}, "default")
    rig.api.create(ROLE_BINDINGS, {**meta, **BINDING}, "default")
    return login(rig, "guest")


@pytest.fixture(scope="module", autouse=True)
def pods(rig):
    """A pod to enter."""
    rig.sh("pen", "exec sleep 1000")


def run(cluster: Cluster, script: str, given: bytes = b"", **more) -> tuple[int, bytes, bytes]:
    out, err = io.BytesIO(), io.BytesIO()
    with cluster.exec("default", "pen", ["sh", "-c", script], stdin=bool(given), **more) as terminal:
        feeder = threading.Thread(target=terminal.feed, args=(io.BytesIO(given),))
        feeder.start()
        code = terminal.wait(out, err)
        feeder.join(10)
    return code, out.getvalue(), err.getvalue()


def test_output_and_exit_code(cluster):
    """stdout, stderr and the exit code arrive apart."""
    assert run(cluster, "echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")
    assert run(cluster, "true") == (0, b"", b"")


def test_input_to_its_end(cluster):
    """5 MB go there and back, and the command sees their end."""
    text = bytes(range(256)) * 20_000
    assert run(cluster, "cat", text) == (0, text, b"")


def test_a_terminal_and_its_size(cluster):
    """The command has a terminal, of the size that was sent last."""
    with cluster.exec("default", "pen", ["sh", "-c", "read x; stty size"], stdin=True, tty=True) as terminal:
        terminal.resize(columns=132, rows=50)
        terminal.send(b"go\n")
        shown = b"".join(data for _, data in terminal)
        assert (b"50 132" in shown, terminal.exit_code) == (True, 0)


def test_a_session_that_is_left(cluster):
    """close() ends a command that goes on, and wakes its reader."""
    with cluster.exec("default", "pen", ["sh", "-c", "echo up; sleep 1000"]) as terminal:
        read = iter(terminal)
        assert next(read) == (1, b"up\n")
        closing = threading.Timer(0.05, terminal.close)
        closing.start()
        with pytest.raises(Exception, match="broke before its command ended"):
            next(read)


def test_attach(cluster, rig):
    """Further output of a container comes, and its input is passed on."""
    rig.sh("chatter", "read x; echo got $x", stdin=True)
    with cluster.attach("default", "chatter", stdin=True) as terminal:
        terminal.send(b"hi\n")
        assert b"".join(data for _, data in terminal) == b"got hi\n"
        assert terminal.exit_code == 0


@pytest.mark.parametrize("sent", [b"\x80\x02" + bytes(6), control(SYN_STREAM, bytes(10) + b"not deflated")])
def test_a_client_that_breaks_the_protocol(rig, sent):
    """The connection ends, and no command starts."""
    head = "POST /api/v1/namespaces/default/pods/pen/exec?stdout=1&command=touch&command=started HTTP/1.1"
    fields = ("Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: SPDY/3.1", "Content-Length: 0")
    lines = (head, *fields, "X-Stream-Protocol-Version: v4.channel.k8s.io", "", "")
    plain = socket.create_connection(("127.0.0.1", rig.port), 10)
    with rig.trust.wrap_socket(plain, server_hostname="127.0.0.1") as link:
        link.sendall("\r\n".join(lines).encode())
        assert link.recv(4096).startswith(b"HTTP/1.1 101 ")
        link.sendall(sent)
        assert link.recv(4096) == b""
    assert not list(rig.home.rglob("started"))


def test_who_may_do_neither(cluster, rig):
    """The error names `create`, which suffices everywhere; that of a server without SPDY is the first one."""
    with pytest.raises(NotAllowed, match='User "nobody" cannot create resource "pods/exec"'):
        run(login(rig, "nobody"), "true")
    rig.faults[:] = [Fault(path="/exec", method="POST", code=400)]
    with pytest.raises(NotAllowed, match='User "guest" cannot get resource "pods/exec"'):
        run(cluster, "true")
