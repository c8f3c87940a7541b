"""Another user of the machine, who waits for the server's port to be free, and tries what can be reached."""

import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import strangers
from product import Product, until

from arena.errors import ArenaError
from arena.local import locks, pki
from arena.resources import PODS
from arena.session import connect

LISTEN = """
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
context = None
if pem := sys.stdin.readline().replace("|", "\\n").strip():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.check_hostname, context.verify_mode = False, ssl.CERT_OPTIONAL
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
print("listens", flush=True)
while True:
    link, _ = listener.accept()
    link.settimeout(2)
    heard = b""
    try:
        if context:
            link = context.wrap_socket(link, server_side=True)
            heard += b"SHOWN" if link.getpeercert(True) else b""
        while data := link.recv(65536):
            heard += data
            if not context:
                break
    except OSError:
        pass
    link.close()
    print(heard.hex(), flush=True)
"""
"""Listens, in TLS with the certificate on its first line of input; prints what each client let it read."""

ASK = """
body = sys.stdin.read().encode()
head = b"POST /api/v1/namespaces/default/pods HTTP/1.1\\r\\nHost: localhost\\r\\n"
text = head + b"Content-Length: %d\\r\\n\\r\\n%s"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
def plain():
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
def secure():
    return context.wrap_socket(plain())
def unix():
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(30)
    link.connect(sys.argv[2])
    return link
for way in (plain, secure, unix):
    try:
        link = way()
        link.sendall(text % (len(body), body))
        print(way.__name__, link.recv(100))
    except OSError as error:
        print(way.__name__, type(error).__name__)
"""
"""Posts what it reads to the port, with and without TLS, and to the socket; prints what came of it."""

TICKS = "import time\nfor n in range(100000):\n    print('line', n, flush=True)\n    time.sleep(0.05)\n"


class Squatter:
    """The stranger on a port; `heard` is what each connection let it read."""

    def __init__(self, port: int, pem: str = "") -> None:
        self.heard: list[bytes] = []
        self.child = strangers.start(LISTEN, str(port))
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(pem.replace("\n", "|") + "\n")
        self.child.stdin.flush()
        assert self.child.stdout.readline() == "listens\n", self.child.communicate()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        assert self.child.stdout
        for line in self.child.stdout:
            self.heard.append(bytes.fromhex(line.strip()))

    def close(self) -> None:
        """Leave the port."""
        self.child.kill()
        self.thread.join()
        self.child.communicate()


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A key and a certificate of the stranger's, made as the server's are."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    pki.make(folder)
    return (folder / "server.key").read_text() + (folder / "server.crt").read_text()


@pytest.fixture
def follower(arena: Product) -> Iterator["subprocess.Popen[bytes]"]:
    """An `arena logs -f` of a job that writes forever."""
    arena.submit("talker", TICKS)
    child = arena.start("logs", "-f", "talker")
    assert child.stdout
    assert child.stdout.readline()
    yield child
    child.kill()


def port(arena: Product) -> int:
    """The port of the last server."""
    return int(json.loads((arena.state / "server.json").read_text("utf-8"))["port"])


def end(arena: Product, how: str) -> None:
    """Let the server end."""
    if how == "crash":
        os.kill(arena.server(), signal.SIGKILL)
    else:
        arena.must("local", "stop")
    until(lambda: locks.holder(arena.state) is None, what="the server's end")


