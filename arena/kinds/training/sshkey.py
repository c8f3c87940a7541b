"""SSH keys (Ed25519, RFC 8032) in the files of OpenSSH, made without its programs.

Only keys are made here, from numbers drawn a moment before; nothing is signed, so that the time
it takes tells nobody anything.
"""

import struct
from binascii import b2a_base64

_P = 2**255 - 19
_D = -121665 * pow(121666, _P - 2, _P) % _P
_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_KIND = b"ssh-ed25519"

Point = tuple[int, int, int, int]
"""A point of the curve in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z."""


def pair(seed: bytes) -> tuple[str, str]:
    """The private and the public key file of 32 random bytes."""
    from hashlib import sha256

    public = _public(seed)
    blob = _text(_KIND) + _text(public)
    check = sha256(seed).digest()[:4] * 2
    inside = check + blob + _text(seed + public) + _text(b"")
    inside += bytes(range(1, 1 + -len(inside) % 8))
    head = b"openssh-key-v1\0" + _text(b"none") * 2 + _text(b"") + struct.pack(">I", 1)
    raw = b2a_base64(head + _text(blob) + _text(inside), newline=False).decode()
    lines = [raw[start : start + 70] for start in range(0, len(raw), 70)]
    private = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----"])
    return private + "\n", f"{_KIND.decode()} {b2a_base64(blob, newline=False).decode()}\n"


def _text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _public(seed: bytes) -> bytes:
    """The public key: the base point times a number made from the seed."""
    from hashlib import sha512

    number = int.from_bytes(sha512(seed).digest()[:32], "little")
    number = number & ((1 << 254) - 8) | (1 << 254)
    x, y, z, _ = _times(number, _base())
    inverse = pow(z, _P - 2, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> Point:
    """The curve's base point; of the two that have its y, the one whose x is even."""
    square = (_BASE_Y * _BASE_Y - 1) * pow(_D * _BASE_Y * _BASE_Y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    x = _P - x if x & 1 else x
    return x, _BASE_Y, 1, x * _BASE_Y % _P


def _times(number: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point = _add(point, point)
        number >>= 1
    return found


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P
