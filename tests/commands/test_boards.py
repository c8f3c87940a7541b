"""The link to a job's TensorBoard, opened as soon as it is printed."""

import json
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest
import strangers
from product import Product, browser, product, until

from arena import labels
from arena.resources import PODS

pytestmark = pytest.mark.timeout(120)


def broken_board(folder: Path, words: str) -> str:
    """A folder for PYTHONPATH with a TensorBoard that ends at once with these words."""
    package = folder / "broken" / "tensorboard"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise SystemExit({words!r})", "utf-8")
    return str(package.parent)


def test_the_link_answers_when_it_is_printed(tmp_path: Path) -> None:
    """`arena tensorboard` waits for the TensorBoard, and prints no link before it answers."""
    with product(tmp_path) as arena:
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", "runs", "true")
        code, link, err = arena.run("tensorboard", "j", "--no-open")
        assert (code, err.splitlines()[-1:]) == (0, ['waiting for the TensorBoard of "j"'])
        with browser().open(link.strip(), timeout=20) as answer:
            assert b"TensorBoard" in answer.read()


def test_arena_by_its_path(tmp_path: Path) -> None:
    """A TensorBoard runs also where none is on PATH, as under pipx, and PYTHONPATH is another Python's."""
    with product(tmp_path) as arena:
        arena.env["PATH"] = os.defpath
        arena.must("local", "start")
        arena.env["PYTHONPATH"] = broken_board(tmp_path, "the wrong one")
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", "runs", "true")
        link = arena.must("tensorboard", "j", "--no-open")
        with browser().open(link.strip(), timeout=20) as answer:
            assert b"TensorBoard" in answer.read()


def test_a_board_that_does_not_start(tmp_path: Path) -> None:
    """A TensorBoard that ends is an error at once, with its last line as the reason."""
    with product(tmp_path) as arena:
        arena.env["PYTHONPATH"] = broken_board(tmp_path, "no\nroom")
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", "runs", "true")
        code, out, err = arena.run("tensorboard", "j", "--no-open")
        assert (code, out) == (1, "")
        assert err.splitlines()[-2:] == [
            'Error: the TensorBoard of "j" does not start: room',
            "Hint: arena get j -e shows its events",
        ]


LOOK = r"""
def ask(port, path):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
            link.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            return b"".join(iter(lambda: link.recv(65536), b"")).decode(errors="replace")
    except OSError as error:
        return str(error)
seen = [ask(int(port), path) for port in sys.argv[1:] for path in ("/", "/data/environment", "/data/logdir")]
lines = []
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        lines.append(open(f"/proc/{number}/cmdline").read())
        lines.append(open(f"/proc/{number}/environ").read())
    except OSError:
        pass
print(json.dumps([seen, lines]))
"""


def listening(arena: Product) -> list[tuple[str, int]]:
    """Where the processes of the pods, and the server, listen."""
    found = [*arena.processes(), psutil.Process(arena.server())]
    # Before psutil 6 it was called `connections`.
    asks = [getattr(one, "net_connections", None) or one.connections for one in found]
    links = [link for ask in asks for link in ask("inet") if link.status == "LISTEN"]
    return [(link.laddr.ip, link.laddr.port) for link in links]


def test_what_others_see(tmp_path: Path) -> None:
    """A TensorBoard is on loopback alone; another user who finds its ports or asks `ps` sees nothing."""
    with product(tmp_path) as arena:
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", f"{tmp_path}/runs", "true")
        link = arena.must("tensorboard", "j", "--no-open").strip()
        port, token = urlsplit(link).port, urlsplit(link).query.removeprefix("token=")
        there = listening(arena)
        assert {host for host, _ in there} == {"127.0.0.1"}
        boards = [each for each in (number for _, number in there) if each != port]
        seen, lines = json.loads(strangers.run(LOOK, str(port), *map(str, boards)))
        assert any("401" in text for text in seen)
        assert any("404" in text for text in seen)
        assert not [text for text in seen if "200 OK" in text]
        pod = arena.cluster().list(PODS, "default", "role=tensorboard")
        secrets = [token, *(one["metadata"]["annotations"][labels.LOCAL_TOKEN] for one in pod)]
        assert len(secrets) == 2
        if os.getuid() == 0:  # else the stranger is the user himself, who may read his environment
            assert not [line for line in lines for secret in secrets if secret in line]
        assert [line for line in lines if "--flagfile=/dev/stdin" in line]


def test_a_stranger_on_the_port_gets_no_link(tmp_path: Path) -> None:
    """Where another program took the port of a TensorBoard, no link leads there, and another way does."""
    with product(tmp_path) as arena:
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", "runs", "true")
        link = arena.must("tensorboard", "j", "--no-open").strip()
        port = urlsplit(link).port
        assert link in arena.must("get", "j")
        arena.must("local", "stop")
        with socket.create_server(("127.0.0.1", port or 0)) as stranger:
            answers = Thread(target=parrot, args=[stranger], daemon=True)
            answers.start()
            shown = arena.must("get", "j")
            assert "run: arena tensorboard j" in shown
            assert f":{port}" not in shown
            with arena.start("tensorboard", "j", "--no-open", stdout=PIPE) as command:
                assert command.stdout
                other = command.stdout.readline().decode().strip()
                assert urlsplit(other).port != port
                with browser().open(other, timeout=20) as answer:
                    assert b"TensorBoard" in answer.read()
                command.send_signal(signal.SIGINT)
                command.stdout.read()
            stranger.shutdown(socket.SHUT_RDWR)
            answers.join(10)
        until(lambda: link in arena.must("get", "j"))


def parrot(listener: socket.socket) -> None:
    """Answer as a stranger can: with what was asked."""
    with suppress(OSError):
        while True:
            with listener.accept()[0] as link:
                asked = link.recv(65536).partition(b"proof=")[2].partition(b" ")[0]
                link.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + asked)
