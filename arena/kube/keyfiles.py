"""Certificates and keys as files, since TLS accepts no other form."""

import atexit
import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from arena.errors import SpecError
from arena.kube.kubeconfig import Context, place

CORRECT = "correct the kubeconfig"


_origins: dict[str, Callable[[], str]] = {}


def written(data: bytes, origin: Callable[[], str]) -> str:
    """Write the data to a file that only this user can read and that is removed at the end.

    Args:
        origin: says in messages where the data come from.
    """
    name = _written(data)
    _origins[name] = origin
    return name


def origin(file: str) -> str:
    """What messages call a file: its name, or where its data come from."""
    return _origins[file]() if file in _origins else file


def content(file: str) -> bytes:
    """Read a file; raises SpecError with its origin if it cannot be read."""
    try:
        return Path(file).read_bytes()
    except OSError as cause:
        raise SpecError(f"{origin(file)} cannot be read: {cause.strerror}", CORRECT) from cause


@cache
def _written(data: bytes) -> str:
    import tempfile  # which is slow to import, and tokens need no file

    descriptor, name = tempfile.mkstemp(prefix="arena-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    atexit.register(Path(name).unlink, missing_ok=True)
    return name


def find(content: Mapping[str, Any], key: str, context: Context) -> str | None:
    """The file that a key of a context's cluster or user names, or one with the data that stand beside it."""
    whose = f'the credentials of context "{context.name}"'
    if data := content.get(f"{key}-data"):

        def origin() -> str:
            return f"{key}-data in {place(context.files, f'{key}-data', data)}"

        try:
            return written(b64decode(data), origin)
        except ValueError as cause:
            raise SpecError(f"{whose} cannot be used: {origin()} is not base64", CORRECT) from cause
        except OSError as cause:
            text = f"{whose} cannot be used: no file can be written for {key}: {cause.strerror}"
            raise SpecError(text, "make room for temporary files, or set TMPDIR") from cause
    path = content.get(key)
    if path and not os.path.isfile(path):
        raise SpecError(f"{whose} cannot be used: the file {path} does not exist", CORRECT)
    return path or None
