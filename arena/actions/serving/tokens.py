"""Tokens for servings that are kept in Secrets of their namespace."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from arena.errors import NotFound, SpecError
from arena.kinds import validators
from arena.resources import SECRETS

if TYPE_CHECKING:
    from arena.session import Session

PREFIX = "secret://"
"""How the place of a token begins: `secret://NAME/KEY`."""


def read(session: Session, place: str) -> str:
    """The token in a Secret of the session's namespace; no message contains any of it.

    Args:
        place: `secret://NAME/KEY`.

    Raises:
        SpecError: the place cannot be one, or its content is not text.
        NotFound: there is no such Secret, or it has no such key.
        NotAllowed: Secrets may not be read.
    """
    name, key = _parts(place)
    data = session.cluster().get(SECRETS, session.namespace, name).get("data") or {}
    if key not in data:
        known = ", ".join(map(validators.shown, sorted(data))) or "none"
        raise NotFound(f'Secret "{name}" has no key {validators.shown(key)}', f"its keys: {known}")
    try:
        return base64.b64decode(data[key], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise SpecError(
            f"--token: {validators.shown(place)} is not a token", "a token is ASCII text"
        ) from None


def _parts(place: str) -> tuple[str, str]:
    """The names of the Secret and of its key; raises SpecError."""
    name, slash, key = place.removeprefix(PREFIX).partition("/")
    if not slash:
        raise SpecError(f"--token: {validators.shown(place)} names no key", f"write {PREFIX}NAME/KEY")
    try:
        return validators.object_name(name), validators.secret_key(key)
    except SpecError as error:
        raise SpecError(f"--token: {error.message}", error.hint) from None
