"""Templates: find them, fill their holes, and patch and check the result.

A scalar that is exactly one hole, `${workers}`, takes the value with its type; a hole inside text,
`--logdir=/logs/${name}`, takes text or numbers. None drops the key, item or document; None as `kind` drops a
document, and as `name` an item. A list in a list is spliced; `$${` stands for a literal `${`. There are no
conditions or loops.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from functools import lru_cache
from os.path import isabs
from pathlib import Path
from pkgutil import get_data
from typing import Any

from arena.errors import TemplateError
from arena.manifests.reader import LIMIT, load_all

Object = dict[str, Any]

STDIN = "-"
"""The file name that stands for standard input."""
_HOLE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_WHOLE = re.compile(r"\$\{([^}]*)\}")
_DROPPED: Any = object()


def find(name: str, override: str | Path | None = None) -> str:
    """The text of a packaged template, or of the file that overrides it; `-` is standard input.

    Raises:
        TemplateError: there is no such template, or the file cannot be read.
    """
    if override is None:
        return _packaged(name)
    try:
        with nullcontext(sys.stdin.buffer) if override == STDIN else open(override, "rb") as file:
            raw = file.read(LIMIT + 1)
        if len(raw) > LIMIT:
            raise TemplateError(f"{called(override)} is longer than 1 MiB", "shorten it")
        return raw.decode()
    except OSError as error:
        raise TemplateError(
            f"{called(override)} cannot be read: {error.strerror}", "name a readable file"
        ) from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"{called(override)} is not UTF-8 text", "save it as UTF-8") from error


def called(file: str | Path) -> str:
    """What messages call a file that a user named."""
    return "standard input" if file == STDIN else str(file)


@lru_cache
def _packaged(name: str) -> str:
    """A template of arena, or of a kind from another package, which names it by its path."""
    try:
        if isabs(name):
            return Path(name).read_text("utf-8")
        return (get_data("arena", f"templates/{name}") or b"").decode()
    except OSError as error:
        raise TemplateError(
            f'there is no template "{name}"', "install the package of its kind again"
        ) from error


def render(text: str, values: Mapping[str, Any], what: str) -> list[Object]:
    """Render the objects of a template with these values.

    Args:
        text: the template's YAML.
        values: a value for every hole.
        what: what messages call the text.

    Raises:
        TemplateError: it cannot be read, has an unknown hole, or the result is not an object.
    """
    filled = [(document, _fill(document, values, what)) for document in load_all(text, what)]
    objects = [
        one for document, one in filled if one is not _DROPPED and not _is_left_out(document, one, "kind")
    ]
    check(objects, what)
    return objects


def fill(node: Any, values: Mapping[str, Any], what: str = "the template") -> Any:
    """A copy of the node with its holes filled, which shares nothing with `values`.

    Raises:
        TemplateError: a hole is unknown, or is inside text and its value is neither text nor number.
    """
    filled = _fill(node, values, what)
    return None if filled is _DROPPED else filled


def _fill(node: Any, values: Mapping[str, Any], what: str) -> Any:
    if isinstance(node, dict):
        pairs = [(_fill(key, values, what), value) for key, value in node.items()]
        # A key whose hole is None drops its value, too, so holes in the value need not be fillable.
        filled = [(key, _fill(value, values, what)) for key, value in pairs if key is not _DROPPED]
        return {_key(key, what): value for key, value in filled if value is not _DROPPED}
    if isinstance(node, list):
        return _items(node, values, what)
    return _scalar(node, values, what) if isinstance(node, str) else node


def _key(key: Any, what: str) -> str:
    if not isinstance(key, (str, int, float)):
        raise TemplateError(f"{what}: a key was filled with {type(key).__name__}", "use text")
    return key if isinstance(key, str) else str(key)


def _items(nodes: list[Any], values: Mapping[str, Any], what: str) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        filled = _fill(node, values, what)
        if filled is _DROPPED or _is_left_out(node, filled, "name"):
            continue
        if isinstance(node, str) and isinstance(filled, list):
            found += filled
        else:
            found.append(filled)
    return found


def _is_left_out(node: Any, filled: Any, key: str) -> bool:
    """Whether the name or kind of the mapping was a hole without a value."""
    return isinstance(node, dict) and key in node and key not in filled


def _scalar(text: str, values: Mapping[str, Any], what: str) -> Any:
    if "${" not in text:
        return text
    if whole := _WHOLE.fullmatch(text):
        value = _value(whole[1], values, what)
        return _DROPPED if value is None else _copy(value)
    return _HOLE.sub(lambda match: _inside(match, values, what), text)


def _copy(value: Any) -> Any:
    """Plain data: tuples become lists, mappings dicts."""
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(one) for one in value]
    return deepcopy(value)


def _inside(match: "re.Match[str]", values: Mapping[str, Any], what: str) -> str:
    if match[0] == "$${":
        return "${"
    if not match[0].endswith("}"):
        raise TemplateError(f"{what}: the hole {match[0][:80]} is not closed", "write it like ${name}")
    value = _value(match[1], values, what)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TemplateError(
            f"{what}: {match[0]} is inside text, but its value is {type(value).__name__}",
            "make the hole the whole value",
        )
    return str(value)


def _value(name: str, values: Mapping[str, Any], what: str) -> Any:
    if name in values:
        return values[name]
    from difflib import get_close_matches

    close = get_close_matches(name, values, 1)
    known = "known are " + ", ".join(sorted(values))
    raise TemplateError(
        f"{what}: unknown hole ${{{name}}}", f"did you mean ${{{close[0]}}}? {known}" if close else known
    )


def holes(node: Any) -> set[str]:
    """The names of all holes of a template's document."""
    if isinstance(node, dict):
        return {name for pair in node.items() for part in pair for name in holes(part)}
    if isinstance(node, list):
        return {name for part in node for name in holes(part)}
    return {match[1] for match in _HOLE.finditer(node) if match[1]} if isinstance(node, str) else set()


def patch(target: Any, change: Any) -> Any:
    """A copy of `target` with a JSON merge patch applied: null removes, mappings merge, the rest replaces."""
    if not isinstance(change, Mapping):
        return deepcopy(change)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = patch(result.get(key), value)
    return deepcopy(result)


def check(objects: Sequence[Any], what: str) -> None:
    """Refuse what is not a Kubernetes object.

    Raises:
        TemplateError: there is no object, or one lacks apiVersion, kind or a name.
    """
    if not objects:
        raise TemplateError(f"{what} is empty", "give at least one object")
    for number, one in enumerate(objects, 1):
        if not isinstance(one, dict):
            hint = "write apiVersion, kind and metadata"
            raise TemplateError(f"{what}: document {number} is not a mapping", hint)
        meta = one.get("metadata")
        missing = [key for key in ("apiVersion", "kind") if not isinstance(one.get(key), str) or not one[key]]
        if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
            missing.append("metadata.name")
        if missing:
            raise TemplateError(f"{what}: document {number} has no {missing[0]}", "add it as text")