@pytest.mark.parametrize("speaks_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("how", ["crash", "stop"])
def test_a_stranger_on_the_port_is_told_nothing(
    arena: Product, follower: "subprocess.Popen[bytes]", own: str, how: str, speaks_tls: bool
) -> None:
    """A program on the port of a stopped server receives no request and no certificate of any client."""
    taken = port(arena)
    handed = Path(shutil.copy(arena.state / "kubeconfig", arena.home / "handed"))
    follower.send_signal(signal.SIGSTOP)
    end(arena, how)
    squatter = Squatter(taken, own if speaks_tls else "")
    try:
        follower.send_signal(signal.SIGCONT)
        visit(arena, handed)
        arena.must("list", KUBECONFIG=str(arena.state / "kubeconfig"))
        assert port(arena) != taken
        until(lambda: len(squatter.heard) >= 1, what="a client's visit")
        last = goes_on(follower)
    finally:
        squatter.close()
    shown = ssl.PEM_cert_to_DER_cert((arena.state / "pki" / "client.crt").read_text())
    for heard in squatter.heard:
        assert not speaks_tls or heard == b""
        assert heard[:1] in (b"", b"\x16"), heard  # a ClientHello: nothing but what the client can do
        assert b"HTTP" not in heard
        assert shown not in heard
    assert last


def visit(arena: Product, handed: Path) -> None:
    """Come as other clients do with a kubeconfig that was handed out: a Python program, and kubectl."""
    with pytest.raises(ArenaError):
        list(connect(kubeconfig=str(handed), environ={}).cluster().list(PODS, "default"))
    if shutil.which("kubectl"):
        words = [
            "kubectl",
            "--kubeconfig",
            str(handed),
            "get",
            "--raw",
            "/api/v1/pods",
            "--request-timeout",
            "1s",
        ]
        done = subprocess.run(words, capture_output=True, env=arena.env, timeout=60, check=False)
        assert done.returncode != 0


def goes_on(follower: "subprocess.Popen[bytes]") -> int:
    """The number of a line that came after all this: the follower found the new server."""
    assert follower.stdout
    return int([follower.stdout.readline() for _ in range(40)][-1].split()[-1])


POD = {"metadata": {"name": "evil"}, "spec": {"containers": [{"name": "c", "image": "i", "command": ["id"]}]}}


@strangers.needed
def test_a_stranger_starts_nothing(arena: Product) -> None:
    """Without the certificate no request is read at the port, and the socket cannot be reached."""
    arena.must("local", "start")
    said = strangers.run(ASK, str(port(arena)), str(arena.state / "api.sock"), typed=json.dumps(POD))
    plain, secure, unix = said.splitlines()
    assert plain in ("plain b''", "plain ConnectionResetError")
    assert secure.split(maxsplit=1)[1] in ("b''", "SSLError", "ConnectionResetError", "SSLEOFError")
    assert unix == "unix PermissionError"
    assert arena.ask("/api/v1/pods")["items"] == []


ENTER = """
link = socket.socket(socket.AF_UNIX)
link.settimeout(10)
link.connect(sys.argv[1])
link.sendall(b"GET /version HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
print(link.recv(100).split(b"\\r")[0])
"""


@strangers.needed
def test_a_stranger_in_an_opened_folder_is_sent_away(lobby: Path) -> None:
    """Even if the user opens the state folder to everybody, the socket serves nobody else."""
    arena = Product(lobby / "home")
    arena.home.mkdir()
    try:
        arena.must("local", "start")
        for path, bits in ((arena.home, 0o755), (arena.state, 0o755), (arena.state / "api.sock", 0o777)):
            path.chmod(bits)
        said = strangers.run(ENTER, str(arena.state / "api.sock"))
        assert said == "b'HTTP/1.1 403 Forbidden'\n"
        arena.must("list")
    finally:
        arena.close()


def test_a_foreign_certificate_is_refused(arena: Product, tmp_path: Path) -> None:
    """A client with a certificate of its own making is not let in, nor is one with that of the server."""
    arena.must("local", "start")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    pki.make(theirs)
    url = f"https://127.0.0.1:{port(arena)}/version"
    for stem in (theirs / "client", arena.state / "pki" / "server"):
        context = ssl.create_default_context(cafile=arena.state / "pki" / "ca.crt")
        context.load_cert_chain(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        with pytest.raises((urllib.error.URLError, OSError)):
            urllib.request.urlopen(url, context=context, timeout=10)
    assert arena.ask("/version")["major"] == "1"


@pytest.fixture
def lobby() -> Iterator[Path]:
    """A folder that everybody may enter: the tests' own is closed to strangers."""
    folder = Path(tempfile.mkdtemp(prefix="arena-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@strangers.needed
@pytest.mark.parametrize("opened", [0o777, 0o1777], ids=["open", "sticky"])
def test_a_stranger_s_link_misleads_nobody(lobby: Path, opened: int) -> None:
    """Where a folder above was left open, a link put in place of the state folder misleads no reset."""
    home, precious = lobby / "home", lobby / "home" / "precious"
    precious.mkdir(parents=True)
    (precious / "pods").write_text("years of work")
    above = home / ".local" / "state" / "arena"
    above.mkdir(parents=True)
    above.chmod(opened)
    strangers.run("os.symlink(sys.argv[1], sys.argv[2])", str(precious), str(above / "local"))
    arena = Product(home)
    env = {name: text for name, text in arena.env.items() if name != "ARENA_LOCAL_HOME"}
    arena.env = env
    for words in (("local", "reset", "-y"), ("local", "stop", "--pods"), ("list",)):
        done = arena.run(*words)
        assert done.code != 0, words
        assert "is not yours alone" in done.err
        assert str(above) in done.err
    assert (precious / "pods").read_text() == "years of work"
    assert stat.S_IMODE(precious.stat().st_mode) == 0o755
    assert [path.name for path in precious.iterdir()] == ["pods"]


def test_the_documented_kubeconfig_starts_the_server(arena: Product) -> None:
    """With KUBECONFIG=$(arena local kubeconfig --path) arena starts a server that was stopped or reset."""
    env = {"KUBECONFIG": arena.must("local", "kubeconfig", "--path").strip()}
    arena.must("local", "stop")
    arena.must("list", **env)
    arena.must("local", "reset", "-y")
    arena.must("list", **env)
    arena.must("local", "stop")
    assert arena.run("list", "--context", "nowhere", **env).code == 2
    assert locks.holder(arena.state) is None


def test_what_kubectl_changed_in_the_kubeconfig_stays(arena: Product) -> None:
    """The namespace of the context holds for arena, too, and survives a restart of the server."""
    arena.must("local", "start", "-n", "team-a")
    path = arena.state / "kubeconfig"
    path.write_text(path.read_text().replace('"default"', '"team-a"'))
    arena.must("local", "stop")
    assert 'namespace "team-a"' in arena.run("list", KUBECONFIG=str(path)).err
    assert '"team-a"' in path.read_text()
