"""YAML with the YAML library: all of the language that can be expressed in JSON."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from arena import visible, yamlfile
from arena.errors import TemplateError
from arena.plain_yaml import is_ambiguous

DEPTH = 100
_DIGITS = 400
"""Maximum digits of a whole number: more than any count has, and fewer than Python refuses to write."""

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_MERGE = "tag:yaml.org,2002:merge"
_JSON_TAGS = ("null", "bool", "int", "float", "str", "seq", "map")


class _Loader(_BASE):  # type: ignore[misc]  # the C loader where PyYAML has it
    """Resolves scalars as YAML 1.2 does: `on`, `yes`, dates and `12:30` are text."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._flat: set[int] = set()

    def flatten_mapping(self, node: Any) -> None:
        """Merge mappings: a mapping's own keys take precedence, then those of the first one that it names.

        PyYAML loses the overrides of a mapping that is merged itself.
        """
        if id(node) in self._flat:
            return
        self._flat.add(id(node))
        found: dict[Any, Any] = {}
        for one in reversed(list(_merged(node))):
            self.flatten_mapping(one)
            found |= _own(one)
        node.value = list((found | _own(node)).values())


def _merged(node: Any) -> Iterator[Any]:
    """The mappings that a mapping merges."""
    for key, value in node.value:
        if key.tag == _MERGE:
            for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(one, yaml.MappingNode):
                    raise yaml.constructor.ConstructorError(
                        None, None, "<< takes a mapping or a list of mappings", one.start_mark
                    )
                yield one


def _own(node: Any) -> dict[Any, Any]:
    """The other entries of a mapping, by key; duplicates are refused."""
    found: dict[Any, Any] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else key
        if key.tag != _MERGE and found.setdefault(name, (key, value))[0] is not key:
            raise yaml.constructor.ConstructorError(
                None, None, f'the key "{name}" appears twice', key.start_mark
            )
    return found


def _refuse(loader: Any, node: Any) -> None:
    raise yaml.constructor.ConstructorError(None, None, f"the tag {node.tag} is not allowed", node.start_mark)


def _construct_bool(loader: Any, node: Any) -> bool:
    word = loader.construct_scalar(node)
    if word not in _BOOLEANS:
        raise yaml.constructor.ConstructorError(
            None, None, f'"{word}" is neither true nor false', node.start_mark
        )
    return _BOOLEANS[word]


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


def _construct_int(loader: Any, node: Any) -> int:
    word = loader.construct_scalar(node)
    if len(word) > _DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, f"a number of {len(word)} digits", node.start_mark
        )
    return int(word, 16 if "0x" in word else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"
)
# No leading zeros: `0123` is octal for some parsers and decimal for others, so it stays text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile("^[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)$"), "-+0123456789"
)


class _Written(_Loader):
    """Keeps scalars as the text that is written: `3.10` is not 3.1."""


for _tag in ("bool", "int", "float", "merge"):
    _Written.add_constructor(f"tag:yaml.org,2002:{_tag}", yamlfile.as_written)
_Written.add_constructor("tag:yaml.org,2002:null", yamlfile.null_as_written)


def read(text: str, what: str, *, written: bool) -> list[Any]:
    """The documents of a text, as `reader.load_all` returns them.

    Raises:
        TemplateError: it is not YAML, or nested too deep.
    """
    try:
        _measure(text, what)
        found = map(yamlfile.absent, yaml.load_all(text, Loader=_Written if written else _Loader))
        return [one for one in found if one is not None]
    except ValueError as error:  # from a tag such as !!float before another value
        raise TemplateError(f"{what}: {str(error)[:80]}", "correct the YAML there") from error
    except yaml.YAMLError as error:
        if yamlfile.brackets(text) > DEPTH:
            raise _too_deep(what) from error
        raise _fault(error, text, what) from error


def _measure(text: str, what: str) -> None:
    """Refuse deep nesting before anything recurses into it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH:
                raise _too_deep(what)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(what: str) -> TemplateError:
    return TemplateError(f"{what} is nested deeper than {DEPTH} levels", "flatten it")


def _fault(error: yaml.YAMLError, text: str, what: str) -> TemplateError:
    mark = getattr(error, "problem_mark", None)
    where = f"{what}, line {mark.line + 1}" if mark else what
    problem = str(getattr(error, "problem", "") or getattr(error, "reason", "") or "it cannot be read")
    if "cannot start any token" in problem and mark and "\t" in text.splitlines()[mark.line]:
        return TemplateError(f"{where}: a tab cannot indent YAML", "use spaces")
    return TemplateError(f"{where}: {problem}", "correct the YAML there")


_DUMPER_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER_BASE):  # type: ignore[misc]  # the C dumper where PyYAML has it
    """Writes without aliases, because people read and edit manifests."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    value = visible.encodable(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(value: str) -> str | None:
    if "\n" in value:
        return visible.yaml_style(value) or "|"
    return visible.yaml_style(value) or ("'" if is_ambiguous(value) else None)


_Dumper.add_representer(str, _text)


def write(one: Any) -> str:
    """An object as a YAML document, keys in their order."""
    text: str = yaml.dump(one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    return text
