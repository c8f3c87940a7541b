"""Plain YAML: block mappings and lists of scalars on one line, as most manifests and kubeconfigs have them.

Importing a YAML library takes longer than importing the rest of `arena submit`. For a text or an object that
is not plain, `read` and `write` return None; `yamlfile` and `manifests.yaml_library` handle all of YAML.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST = 1 << 16
_DEEPEST = 50
_CHARACTERS = re.compile(r"[ -~\n]*")
_KEY = re.compile(r"([A-Za-z$/_][\w./${}-]*|<<):(?: +|$)", re.ASCII)
_TEXT = re.compile(r"[A-Za-z/$](?:[\w./${}@+=,()~;-]| (?! |$)|:(?=[^ ]))*|[1-9][0-9]*(?:m|[KMGT]i)", re.ASCII)
_QUOTED = re.compile(r'"([^"\\]*)"')
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_KEYWORDS = {"true": True, "false": False}
_UNCLEAR = ("null", "true", "false")
"""Words that are not text in some spelling; the library knows which."""
_KEY_LENGTH = 120
"""The library writes longer keys in another way."""


class _Other(Exception):
    """The text or the object is not plain YAML."""


def read(text: str, *, written: bool = False, deepest: int = _DEEPEST) -> list[Any] | None:
    """The documents of a text, without empty ones; None if it is not plain.

    Args:
        text: the YAML.
        written: whether to keep scalars as the text that is written.
        deepest: a text with more mappings and lists inside each other is not plain; empty ones do not count.
    """
    if len(text) > _LONGEST or not _CHARACTERS.fullmatch(text):
        return None
    try:
        return [_Document(lines, written, deepest).read() for lines in _documents(text) if lines]
    except _Other:
        return None


def _documents(text: str) -> Iterator[list[tuple[int, str]]]:
    """For each document its lines, the last first, as indentation and content."""
    lines: list[tuple[int, str]] = []
    for line in text.split("\n"):
        held = line.lstrip(" ")
        if line == "---":
            yield lines[::-1]
            lines = []
        elif held and not held.startswith("#"):
            lines.append((len(line) - len(held), held))
    yield lines[::-1]


class _Document:
    """Reads the lines of one document."""

    def __init__(self, lines: list[tuple[int, str]], written: bool, deepest: int) -> None:
        self.lines = lines
        self.written = written
        self.deepest = deepest
        self.anchors: dict[str, Any] = {}

    def read(self) -> Any:
        """The document."""
        indent, held = self.lines[-1]
        if len(self.lines) == 1 and not (_KEY.match(held) or held.startswith("- ")):
            return self.scalar(held)
        found = self.block(indent, 0)
        if self.lines:
            raise _Other
        return found

    def block(self, indent: int, depth: int) -> Any:
        """The list or the mapping with this indentation."""
        if depth >= self.deepest:
            raise _Other
        if self.lines[-1][1].startswith("- "):
            return list(self.items(indent, depth))
        return self.mapping(indent, depth)

    def items(self, indent: int, depth: int) -> Iterator[Any]:
        """The items of a list."""
        while self.lines and self.lines[-1][0] == indent and self.lines[-1][1].startswith("- "):
            _, line = self.lines.pop()
            held = line[1:].lstrip(" ")
            if held.startswith("- ") or _KEY.match(held):
                inner = indent + len(line) - len(held)
                self.lines.append((inner, held))
                yield self.block(inner, depth + 1)
            else:
                yield self.scalar(held)

    def mapping(self, indent: int, depth: int) -> dict[str, Any]:
        """A mapping; merged keys come before its own."""
        own: dict[str, Any] = {}
        merged: Any = {}
        while self.lines and self.lines[-1][0] == indent:
            _, line = self.lines.pop()
            match = _KEY.match(line)
            if not match or match[1] in own or match[1].lower() in _UNCLEAR:
                raise _Other
            value = self.value(line[match.end() :], indent, depth)
            if match[1] != "<<":
                own[match[1]] = value
            elif merged or not isinstance(value, dict):
                raise _Other
            else:
                merged = value
        return {**merged, **own}

    def value(self, held: str, indent: int, depth: int) -> Any:
        """The value of a key, on its line or on the lines below."""
        if held.startswith("*"):
            return self.alias(held[1:])
        anchor = ""
        if held.startswith("&"):
            anchor, _, held = held[1:].partition(" ")
        found = self.scalar(held) if held else self.below(indent, depth)
        if anchor:
            if not anchor.isalnum():
                raise _Other
            self.anchors[anchor] = found
        return found

    def alias(self, name: str) -> Any:
        """The value of an anchor."""
        if name not in self.anchors:
            raise _Other
        return self.anchors[name]

    def below(self, indent: int, depth: int) -> Any:
        """The block below a key; a list may have the indentation of the key."""
        inner, held = self.lines[-1] if self.lines else (0, "")
        if inner > indent or (inner == indent and held.startswith("- ")):
            return self.block(inner, depth + 1)
        raise _Other

    def scalar(self, held: str) -> Any:
        """A value on one line."""
        if held in ("{}", "[]"):
            return {} if held == "{}" else []
        if quoted := _QUOTED.fullmatch(held):
            return quoted[1]
        if held in _KEYWORDS or _INTEGER.fullmatch(held):
            return held if self.written else _KEYWORDS[held] if held in _KEYWORDS else int(held)
        if not _TEXT.fullmatch(held) or held.lower() in _UNCLEAR:
            raise _Other
        return held


_BARE = re.compile(r"(?![\s#,\[\]{}&*!|>'\"%@`]|---|\.\.\.|[-?:](?:\s|$))(?:[^:#]|:(?=\S)|(?<=\S)#)+(?<! )")
"""Text that the library writes without quotes."""


_AMBIGUOUS = (
    r"[-+.]*[0-9][-0-9_.,:a-fxotz +]*|[-+]?\.(inf|nan)|y|n|yes|no|on|off|true|false|null|nil|none|~|=|<<|"
)
"""Plain scalars that some parser (YAML 1.1, 1.2, Go) does not read as text, and similar ones."""


def is_ambiguous(text: str) -> bool:
    """Whether some parser (YAML 1.1, 1.2, Go) does not read the text as text without quotes."""
    return bool(re.fullmatch(_AMBIGUOUS, text, re.IGNORECASE))


def write(node: Any) -> str | None:
    """Plain data as a YAML document; None if it is not plain."""
    if not isinstance(node, Mapping) or not node:
        return None
    try:
        return "".join(f"{line}\n" for line in _Writer().mapping(node))
    except _Other:
        return None


class _Writer:
    """Writes nodes as lines, without the indentation of their parents."""

    def mapping(self, node: Mapping[Any, Any]) -> Iterator[str]:
        """The lines of a mapping; a list in it is not indented."""
        for key, value in node.items():
            if not isinstance(key, str) or len(key) > _KEY_LENGTH:
                raise _Other
            if isinstance(value, Mapping) and value:
                yield f"{self.text(key)}:"
                yield from (f"  {line}" for line in self.mapping(value))
            elif isinstance(value, list) and value:
                yield f"{self.text(key)}:"
                yield from self.items(value)
            else:
                yield f"{self.text(key)}: {self.scalar(value)}"

    def items(self, nodes: list[Any]) -> Iterator[str]:
        """The lines of a list."""
        for node in nodes:
            if isinstance(node, Mapping) and node:
                sign = "- "
                for line in self.mapping(node):
                    yield sign + line
                    sign = "  "
            else:
                yield f"- {self.scalar(node)}"

    def scalar(self, node: Any) -> str:
        """A value on one line."""
        if isinstance(node, str):
            return self.text(node)
        if node is None or isinstance(node, bool):
            return {None: "null", True: "true", False: "false"}[node]
        if type(node) is int:
            return str(node)
        if node in ({}, []):
            return "{}" if isinstance(node, Mapping) else "[]"
        raise _Other

    def text(self, text: str) -> str:
        """Text, in quotes if it needs them."""
        if not _CHARACTERS.fullmatch(text) or "\n" in text:
            raise _Other
        if _BARE.fullmatch(text) and not is_ambiguous(text):
            return text
        return "'" + text.replace("'", "''") + "'"
