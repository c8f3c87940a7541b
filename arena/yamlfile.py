"""YAML files of settings: read completely, or refused with an error that names the file."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from typing import Any

from arena import plain_yaml
from arena.errors import SpecError
from arena.paths import StrPath


def read(path: StrPath, what: str, largest: int) -> bytes:
    """The bytes of a file.

    Args:
        path: the file.
        what: what messages call it.
        largest: the maximum size in bytes.

    Raises:
        SpecError: it cannot be read, or is too large.
    """
    try:
        with open(path, "rb") as file:
            # The size of a device or a pipe is not known in advance.
            text = file.read(largest + 1)
    except OSError as cause:
        raise SpecError(
            f"{what} cannot be read: {cause.strerror}",
            "correct its name or permissions, or name another file",
        ) from cause
    if len(text) > largest:
        raise SpecError(f"{what} is larger than {largest >> 20} MiB", "shorten it, or use another file")
    return text


class Null(str):
    """A null, with the word for it: "", `~` or `null`."""


def as_written(loader: Any, node: Any) -> str:
    """Construct any scalar as the text in the file: `3.10` is not 3.1."""
    return str(loader.construct_scalar(node))


def null_as_written(loader: Any, node: Any) -> Null:
    """As `as_written`, for nulls."""
    return Null(loader.construct_scalar(node))


def absent(value: Any) -> Any:
    """The value; None for a null."""
    return None if isinstance(value, Null) else value


def parse(text: str | bytes, what: str, deepest: int, *, written: bool = False) -> Any:
    """The only document of a YAML text; None if it is empty.

    Args:
        text: the YAML.
        what: what messages call it.
        deepest: the maximum depth of nesting.
        written: whether to keep scalars as the text that is written, and nulls as `Null`.

    Raises:
        SpecError: it is not YAML, or uses aliases, which may be small in a file and large in memory.
    """
    found = plain(text, deepest, written)
    return parsed(text, what, deepest, written) if found is None else found


def parsed(text: str | bytes, what: str, deepest: int, written: bool) -> Any:
    """As `parse`, with the YAML library, which takes long to import."""
    import yaml

    loader = _written() if written else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_shape(yaml.parse(text, Loader=loader), what, deepest)
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as cause:
        if brackets(text) > deepest:
            raise _too_deep(what, deepest) from cause
        mark = getattr(cause, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise SpecError(f"{what} is not valid YAML{line}", "correct it, or use another file") from cause


_UNCLEAR = re.compile(r"&|\t|(?:^|[ ])(?:yes|no|on|off)(?:[ :]|$)", re.IGNORECASE | re.MULTILINE)
"""Anchors, and words that YAML files of settings may use for a truth value."""


def plain(text: str | bytes, deepest: int, written: bool) -> Any:
    """As `parse`, for a document in plain YAML; None if it is not plain."""
    try:
        known = text if isinstance(text, str) else text.decode("ascii")
    except UnicodeDecodeError:
        return None
    if _UNCLEAR.search(known):
        return None
    documents = plain_yaml.read(known, written=written, deepest=deepest - 1)
    return documents[0] if documents and len(documents) == 1 else None


@cache
def _written() -> Any:
    """A loader that keeps scalars as written."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    made: Any = type("Written", (base,), {})
    for tag in ("bool", "int", "float", "timestamp", "value", "merge"):
        made.add_constructor(f"tag:yaml.org,2002:{tag}", as_written)
    made.add_constructor("tag:yaml.org,2002:null", null_as_written)
    return made


def _check_shape(events: Iterable[Any], what: str, deepest: int) -> None:
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise SpecError(f"{what} uses a YAML alias (*{event.anchor})", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            raise _too_deep(what, deepest)


def brackets(text: str | bytes) -> int:
    """The depth of nested brackets in a text.

    For a text that a YAML parser gave up on: some parsers have their own limit, and read so far ahead that
    they reach it before reporting the levels that exceed ours.
    """
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    return max(accumulate(1 if one in "[{" else -1 for one in plain if one in "[]{}"), default=0)


def _too_deep(what: str, deepest: int) -> SpecError:
    return SpecError(f"{what} is nested deeper than {deepest} levels", "flatten it")
