"""Sessions of users who may create them and not get them: arena opens them by SPDY, as kubectl does."""

import io
import threading

import pytest

from arena.errors import NotAllowed
from arena.kube import Cluster
from arena.local.api.fault_injection import Fault
from arena.session import connect

SESSIONS = "/(exec|attach)"


def forbidden(verb: str, method: str, times: int = 100) -> Fault:
    """Refuses the sessions that begin with this method, as the authorizer says it."""
    why = f'pods "box" is forbidden: User "bob" cannot {verb} resource "pods/exec"'
    return Fault(path=SESSIONS, method=method, code=403, message=why, times=times)


@pytest.fixture
def cluster(rig) -> Cluster:
    """The server for such a user."""
    rig.faults[:] = [forbidden("get", "GET")]
    yield connect(kubeconfig=str(rig.home / "kubeconfig"), environ={}, folder=rig.home).cluster()
    rig.faults.clear()


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


def test_who_may_do_neither(cluster, rig):
    """The error names `create`, which suffices everywhere; that of a server without SPDY is the first one."""
    rig.faults.append(forbidden("create", "POST", 1))
    with pytest.raises(NotAllowed, match='User "bob" cannot create resource "pods/exec"'):
        run(cluster, "true")
    rig.faults[1:] = [Fault(path=SESSIONS, method="POST", code=400)]
    with pytest.raises(NotAllowed, match='User "bob" cannot get resource "pods/exec"'):
        run(cluster, "true")
