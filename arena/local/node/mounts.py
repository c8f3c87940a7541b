"""Volumes as a program sees them: mount paths in its words and variables lead to the real folders."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
_PLAIN = re.compile(r"[\w@%+=:,./-]*")
"""A path without characters that mean something to a shell; unlike for `shlex.quote`, any letter is plain."""
_COMMENT = re.compile(r"(?<![^\s;&|()])#.*")
_DOCUMENT = re.compile(r"(?<!<)<<-?[ \t]*([\\'\"]?)([A-Za-z_]\w*)\b.*\n(?P<body>[^\0]*?)^\t*\2$", re.M)
"""A here-document; if its delimiter is quoted, the shell expands nothing in its body."""


@dataclass(frozen=True)
class Mount:
    """A volume in a container: the path that the program uses and the real path."""

    volume: str
    path: str
    real: Path

    @property
    def shadowed(self) -> bool:
        """Whether the path exists on this machine, so that programs see that instead of the volume."""
        return os.path.lexists(self.path)


def relocate(text: str, mounts: tuple[Mount, ...]) -> str:
    """Replace mount paths that do not exist on this machine, wherever a path in the text begins with one."""
    moved = _moved(mounts)
    return _pattern(moved).sub(lambda found: moved[found[1]], text) if moved else text


def relocate_words(words: Sequence[str], mounts: tuple[Mount, ...]) -> list[str]:
    """Apply `relocate` to the words of a command line, and quote in those that a shell will read."""
    moved = _moved(mounts)
    if all(map(_PLAIN.fullmatch, moved.values())):
        return [relocate(word, mounts) for word in words]
    scripts = set(_scripts(words))
    return [
        _relocate_script(word, moved) if place in scripts else relocate(word, mounts)
        for place, word in enumerate(words)
    ]


def _moved(mounts: tuple[Mount, ...]) -> dict[str, str]:
    """The real path of each mount path that is replaced."""
    moved = {mount.path.rstrip("/"): str(mount.real) for mount in mounts if not mount.shadowed}
    moved.pop("", None)  # a mount at / moves nothing
    return moved


def _pattern(moved: dict[str, str]) -> re.Pattern[str]:
    paths = "|".join(re.escape(path) for path in sorted(moved, key=len, reverse=True))
    return re.compile(rf"(?<![\w./~-])({paths})(?![\w.-])")


def _scripts(words: Sequence[str]) -> Iterator[int]:
    """The positions of the words that a shell will read: what follows `sh -c`, also after another program."""
    shell, before = False, ""
    for place, word in enumerate(words[:-1]):
        if shell and re.fullmatch(r"-\w*c\w*", word):
            yield place + 1
        is_option = word.startswith("-") or re.fullmatch(r"-\w*o", before)
        shell = os.path.basename(word) in _SHELLS or (shell and bool(is_option))
        before = word


def _relocate_script(text: str, moved: dict[str, str]) -> str:
    """Apply `relocate` to what a shell will read: each path is quoted as the quotes around it require."""
    pattern, done, place = _pattern(moved), "", 0
    documents = {one.start("body"): one for one in _DOCUMENT.finditer(text)}
    around = [""]  # the quotes that are open here, and around each parenthesis that is
    while place < len(text):
        if document := documents.pop(place, None):
            quoted = _QUOTED["<<'" if document[1] else "<<"]
            done += pattern.sub(lambda found, quoted=quoted: quoted(moved[found[1]]), document["body"])
            place = document.end("body")
        elif around[-1] == "" and (comment := _COMMENT.match(text, place)):
            done, place = done + comment[0], comment.end()
        elif found := pattern.match(text, place):
            done, place = done + _QUOTED[around[-1]](moved[found[1]]), found.end()
        else:
            step = 2 if text.startswith("$(", place) or (text[place] == "\\" and around[-1] != "'") else 1
            part = text[place : place + step]
            _follow(around, part)
            done, place = done + part, place + step
    return done


def _follow(around: list[str], part: str) -> None:
    """Open or close what this part of a script opens or closes."""
    if part == around[-1]:
        around[-1] = ""
    elif around[-1] == "" and part in ("'", '"'):
        around[-1] = part
    elif (part == "$(" and around[-1] != "'") or (part == "(" and around[-1] == ""):
        around.append("")
    elif part == ")" and around[-1] == "" and len(around) > 1:
        around.pop()


_QUOTED: dict[str, Callable[[str], str]] = {
    "": shlex.quote,
    "'": lambda path: path.replace("'", "'\\''"),
    '"': lambda path: re.sub(r'([\\"$`])', r"\\\1", path),
    "<<": lambda path: re.sub(r"([\\$`])", r"\\\1", path),
    "<<'": str,
}
"""How a path is written within these quotes, or in a here-document without and with a quoted delimiter."""
