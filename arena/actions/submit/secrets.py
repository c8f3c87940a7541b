"""The values of --secret that are not on the command line: from a variable, a file or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from arena import yamlfile
from arena.errors import SpecError
from arena.kinds.option_types import SecretSource
from arena.kinds.validators import text

_LARGEST = 1 << 20
"""Maximum bytes of a value, since an object of the cluster holds no more."""
_STDIN = "=-"


def values(given: Mapping[str, str | SecretSource]) -> dict[str, str]:
    """The value of each secret, read now if it comes from a source.

    The newline at the end of a file or standard input is removed.

    Raises:
        SpecError: one cannot be read, or standard input would have to be read twice.
    """
    asked = [name for name, one in given.items() if one == SecretSource(place=_STDIN)]
    if len(asked) > 1:
        raise SpecError(
            f"--secret: {' and '.join(asked)} cannot both come from standard input", "name files: NAME=@FILE"
        )
    return {name: one if isinstance(one, str) else _value(name, one.place) for name, one in given.items()}


def _value(name: str, place: str) -> str:
    if place == _STDIN:
        return _checked(name, _typed(name), "standard input")
    if place:
        file = Path(os.path.expanduser(place.removeprefix("=@")))
        what = f"--secret {name}: {file}"
        return _checked(name, yamlfile.read(file, what, _LARGEST), str(file))
    if name not in os.environ:
        raise SpecError(
            f"--secret {name}: the environment variable is not set",
            f"export {name}, or write {name}=@FILE or {name}=-",
        )
    return _checked(name, os.environb[name.encode()], "the variable")


def _typed(name: str) -> bytes:
    """Read standard input; on a terminal, one line without echo."""
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"{name}: ").encode("utf-8", "surrogateescape")
    return sys.stdin.buffer.read(_LARGEST + 1)


def _checked(name: str, raw: bytes, what: str) -> str:
    if len(raw) > _LARGEST:
        raise SpecError(f"--secret {name}: {what} contains more than 1 MiB", "a Secret holds less")
    try:
        value = text(raw.decode().removesuffix("\n").removesuffix("\r"))
    except (UnicodeDecodeError, SpecError) as cause:
        raise SpecError(
            f"--secret {name}: {what} is not UTF-8 text", "encode it, for example with base64"
        ) from cause
    if not value:
        raise SpecError(
            f"--secret {name}: {what} is empty", "put the value there; standard input can be read only once"
        )
    return value
