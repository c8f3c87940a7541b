"""JSON patch (RFC 6902)."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from arena.local.objects import Refused

LONGEST = 10_000
"""Operations of one patch."""


def patch(target: Any, operations: Any) -> Any:
    """What `target` becomes; `target` itself is not changed.

    Raises:
        Refused: 400, the patch is malformed; 422, an operation cannot be done.
    """
    if not isinstance(operations, list) or len(operations) > LONGEST:
        raise Refused(400, "BadRequest", f"a JSON patch is a list of at most {LONGEST} operations")
    document = [deepcopy(target)]
    for operation in operations:
        if not isinstance(operation, dict) or "op" not in operation or "path" not in operation:
            raise Refused(400, "BadRequest", "each operation of a JSON patch needs `op` and `path`")
        _apply(document, operation)
    return document[0]


def _apply(document: list[Any], operation: dict[str, Any]) -> None:
    op, path = operation["op"], _steps(operation["path"])
    if op in ("add", "replace", "test"):
        if "value" not in operation:
            raise _impossible(f"{op} needs a value")
        value = deepcopy(operation["value"])
        if op == "test":
            if _get(document, path) != value:
                raise _impossible(f"testing value {operation['path']} failed")
            return
        if op == "replace":
            _remove(document, path)
        _add(document, path, value)
    elif op == "remove":
        _remove(document, path)
    elif op in ("copy", "move"):
        source = _steps(operation.get("from", ""))
        if op == "move" and path[: len(source)] == source and path != source:
            raise _impossible("a value cannot be moved into itself")
        value = deepcopy(_get(document, source))
        if op == "move":
            _remove(document, source)
        _add(document, path, value)
    else:
        raise _impossible(f'unexpected operation "{op}"')


def _steps(pointer: Any) -> tuple[str, ...]:
    """A pointer as keys; the document itself sits under index 0 of a list, so that it has a parent."""
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise Refused(400, "BadRequest", f'"{pointer}" is not a JSON pointer')
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
    parent, last = _get(document, steps[:-1]), steps[-1]
    if isinstance(parent, dict) and last in parent:
        del parent[last]
    elif isinstance(parent, list):
        del parent[_index(last, len(parent) - 1)]
    else:
        raise _missing(steps)


def _index(step: str, last: int) -> int:
    if not step.isascii() or not step.isdigit() or (len(step) > 1 and step[0] == "0") or int(step) > last:
        raise _impossible(f'"{step}" is not an index of the list')
    return int(step)


def _missing(steps: Sequence[str]) -> Refused:
    return _impossible(f"/{'/'.join(steps[1:])} does not exist")


def _impossible(why: str) -> Refused:
    return Refused(422, "Invalid", f"the server rejected our request due to an error in our request: {why}")
