"""exec, attach and cp: through kubectl and on the bare websocket."""

import contextlib
import fcntl
import json
import os
import pty
import shlex
import struct
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import websocket

from arena import operating_system

PATH = "/api/v1/namespaces/default/pods/"


@pytest.fixture(scope="module", autouse=True)
def pods(rig):
    """A pod to enter."""
    rig.sh("box", "echo up; exec sleep 1000", env=[{"name": "COLOUR", "value": "blue"}])


@contextlib.contextmanager
def channels(rig, path: str, protocol: str, **query) -> Iterator[websocket.WebSocket]:
    """A websocket of the protocol."""
    url = f"{rig.url}{PATH}{path}?{urlencode(query, doseq=True)}".replace("http", "ws", 1)
    socket = websocket.create_connection(
        url, subprotocols=[protocol], timeout=10, suppress_origin=True, sslopt={"context": rig.trust}
    )
    try:
        assert socket.subprotocol == protocol
        yield socket
    finally:
        socket.shutdown()  # `close` leaves the socket open once the server said goodbye


def collect(socket) -> tuple[bytes, bytes, dict]:
    """(stdout, stderr, status) of all that comes until the end."""
    out = {1: bytearray(), 2: bytearray(), 3: bytearray()}
    while True:
        code, data = socket.recv_data()
        if code == websocket.ABNF.OPCODE_CLOSE:
            return bytes(out[1]), bytes(out[2]), json.loads(out[3])
        out[data[0]] += data[1:]


def on_terminal(rig, *args: str, size: tuple[int, int] = (24, 80), types: bytes = b"") -> tuple[int, str]:
    """(exit code, screen) of kubectl on a terminal."""
    rig.kubectl("version", "--client")
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp("kubectl", rig.command(*args))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    screen = b""
    if types:
        os.write(fd, types)
    with contextlib.suppress(OSError), open(fd, "rb", buffering=0) as file:
        while part := file.read(4096):
            screen += part
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), screen.decode()


@pytest.fixture(params=["websocket", "spdy"])
def framing(request, monkeypatch):
    """Both ways in which kubectl opens a session; before 1.30 it was SPDY alone."""
    monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", str(request.param == "websocket").lower())
    return request.param


@pytest.mark.usefixtures("framing")
def test_kubectl_exec(rig):
    """The command's output, error output and exit code come through."""
    code, out, err = rig.kubectl("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (code, out) == (3, "out\n")
    assert err == "err\ncommand terminated with exit code 3\n"


@pytest.mark.usefixtures("framing")
def test_kubectl_exec_with_stdin(rig):
    """The command reads kubectl's input to its end."""
    text = "".join(f"line {number}\n" for number in range(20000))
    assert rig.kubectl("exec", "-i", "box", "--", "cat", stdin=text) == (0, text, "")


def test_exec_shares_the_surroundings(rig):
    """The command sees the container's environment and folder."""
    code, out, _ = rig.kubectl("exec", "box", "--", "sh", "-c", "echo $COLOUR; echo $ARENA_POD_UID")
    assert (code, out) == (0, f"blue\n{rig.uid('box')}\n")


@pytest.mark.usefixtures("framing")
def test_kubectl_exec_on_a_terminal(rig):
    """-it gives the command a terminal of kubectl's size, and the exit code."""
    script = "read x; tty; until stty size | grep -v '^0 0'; do :; done; exit 5"  # it is sent later
    code, screen = on_terminal(
        rig, "exec", "-it", "box", "--", "sh", "-c", script,
        size=(33, 101), types=b"go\n",
    )  # fmt: skip
    assert code == 5
    lines = screen.replace("\r", "").splitlines()
    assert "33 101" in lines
    assert any(line.startswith("/dev/") for line in lines)
    assert lines[-1] == "command terminated with exit code 5"


def test_control_keys_reach_the_command(rig):
    """Ctrl-C on the terminal interrupts the command: the terminal controls its session."""
    command = ["sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; read x"]
    with channels(rig, "box/exec", "v5.channel.k8s.io", stdin=1, stdout=1, tty=1, command=command) as socket:
        screen = b""
        while b"ready" not in screen:
            screen += socket.recv_data()[1][1:]
        socket.send_binary(b"\x00\x03")
        out, _, status = collect(socket)
    assert b"caught" in out
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]


