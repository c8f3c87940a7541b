"""SSH keys (Ed25519) as files of OpenSSH, created without its programs.

The library creates the key, and this module formats the file: what the library loads to do so takes a tenth
of a second, ten times as long as all else.
"""

from binascii import b2a_base64

_KIND = b"ssh-ed25519"


def pair(seed: bytes) -> tuple[str, str]:
    """The private and the public key file for 32 random bytes."""
    from hashlib import sha256

    public = _public(seed)
    blob = _text(_KIND) + _text(public)
    check = sha256(seed).digest()[:4] * 2
    inside = check + blob + _text(seed + public) + _text(b"")
    inside += bytes(range(1, 1 + -len(inside) % 8))
    head = b"openssh-key-v1\0" + _text(b"none") * 2 + _text(b"") + (1).to_bytes(4, "big")
    raw = b2a_base64(head + _text(blob) + _text(inside), newline=False).decode()
    lines = [raw[start : start + 70] for start in range(0, len(raw), 70)]
    private = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----"])
    return private + "\n", f"{_KIND.decode()} {b2a_base64(blob, newline=False).decode()}\n"


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _public(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
