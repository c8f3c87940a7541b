"""What users give as the input of a prediction: JSON, text, or a file such as an image."""

from __future__ import annotations

import os
from typing import Any

from arena import foreign_json
from arena.errors import SpecError
from arena.values import frozen

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


@frozen
class Input:
    """An input as it was given: exactly one of `text` and `raw` is set."""

    text: str | None = None
    raw: bytes | None = None
    """The content of a file that is not text, such as an image."""
    media: str = ""
    """The media type of `raw`."""
    data: Any = None
    """The JSON in `text`; None also if there is none."""
    fault: str = ""
    """Why `text` is not JSON; "" if it is."""

    def json(self) -> Any:
        """The data.

        Raises:
            SpecError: the input is not JSON.
        """
        if self.text is None:
            raise SpecError(f"the input is {self.media}, and this protocol takes JSON", "give JSON")
        if self.fault:
            looks = os.path.isfile(self.text) if len(self.text) < 1000 and "\0" not in self.text else False
            hint = f"to send a file, write @{self.text}" if looks else "give JSON, such as [[1, 2, 3]]"
            raise SpecError(f"the input is not JSON: {self.fault}", hint)
        return self.data


def of(value: object) -> Input:
    """The input that a value in Python is: text as it is, bytes as a file, all else as JSON.

    Raises:
        SpecError: it has no JSON.
    """
    if isinstance(value, Input):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return of_file(bytes(value))
    if isinstance(value, str):
        return of_text(value)
    import json

    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    try:
        return of_text(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as cause:
        raise SpecError(f"the input cannot be written as JSON: {cause}", "use lists and numbers") from cause


def of_text(text: str) -> Input:
    """The input that a text is: JSON, if it can be read as such."""
    try:
        return Input(text=text, data=foreign_json.loads(text))
    except ValueError as cause:
        return Input(text=text, fault=str(cause))


def of_file(content: bytes) -> Input:
    """The input that the content of a file is."""
    media = next((media for start, media in _IMAGES if content.startswith(start)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        media = "image/webp"
    if not media:
        try:
            return of_text(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            media = "application/octet-stream"
    return Input(raw=content, media=media)


def read(path: str) -> bytes:
    """The content of a file.

    Raises:
        SpecError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as cause:
        why = getattr(cause, "strerror", None) or str(cause)
        raise SpecError(f"{path} cannot be read: {why}", "name an existing file") from cause