def test_resizes_reach_the_command(rig):
    """A later size of the client's terminal becomes the command's."""
    with channels(rig, "box/exec", "v4.channel.k8s.io", stdin=1, stdout=1, tty=1,
                  command=["sh", "-c", "read x; stty size"]) as socket:  # fmt: skip
        socket.send_binary(b"\x04" + json.dumps({"Width": 132, "Height": 50}).encode())
        socket.send_binary(b"\x04nonsense")
        socket.send_binary(b"\x00go\n")
        assert b"50 132" in collect(socket)[0]


def test_half_close(rig):
    """In v5 a client can end the input and still read the output."""
    with channels(rig, "box/exec", "v5.channel.k8s.io", stdin=1, stdout=1, stderr=1,
                  command=["sh", "-c", "wc -c; echo e >&2"]) as socket:  # fmt: skip
        socket.send_binary(b"\x00" + b"x" * 1000)
        socket.send_binary(b"\xff\x00")
        out, err, status = collect(socket)
    assert (out.strip(), err, status) == (b"1000", b"e\n", {"metadata": {}, "status": "Success"})


def test_version_4_needs_no_input(rig):
    """A v4 client without input gets output and exit code."""
    with channels(
        rig, "box/exec", "v4.channel.k8s.io", stdout=1, stderr=1, command=["sh", "-c", "kill -9 $$"]
    ) as socket:
        assert collect(socket)[2]["details"]["causes"][0]["message"] == "137"


def test_large_output_is_fast_and_whole(rig):
    """Twenty megabytes come through unharmed, and not in quadratic time."""
    begin = time.perf_counter()
    with channels(rig, "box/exec", "v5.channel.k8s.io", stdout=1,
                  command=["sh", "-c", "head -c 20000000 /dev/zero"]) as socket:  # fmt: skip
        out, _, status = collect(socket)
    assert (len(out), status["status"]) == (20_000_000, "Success")
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize("tty", [0, 1])
def test_the_command_ends_with_its_client(rig, tmp_path, tty):
    """A client that leaves takes the command and its children along."""
    mark = tmp_path / "pid"
    command = [
        "sh",
        "-c",
        f"trap '' TERM HUP; sleep 1000 & echo $! > {shlex.quote(str(mark))}; echo ready; wait",
    ]
    with channels(
        rig, "box/exec", "v5.channel.k8s.io", stdin=1, stdout=1, tty=tty, command=command
    ) as socket:
        while b"ready" not in socket.recv_data()[1]:
            pass
    child = int(mark.read_text())
    rig.until(lambda: not alive(child))


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_background_child_does_not_hold_the_end_up(rig):
    """A command ends when it ends, even if a child keeps its output open; the child lives on."""
    begin = time.perf_counter()
    code, out, _ = rig.kubectl("exec", "box", "--", "sh", "-c", "sleep 77 & echo $!")
    assert code == 0
    assert time.perf_counter() - begin < 30
    assert alive(int(out))
    os.kill(int(out), 9)


def test_a_missing_command(rig):
    """A command that does not exist ends with 127 and says so."""
    code, _, err = rig.kubectl("exec", "box", "--", "no-such-command")
    assert (code, err.splitlines()[0]) == (127, "no-such-command: No such file or directory")


