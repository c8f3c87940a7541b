"""Ignored files: patterns as in `.gitignore`.

Blank lines and lines that begin with # are skipped; `!` includes again what an earlier line excluded; a
trailing slash matches only folders; a slash elsewhere anchors the pattern to the folder of its file; `*`, `?`
and `[...]` match within one name, `**` across names. A path in an excluded folder cannot be included again,
and the last matching line wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from arena.tuples import NamedTuple

_CLASSES = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\s",
    "upper": "A-Z", "xdigit": "A-Fa-f0-9",
}  # fmt: skip


class Rule(NamedTuple):
    """One line of such a file."""

    matches: re.Pattern[str]
    """Matches the path relative to the folder of the rule's file."""
    base: str
    """That folder: "" or a path with a trailing slash."""
    folders_only: bool
    kept: bool
    """Whether it includes again what was excluded."""


def rules(text: str, base: str = "") -> list[Rule]:
    """The rules of a file in the folder `base` ("" or a path with a trailing slash)."""
    found = (_rule(line.removesuffix("\r"), base) for line in text.removeprefix("\ufeff").split("\n"))
    return [one for one in found if one]


def _rule(line: str, base: str) -> Rule | None:
    """The rule of a line; None if it is empty or can match nothing."""
    while re.search(r"(?<!\\)(\\\\)* $", line):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    kept = line.startswith("!")
    line = line[kept:]
    folders_only = line.endswith("/")
    line = line.removesuffix("/")
    tied = "/" in line
    line = line.removeprefix("/")
    body = _expression(line) if line else None
    if body is None:
        return None
    return Rule(re.compile(body if tied else f"(?:.*/)?{body}", re.DOTALL), base, folders_only, kept)


def _expression(pattern: str) -> str | None:
    """The pattern as a regular expression for the whole path; None if it can match nothing."""
    found, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            part, at = _stars(pattern, at)
        elif char == "[":
            made = _bracket(pattern, at)
            if made is None:
                return None
            part, at = made
        elif char == "\\":
            if at + 1 == len(pattern):
                return None
            part, at = re.escape(pattern[at + 1]), at + 2
        else:
            part, at = "[^/]" if char == "?" else re.escape(char), at + 1
        found += part
    return found


def _stars(pattern: str, at: int) -> tuple[str, int]:
    """The expression for a run of stars, and its end."""
    end = at
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    opens, closes = at == 0 or pattern[at - 1] == "/", end == len(pattern) or pattern[end] == "/"
    if end - at < 2 or not (opens and closes):
        return "[^/]*", end
    if end == len(pattern):
        return ".*" if at == 0 else ".+", end
    return "(?:.*/)?", end + 1


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """The expression for a set of characters, and its end; None if it does not end."""
    at += 1
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    first, found = at, ""
    while at < len(pattern) and (pattern[at] != "]" or at == first):
        named = re.compile(r"\[:(\w*):\]").match(pattern, at)
        if named:
            if named[1] not in _CLASSES:
                return None
            found, at = found + _CLASSES[named[1]], named.end()
            continue
        low, at = _member(pattern, at)
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(pattern, at + 1)
            found += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
        else:
            found += re.escape(low)
    if at >= len(pattern):
        return None
    if not found:
        return ("[^/]" if negated else "(?!)"), at + 1
    return f"(?!/)[{'^' if negated else ''}{found}]", at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    escaped = pattern[at] == "\\" and at + 1 < len(pattern)
    return pattern[at + escaped], at + escaped + 1


class Ignored:
    """The paths that rules exclude; the last matching rule wins."""

    def __init__(self, known: Iterable[Rule]) -> None:
        self._rules = list(known)
        self._folders: dict[str, bool] = {"": False}

    def add(self, more: Iterable[Rule]) -> None:
        """Add the rules of a folder, for later questions about its content."""
        self._rules += more

    def folder(self, path: str) -> bool:
        """Whether a folder is excluded, itself or with one above it."""
        known = self._folders.get(path)
        if known is None:
            known = self.folder(path.rpartition("/")[0]) or self._decides(path, is_folder=True)
            self._folders[path] = known
        return known

    def file(self, path: str) -> bool:
        """Whether a file is excluded, itself or with a folder above it."""
        return self.folder(path.rpartition("/")[0]) or self._decides(path, is_folder=False)

    def _decides(self, path: str, *, is_folder: bool) -> bool:
        for rule in reversed(self._rules):
            if rule.folders_only and not is_folder:
                continue
            if path.startswith(rule.base) and rule.matches.fullmatch(path, len(rule.base)):
                return not rule.kept
        return False
