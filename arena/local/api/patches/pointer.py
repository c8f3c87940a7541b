"""JSON patch (RFC 6902)."""

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from arena.digits import whole
from arena.local.objects import Refused

LONGEST = 10_000
"""Maximum number of operations of one patch."""
LARGEST = 3 * 1024 * 1024
"""Maximum characters of JSON that one patch copies, the same as the size limit of an object."""


def patch(target: Any, operations: Any) -> Any:
    """Patch a copy of `target`.

    Raises:
        Refused: 400 if the patch is malformed; 422 if an operation cannot be applied.
    """
    if not isinstance(operations, list) or len(operations) > LONGEST:
        raise Refused(400, "BadRequest", f"a JSON patch is a list of at most {LONGEST} operations")
    for operation in operations:
        _check(operation)
    document, left = [deepcopy(target)], LARGEST
    for operation in operations:
        try:
            left -= _apply(document, operation)
        except RecursionError as error:
            raise Refused(400, "BadRequest", "the patch nests values too deep") from error
        if left < 0:
            raise Refused(413, "RequestEntityTooLarge", "the patch copies more than an object may contain")
    return document[0]


def _check(operation: Any) -> None:
    """Refuse what is no operation, before any is applied."""
    if not isinstance(operation, dict) or "op" not in operation or not isinstance(operation.get("path"), str):
        raise Refused(400, "BadRequest", "each operation of a JSON patch needs `op` and `path`")
    if operation["op"] not in ("add", "replace", "test", "remove", "copy", "move"):
        raise Refused(400, "BadRequest", f"unsupported operation {json.dumps(operation['op'])}")
    if operation["op"] in ("add", "replace", "test") and "value" not in operation:
        raise Refused(400, "BadRequest", f"{operation['op']} needs a value")


def _apply(document: list[Any], operation: dict[str, Any]) -> int:
    """Apply one operation; return how much it copied."""
    op, path = operation["op"], _steps(operation["path"])
    if op in ("add", "replace", "test"):
        value = operation["value"]
        if op == "test":
            if _get(document, path) != value:
                raise _impossible(f"testing value {operation['path']} failed")
            return 0
        if op == "replace":
            _remove(document, path)
        elif len(path) == 1:
            raise _impossible("the whole document can only be replaced")
        _add(document, path, deepcopy(value))
    elif op == "remove":
        _remove(document, path)
    else:
        return _transfer(document, _steps(operation.get("from", "")), path, keep=op == "copy")
    return 0


def _transfer(document: list[Any], source: Sequence[str], path: Sequence[str], keep: bool) -> int:
    """Move or copy a value; return how much was copied."""
    if not keep and path[: len(source)] == source and path != source:
        raise _impossible("a value cannot be moved into itself")
    value = _get(document, source)
    if not keep:
        _remove(document, source)
        _add(document, path, value)
        return 0
    size = len(json.dumps(value))
    if size <= LARGEST:  # measured first: a copy of a copy of a copy doubles each time
        _add(document, path, deepcopy(value))
    return size


def _steps(pointer: Any) -> tuple[str, ...]:
    """A pointer as keys; the document itself is at index 0 of a list, so that it has a parent."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise _impossible(f'"{pointer}" is not a JSON pointer')
    return ("0", *(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]))


def _get(document: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(step, len(document) - 1)]
        else:
            raise _missing(steps)
    return document


def _add(document: Any, steps: Sequence[str], value: Any) -> None:
    if len(steps) == 1:
        document[0:] = [value]
        return
    parent, last = _get(document, steps[:-1]), steps[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent)), value)
    else:
        raise _missing(steps)


def _remove(document: Any, steps: Sequence[str]) -> None:
    if len(steps) == 1:
        document[0:] = [None]
        return
    parent, last = _get(document, steps[:-1]), steps[-1]
    if isinstance(parent, dict) and last in parent:
        del parent[last]
    elif isinstance(parent, list):
        del parent[_index(last, len(parent) - 1)]
    else:
        raise _missing(steps)


def _index(step: str, last: int) -> int:
    index = whole(step)
    if index is None or (len(step) > 1 and step[0] == "0") or index > last:
        raise _impossible(f'"{step[:100]}" is not an index of the list')
    return index


def _missing(steps: Sequence[str]) -> Refused:
    return _impossible(f"/{'/'.join(steps[1:])} does not exist")


def _impossible(why: str) -> Refused:
    return Refused(422, "Invalid", f"the server rejected our request due to an error in our request: {why}")
