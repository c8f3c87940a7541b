"""YAML in, plain data out: only what JSON can say, within limits, errors with their line."""

import re
from typing import Any

import yaml

from arena.errors import TemplateError

LIMIT = 1 << 20
"""Bytes of a document that is read."""
NODES = 100_000
"""Values of a document once its aliases are written out."""
DEPTH = 100

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_JSON_TAGS = ("null", "bool", "int", "float", "str", "seq", "map")


class _Loader(_BASE):  # type: ignore[misc]  # the C loader where PyYAML has it
    """Resolves scalars as YAML 1.2 does: `on`, `yes`, dates and `12:30` are text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f'the key "{key.value}" is there twice', key.start_mark
                    )
                seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def _refuse(loader: Any, node: Any) -> None:
    raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag} is not allowed", node.start_mark)


def _construct_bool(loader: Any, node: Any) -> bool:
    if node.value not in _BOOLEANS:
        raise yaml.constructor.ConstructorError(
            None, None, f'"{node.value}" is neither true nor false', node.start_mark
        )
    return _BOOLEANS[node.value]


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.endswith((":float", ":null", ":merge"))]
    for first, found in _BASE.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: build
    for tag, build in _BASE.yaml_constructors.items()
    if tag and tag.rsplit(":", 1)[-1] in _JSON_TAGS
}
_Loader.add_constructor(None, _refuse)
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"
)
# No leading zeros: `0123` is octal for some readers and decimal for others, so it stays text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile("^[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$"), "-+0123456789"
)


def load_all(text: str, what: str) -> list[Any]:
    """The documents of a YAML (or JSON) text; empty ones are left out.

    Args:
        text: at most 1 MiB.
        what: what the text is, for messages: a file's name.

    Raises:
        TemplateError: it is too long, not YAML, or expands beyond the limits.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LIMIT:
        raise TemplateError(f"{what} is longer than 1 MiB", "shorten it")
    try:
        _measure(text, what)
        documents = [one for one in yaml.load_all(text, Loader=_Loader) if one is not None]
    except yaml.YAMLError as error:
        raise _fault(error, text, what) from error
    for one in documents:
        _size(one, {}, what)
    return documents


def load(text: str, what: str) -> Any:
    """The only document of a YAML text, None where it is empty; raises as `load_all`, or for a second one."""
    documents = load_all(text, what)
    if len(documents) > 1:
        raise TemplateError(f"{what} holds {len(documents)} documents", "keep one, without ---")
    return documents[0] if documents else None


def _measure(text: str, what: str) -> None:
    """Refuse deep nesting before anything recurses into it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH:
                raise TemplateError(f"{what} is nested deeper than {DEPTH} levels", "flatten it")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _size(node: Any, known: dict[int, int], what: str) -> int:
    """How many values the node stands for with its aliases written out; each is visited once."""
    if not isinstance(node, (dict, list)):
        return 1
    if id(node) not in known:
        known[id(node)] = NODES  # what is met again while it is being counted contains itself
        parts = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_size(part, known, what) for part in parts)
    if known[id(node)] >= NODES:
        raise TemplateError(f"{what} holds more than {NODES} values", "use fewer aliases")
    return known[id(node)]


def _fault(error: yaml.YAMLError, text: str, what: str) -> TemplateError:
    mark = getattr(error, "problem_mark", None)
    where = f"{what}, line {mark.line + 1}" if mark else what
    problem = str(getattr(error, "problem", "") or getattr(error, "reason", "") or "it cannot be read")
    if "cannot start any token" in problem and mark and "\t" in text.splitlines()[mark.line]:
        return TemplateError(f"{where}: a tab cannot indent YAML", "use spaces")
    return TemplateError(f"{where}: {problem}", "correct the YAML there")
