"""Replaces ssh between a launcher and its workers if both are processes of this machine.

This file runs inside pods as a separate program: it uses only the standard library.

    remote.py serve PORT                    in a worker: run the commands of launchers until SIGTERM
    remote.py [OPTIONS] HOST [COMMAND...]   in a launcher: run a command on a worker, as ssh does

In its folder are `key`, which both sides know, and `hosts.json`, which maps workers to ports of the loopback.
A launcher proves with the key that it may run commands. Output, input and exit code then travel in frames of
a kind (one byte), a length (four bytes) and that many bytes.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import IO, Any

INPUT, OUTPUT, ERRORS, CODE = range(4)
HEAD = struct.Struct(">BI")
CHUNK = 65536
PATIENCE = 10.0
"""Seconds that a launcher waits for a worker that does not listen yet."""
GREETING = 10.0
"""Seconds that a launcher has to send its request."""
LAST = 1.0
"""Seconds that background processes of a command have to close its output."""
VALUED = "bcDEeFIiJLlmOoPpQRSWw"
"""Options of ssh that take a value."""
FOLDER = os.path.dirname(os.path.abspath(__file__))


def key() -> bytes:
    """The key that launcher and workers of the job share."""
    with open(os.path.join(FOLDER, "key"), "rb") as file:
        return file.read()


def proof(nonce: str, command: str) -> str:
    """The proof that whoever requests the command knows the key."""
    return hmac.new(key(), f"{nonce}\n{command}".encode(), hashlib.sha256).hexdigest()


def frame(kind: int, data: bytes = b"") -> bytes:
    """One frame."""
    return HEAD.pack(kind, len(data)) + data


def read_frame(stream: IO[bytes]) -> tuple[int, bytes] | None:
    """The next frame; None at the end."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, length = HEAD.unpack(head)
    return kind, stream.read(length)


def serve(declared: str) -> None:
    """Run commands until SIGTERM; commands that run then may finish.

    Args:
        declared: the port as the pod declares it; another one was allotted to it on this machine.
    """
    port = json.loads(os.environ["ARENA_PORTS"])[declared]
    with socket.create_server(("127.0.0.1", port)) as listener:
        signal.signal(signal.SIGTERM, _end)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_session, args=(connection,)).start()


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)  # out of `accept`; the threads of sessions are waited for


def _session(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError, ValueError, KeyError):
        nonce = secrets.token_hex(16)
        connection.settimeout(GREETING)
        connection.sendall(f"{nonce}\n".encode())
        stream = connection.makefile("rb")
        asked = json.loads(stream.readline())
        connection.settimeout(None)
        if hmac.compare_digest(proof(nonce, asked["command"]), asked["proof"]):
            _run(asked["command"], connection, stream)
        connection.shutdown(socket.SHUT_RDWR)


def _run(command: str, connection: socket.socket, stream: IO[bytes]) -> None:
    child = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    lock = threading.Lock()
    threading.Thread(target=_feed, args=(child, stream), daemon=True).start()
    outputs = ((OUTPUT, child.stdout), (ERRORS, child.stderr))
    pumps = [threading.Thread(target=_pump, args=(connection, lock, *one), daemon=True) for one in outputs]
    for pump in pumps:
        pump.start()
    code = child.wait()
    end = time.monotonic() + LAST
    for pump in pumps:
        pump.join(max(0.0, end - time.monotonic()))
    with lock:
        connection.sendall(frame(CODE, str(code if code >= 0 else 128 - code).encode()))


def _pump(connection: socket.socket, lock: Any, kind: int, pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(pipe.fileno(), CHUNK):
            with lock:
                connection.sendall(frame(kind, data))


def _feed(child: "subprocess.Popen[bytes]", stream: IO[bytes]) -> None:
    """Pass input on, and end the command when the launcher is gone."""
    pipe: Any = child.stdin
    with contextlib.suppress(OSError, ValueError):
        while found := read_frame(stream):
            with contextlib.suppress(OSError, ValueError):  # the command does not read
                if found[1]:
                    pipe.write(found[1])
                    pipe.flush()
                else:
                    pipe.close()
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)


def ask(words: list[str]) -> int:
    """Run a command on a worker; returns its exit code, or 255 as ssh does for an unreachable worker."""
    host, command, flags = parse(words)
    connection = _connect(host, words)
    if connection is None:
        sys.stderr.write(f"ssh: {host} does not answer\n")
        return 255
    with connection:
        stream = connection.makefile("rb")
        nonce = stream.readline().decode().strip()
        asked = {"command": command, "proof": proof(nonce, command)}
        connection.sendall(json.dumps(asked).encode() + b"\n")
        threading.Thread(target=_send_input, args=(connection, "n" in flags), daemon=True).start()
        with contextlib.suppress(OSError):
            while found := read_frame(stream):
                if found[0] == CODE:
                    return int(found[1])
                _write(1 if found[0] == OUTPUT else 2, found[1])
    sys.stderr.write(f"ssh: connection to {host} lost\n")
    return 255


def parse(words: list[str]) -> tuple[str, str, str]:
    """Host, command and flags of an ssh command line."""
    host, flags, left = "", "", list(words)
    while left and (left[0].startswith("-") or not host):
        word = left.pop(0)
        if word == "--":
            continue
        if not word.startswith("-"):
            host = word.rpartition("@")[2]
            continue
        flags += word[1]
        if word[1] in VALUED and len(word) == 2 and left:
            left.pop(0)
    return host, " ".join(left) or "exec /bin/sh", flags


def _connect(host: str, words: list[str]) -> socket.socket | None:
    end = time.monotonic() + PATIENCE
    while True:
        with open(os.path.join(FOLDER, "hosts.json"), encoding="utf-8") as file:
            port = json.load(file).get(host)
        if port is None:
            _real(words)
            return None
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > end:
                return None
        time.sleep(0.05)


def _real(words: list[str]) -> None:
    """Run the machine's own ssh, if there is one, for a host that is not a worker."""
    folders = [one for one in os.get_exec_path() if os.path.realpath(one) != os.path.realpath(FOLDER)]
    program = shutil.which("ssh", path=os.pathsep.join(folders))
    if program:
        os.execv(program, ["ssh", *words])


def _send_input(connection: socket.socket, none: bool) -> None:
    with contextlib.suppress(OSError):
        while not none and (data := os.read(0, CHUNK)):
            connection.sendall(frame(INPUT, data))
        connection.sendall(frame(INPUT))


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        os._exit(ask(sys.argv[1:]))  # a thread may still wait for input
