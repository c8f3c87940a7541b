"""YAML files of settings: read whole, or refused in a sentence that names them, whatever they are."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arena.errors import SpecError


def read(path: Path, what: str, largest: int) -> bytes:
    """The bytes of a file.

    Args:
        path: the file.
        what: what messages call it.
        largest: how many bytes it may have.

    Raises:
        SpecError: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            # Of a device or a pipe the size is not known before.
            text = file.read(largest + 1)
    except OSError as cause:
        raise SpecError(
            f"{what} cannot be read: {cause.strerror}",
            "correct its name or permissions, or name another file",
        ) from cause
    if len(text) > largest:
        raise SpecError(f"{what} is larger than {largest >> 20} MiB", "shorten it, or use another file")
    return text


def parse(text: str | bytes, what: str, deepest: int) -> Any:
    """The only document of a YAML text; None where it is empty.

    Args:
        text: the YAML.
        what: what messages call it.
        deepest: how many levels it may be nested.

    Raises:
        SpecError: it is not YAML, or of the kind that is small in a file and large in memory.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_shape(yaml.parse(text, Loader=loader), what, deepest)
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as cause:
        mark = getattr(cause, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise SpecError(f"{what} is not valid YAML{line}", "correct it, or use another file") from cause


def _check_shape(events: Iterable[Any], what: str, deepest: int) -> None:
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise SpecError(f"{what} uses a YAML alias (*{event.anchor})", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            raise SpecError(f"{what} is nested deeper than {deepest} levels", "flatten it")
