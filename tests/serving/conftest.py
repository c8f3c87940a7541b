"""Servers to send requests to."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from arena.cli import run
from arena.commands._globals import Globals
from arena.session import connect


@contextmanager
def answers(*words: str) -> Iterator[int]:
    """The port of a server in a process of its own, which does what paths say; see `answering.py`."""
    program = [sys.executable, str(Path(__file__).with_name("answering.py")), *words]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        assert server.stdin
        server.stdin.close()
        assert server.wait(30) == 0


@pytest.fixture(scope="session")
def answering() -> Iterator[str]:
    """The URL of such a server."""
    with answers() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a self-signed certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem, unlocked = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unlocked)
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@pytest.fixture(scope="session")
def secure(certificate: Path) -> Iterator[str]:
    """The URL of such a server with TLS."""
    with answers(str(certificate)) as port:
        yield f"https://localhost:{port}"


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def arena(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run one command line in this process, without a cluster; its exit code and whole output."""

    def call(*words: str, **env: str) -> Ended:
        capfd.readouterr()
        session = connect(environ={"HOME": str(tmp_path), **env}, folder=tmp_path)
        code = run(words, Globals(session=session))
        return Ended(code, *capfd.readouterr())

    return call
