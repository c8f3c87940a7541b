"""The addresses on which the server listens: its socket, and its port with mutual TLS.

The certificates and keys are in the folder `pki` of the state folder (`pki.py` creates them). Whoever can
read that folder, or the kubeconfig, is admitted.
"""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

from arena.local import sockets
from arena.local.folders import DaemonError
from arena.local.state import SOCKET, recorded

FOLDER = "pki"
Listeners = dict[socket.socket, ssl.SSLContext | None]
"""Listening sockets and their TLS contexts."""


def listen(home: Path) -> Listeners:
    """Listen on the socket for arena, and on a port for other clients: the last server's if it is free.

    Raises:
        DaemonError: the keys cannot be created.
        OSError: no address is available.
    """
    secure = context(home)
    last = recorded(home)
    loopback = sockets.listen_on_loopback(last.port if last else None)
    if last and loopback.getsockname()[1] != last.port:
        sys.stderr.write(f"port {last.port} is taken by another program: the kubeconfig names a new one\n")
    return {sockets.listen(home / SOCKET): None, loopback: secure}


def context(home: Path) -> ssl.SSLContext:
    """Return the server's TLS context; missing or damaged keys are created.

    Raises:
        DaemonError: they cannot be created.
    """
    folder = home / FOLDER
    try:
        return _context(folder)
    except OSError:  # a file is missing, or it is not what it should be
        folder.mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run([sys.executable, "-m", "arena.local.pki", str(folder)], check=False)
    if done.returncode:
        raise DaemonError("the keys of the local cluster could not be created", f"see {home / 'server.log'}")
    return _context(folder)


def _context(folder: Path) -> ssl.SSLContext:
    """Load the context; raises OSError if a file is missing or damaged, including those of clients."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(folder / "client.crt", folder / "client.key")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(folder / "ca.crt")
    made.load_cert_chain(folder / "server.crt", folder / "server.key")
    return made