def refused(rig, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{rig.url}{PATH}{path}", method=method, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as raised:
        rig.open(request)
    with raised.value as error:
        return error.code, json.loads(error.read())["message"]


def test_what_cannot_be_entered(rig):
    """Ended pods, unknown containers and old clients are refused with a sentence."""
    rig.sh("over", "true")
    rig.await_phase("over", "Succeeded")
    assert refused(rig, "over/exec?command=x") == (400, 'container "c0" of pod "over" is not running')
    assert refused(rig, "over/attach") == (400, 'container "c0" of pod "over" is not running')
    assert refused(rig, "box/exec") == (400, "you must specify at least 1 command")
    assert refused(rig, "box/exec?command=%00") == (400, "a command cannot hold the character NUL")
    assert refused(rig, "none/exec?command=x") == (404, 'pods "none" not found')
    assert "container no is not valid for pod box" in rig.kubectl("exec", "box", "-c", "no", "--", "true")[2]
    code, message = refused(rig, "box/exec?command=x", "POST", Upgrade="h2c")
    assert (code, message[-25:]) == (400, "use kubectl 1.30 or newer")
    code, message = refused(rig, "box/exec?command=x", "POST", Upgrade="SPDY/3.1")
    assert (code, message) == (400, "the local cluster speaks v4.channel.k8s.io")


def test_kubectl_cp(rig, tmp_path):
    """Files are copied both ways."""
    (tmp_path / "here").write_bytes(os.urandom(300_000))
    there, back = tmp_path / "there", tmp_path / "back"
    assert rig.kubectl("cp", str(tmp_path / "here"), f"box:{there}")[0] == 0
    assert rig.kubectl("cp", f"box:{there}", str(back))[0] == 0
    assert back.read_bytes() == (tmp_path / "here").read_bytes()


def test_kubectl_attach(rig, framing):
    """attach shows further output, each stream separately, and passes input on."""
    rig.sh(
        f"chat-{framing}",
        "echo before; while read x; do echo got $x; echo err >&2; done; echo end",
        stdin=True,
        stdinOnce=True,
    )
    with rig.background("attach", "-i", f"chat-{framing}", stdin=-1) as child:
        child.stdin.write(b"hello\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"got hello\n"
        child.stdin.close()
        assert child.stdout.read() == b"end\n"
        assert b"err\n" in child.stderr.read()
        assert child.wait(10) == 0


@pytest.mark.parametrize("events", [True, False])
def test_much_input(rig, monkeypatch, events):
    """Input is passed on as it is read, also where no selector knows named pipes, as on macOS."""
    monkeypatch.setattr(operating_system, "has_pipe_events", lambda: events)
    name = f"eats-{events}".lower()
    rig.sh(name, "head -c 1000000 | wc -c; read x; echo $x; exec <&-; echo closed; sleep 1000", stdin=True)
    with rig.background("attach", "-i", name, stdin=-1) as child:
        child.stdin.write(b"x" * 1_000_000 + b"last\n")
        child.stdin.flush()
        assert [child.stdout.readline().strip() for _ in range(3)] == [b"1000000", b"last", b"closed"]
        child.kill()


def test_attach_ends_with_the_container(rig):
    """A client that only reads is notified when the container ends."""
    rig.sh("brief", "read x; echo late; exit 4", stdin=True)
    with channels(rig, "brief/attach", "v4.channel.k8s.io", stdout=1, stderr=1) as socket:
        rig.node.stdin(rig.uid("brief"), "c0").write_text("go\n")
        assert collect(socket) == (b"late\n", b"", {"metadata": {}, "status": "Success"})


def test_attach_resizes_the_terminal(rig):
    """The window of a client that attaches to a container with a terminal is that terminal's."""
    rig.sh("window", "read x; stty size", stdin=True, tty=True)
    with channels(rig, "window/attach", "v4.channel.k8s.io", stdout=1, stdin=1, tty=1) as socket:
        socket.send_binary(b"\x04" + json.dumps({"Width": 99, "Height": 33}).encode())
        socket.send_binary(b"\x00go\n")
        assert collect(socket)[0].split() == [b"go", b"33", b"99"]


def test_kubectl_top(rig):
    """Top shows the running pods, and this machine as the node."""
    code, out, _ = rig.kubectl("top", "pod", "box", "--containers")
    assert code == 0
    assert out.splitlines()[1].split()[:2] == ["box", "c0"]
    assert rig.kubectl("top", "node")[1].splitlines()[1].split()[0] == "local"
