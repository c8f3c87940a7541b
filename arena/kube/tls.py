"""TLS with the certificates of a kubeconfig; errors name the file or line."""

import ssl
from typing import NoReturn

from arena.errors import SpecError
from arena.kube import keyfiles
from arena.kube.endpoint import Endpoint

_CERTIFICATE, _KEY = b"CERTIFICATE-----", b"PRIVATE KEY-----"


def context(endpoint: Endpoint) -> ssl.SSLContext:
    """The TLS settings for a server; raises SpecError if a certificate or a key cannot be used."""
    made = _default(endpoint.ca_file)
    # As kubectl: any given certificate may vouch, and those of older installers lack identifiers of keys.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    made.hostname_checks_common_name = False
    made.set_alpn_protocols(["http/1.1"])
    if not endpoint.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if endpoint.cert_file:
        _show(made, endpoint.cert_file, endpoint.key_file or endpoint.cert_file)
    return made


def _default(authority: str | None) -> ssl.SSLContext:
    """The usual settings, with the authority that vouches for servers: this one, or those of the system."""
    if authority:
        _check(authority, _CERTIFICATE)
    try:
        return ssl.create_default_context(cafile=authority)
    except ssl.SSLError as cause:
        raise SpecError(f"{keyfiles.origin(authority or '')} is damaged", keyfiles.CORRECT) from cause


def _show(made: ssl.SSLContext, certificate: str, key: str) -> None:
    """Use a client certificate with its key, which may be in the same file."""

    def ask() -> NoReturn:
        hint = "store the key without a passphrase, or use another user"
        raise SpecError(f"{keyfiles.origin(key)} is encrypted with a passphrase", hint)

    _check(certificate, _CERTIFICATE)
    _check(key, _KEY)
    try:
        made.load_cert_chain(certificate, key, password=ask)
    except ssl.SSLError as cause:
        mismatch = cause.reason == "KEY_VALUES_MISMATCH"
        why = "do not match" if mismatch else "cannot be used, as one of them is damaged"
        text = (
            f"the certificate of {keyfiles.origin(certificate)} and the key of {keyfiles.origin(key)} {why}"
        )
        raise SpecError(text, keyfiles.CORRECT) from cause


def _check(file: str, word: bytes) -> None:
    """Refuse a file that cannot be read, or contains something else."""
    if word not in keyfiles.content(file):
        what = "private key" if word == _KEY else "certificate"
        raise SpecError(f"{keyfiles.origin(file)} contains no {what} in PEM format", keyfiles.CORRECT)
