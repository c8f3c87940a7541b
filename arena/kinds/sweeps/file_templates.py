"""Placeholders in the config files of the trials: each value is written as the format of the file wants it.

The text around the placeholders is kept, byte for byte: comments, order and layout, too.
"""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from arena.errors import SpecError
from arena.kinds.sweeps.placeholders import PLACE
from arena.kinds.validators import shown
from arena.search.assignments import Value
from arena.search.assignments import shown as written
from arena.tuples import NamedTuple

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_TOML = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' r"|'''.*?'''" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'|\#[^\n]*", re.DOTALL
)
_SAFE = re.compile(r"[\w./+@=%-]*")
"""Values that can be a part of a text of YAML that has no quotes."""

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)

Write = Callable[[Value | None], str]
"""Value of a parameter, None if it has none -> what stands for it at one place of a file."""


class Place(NamedTuple):
    """A placeholder in a file."""

    name: str
    write: Write


class FileTemplate(NamedTuple):
    """A file with placeholders."""

    parts: tuple[str | Place, ...]

    @property
    def names(self) -> set[str]:
        """The names of its placeholders."""
        return {one.name for one in self.parts if isinstance(one, Place)}

    def filled(self, values: Mapping[str, Value]) -> bytes:
        """The file of a trial; a parameter without a value is empty, or null as a whole value.

        Raises:
            SpecError: a value cannot be written where its placeholder stands.
        """
        made = (one if isinstance(one, str) else one.write(values.get(one.name)) for one in self.parts)
        return "".join(made).encode()


def names(raw: bytes) -> set[str]:
    """What may be the names of placeholders in a file; empty if it is not text."""
    return {found["name"] for found in PLACE.finditer(_text(raw)) if found["name"]}


def template(path: str, raw: bytes, known: Collection[str]) -> FileTemplate | None:
    """A file as a template; None if it names none of the parameters, so that it is sent as it is.

    Args:
        path: its end tells the format.
        known: the names of parameters, and other names with a meaning.

    Raises:
        SpecError: it is not of the format.
    """
    if names(raw).isdisjoint(known):
        return None
    text, file = _text(raw), posixpath.basename(path)
    end = posixpath.splitext(path)[1].lower()
    if end in (".yaml", ".yml"):
        return FileTemplate(tuple(_yaml(text, file)))
    if end in (".json", ".jsonl", ".ndjson"):
        return FileTemplate(tuple(_quoted(text, _STRING, lambda part: _escaped, _json)))
    if end == ".toml":
        return FileTemplate(tuple(_quoted(text, _TOML, lambda part: _of_toml(part, file), _toml)))
    return FileTemplate(tuple(_places(text, lambda number: _plain)))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return ""


def _places(text: str, write: Callable[[int], Write]) -> Iterator[str | Place]:
    """The parts of a text; `write` is given the number of each placeholder, literal ones included."""
    at = 0
    for number, found in enumerate(PLACE.finditer(text)):
        yield text[at : found.start()]
        yield Place(found["name"], write(number)) if found["name"] else f"{{{found['literal']}}}"
        at = found.end()
    yield text[at:]


def _quoted(
    text: str, strings: "re.Pattern[str]", inside: Callable[[str], Write], outside: Write
) -> Iterator[str | Place]:
    """The parts of a text of which some are in quotes."""
    at = 0
    for found in strings.finditer(text):
        within = inside(found[0])
        yield from _places(text[at : found.start()], lambda number: outside)
        yield from _places(found[0], lambda number, within=within: within)  # type: ignore[misc]
        at = found.end()
    yield from _places(text[at:], lambda number: outside)


def _yaml(text: str, file: str) -> Iterator[str | Place]:
    """The parts of a file of YAML; the scanner tells which quotes surround each placeholder."""
    import yaml

    word = "x"
    while word in text:
        word += "x"
    count = iter(range(len(text)))
    marked = PLACE.sub(lambda found: f"{word}{next(count)}{word}", text)
    styles: dict[int, Write] = {}
    try:
        for token in yaml.scan(marked):
            if isinstance(token, yaml.ScalarToken):
                inside = re.findall(rf"{word}(\d+){word}", token.value)
                for number in inside:
                    is_whole = token.value == f"{word}{number}{word}"
                    styles[int(number)] = _of_yaml(token.style, is_whole, file)
    except yaml.YAMLError as error:
        problem = str(getattr(error, "problem", "") or "it cannot be read")
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SpecError(
            f"--config-file: {file} is no YAML with values in its placeholders: {problem}{where}",
            "correct it, or name it otherwise than .yaml, so that values are written as they are",
        ) from error
    yield from _places(text, lambda number: styles.get(number, _plain))


def _of_yaml(style: str | None, is_whole: bool, file: str) -> Write:
    if style == '"':
        return _escaped
    if style == "'":
        return lambda value: _plain(value).replace("'", "''")
    if style in ("|", ">"):
        return _plain
    return _yaml_value if is_whole else lambda value: _safe(value, file)


def _of_toml(part: str, file: str) -> Write:
    if part.startswith('"'):
        return _escaped
    if part.startswith("'"):
        return lambda value: _literal(value, file)
    return _plain  # a comment


def _plain(value: Value | None) -> str:
    return "" if value is None else written(value)


def _escaped(value: Value | None) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)[1:-1]


def _json(value: Value | None) -> str:
    # A choice such as 1e-4 is kept as the text that was given, and yet is a number.
    is_number = isinstance(value, str) and _NUMBER.fullmatch(value)
    return str(value) if is_number else json.dumps(value, ensure_ascii=False)


def _toml(value: Value | None) -> str:
    return '""' if value is None else _json(value)


def _yaml_value(value: Value | None) -> str:
    text = _json(value)
    # Many readers take 1e-05 for text, as YAML 1.1 wants a point.
    return re.sub(r"^(-?\d+)[eE]([+-]?)", _with_point, text)


def _with_point(found: "re.Match[str]") -> str:
    return f"{found[1]}.0e{found[2] or '+'}"


def _safe(value: Value | None, file: str) -> str:
    text = _plain(value)
    if not _SAFE.fullmatch(text):
        raise SpecError(
            f"--config-file: {file} has a placeholder in text without quotes, where {shown(text)} cannot be",
            "put quotes around the text",
        )
    return text


def _literal(value: Value | None, file: str) -> str:
    text = _plain(value)
    if "'" in text or not text.isprintable():
        raise SpecError(
            f"--config-file: {file} has a placeholder between ' and ', where {shown(text)} cannot be",
            'use " instead',
        )
    return text
