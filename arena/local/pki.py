"""Creates the keys and certificates of a local cluster: `python -m arena.local.pki FOLDER`.

It is a separate program because the library takes 15 MB, which would stay in the server's memory.

An authority signs a certificate for the server and one for its clients; its own key is discarded at once, so
that nobody can ever issue a third. The certificates do not expire (RFC 5280, 4.1.2.5): they end with the
folder, copies of the kubeconfig continue to work, and a wrong clock does no harm.
"""

import datetime
import secrets
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from arena.private import write

BEGIN, END = datetime.datetime(1970, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)
HERE = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
"""The names and addresses of the server."""


def main(argv: Sequence[str]) -> None:
    """Write `ca.crt`, and `server` and `client`, each a `.crt` and a `.key`, all as PEM, into the folder."""
    make(Path(argv[0]))


def make(folder: Path) -> None:
    """Fill the existing folder; `ca.crt` is written last, so if it exists, all files exist and match."""
    (folder / "ca.crt").unlink(missing_ok=True)
    authority = Authority()
    authority.issue(folder / "server", ExtendedKeyUsageOID.SERVER_AUTH, HERE)
    authority.issue(folder / "client", ExtendedKeyUsageOID.CLIENT_AUTH)
    write(folder / "ca.crt", _pem(authority.certificate))


class Authority:
    """Signs certificates; its key is never stored."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(f"arena local cluster {secrets.token_hex(8)}")
        builder = _builder(self._name, self._key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = self.sign(builder.add_extension(_usage(signs=True), critical=True))

    def issue(
        self, stem: Path, purpose: x509.ObjectIdentifier, where: x509.SubjectAlternativeName | None = None
    ) -> None:
        """Write a new key and its certificate for one purpose."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(f"arena local {stem.name}"), key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if where is not None:
            builder = builder.add_extension(where, critical=False)
        write(stem.with_suffix(".crt"), _pem(self.sign(builder)))
        write(stem.with_suffix(".key"), _text(key))

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """The certificate, signed."""
        mine = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.issuer_name(self._name).add_extension(mine, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


if __name__ == "__main__":
    main(sys.argv[1:])
