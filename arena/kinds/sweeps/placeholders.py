"""Placeholders: `{lr}` in an option of the job stands for the value of the parameter `lr`.

`{{lr}}` stands for the text `{lr}`; `${lr}` is a variable of the shell, and braces around anything but a name
are left as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from arena.errors import SpecError
from arena.kinds.validators import shown
from arena.tuples import NamedTuple

TRIAL, PARENT = "trial", "parent"
"""The placeholders of the name of the trial, and of that from whose checkpoint it goes on ("" if it starts
anew); no parameter can have these names."""
NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
PLACE = re.compile(rf"\{{\{{(?P<literal>{NAME})\}}\}}|(?<!\$)\{{(?P<name>{NAME})\}}")
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_WAYS = 10_000_000
"""Maximum number of ways to divide a text among placeholders that are tried."""
_NESTED = ("$(", "`", "<<")
"""What begins a part of a command line whose quotes cannot be followed."""


class Filling(NamedTuple):
    """What takes the place of a placeholder."""

    text: str
    plain: bool
    """Whether a shell reads the value, whichever it is, as it is written."""


Fill = Callable[[str], Filling]
"""Name of a placeholder -> what takes its place."""


def is_plain(values: Iterable[str]) -> bool:
    """Whether a shell reads each of these values as it is written."""
    return all(_PLAIN.fullmatch(one) for one in values)


def names(text: str) -> Iterator[str]:
    """The names of the placeholders in a text, as often as they occur."""
    return (found["name"] for found in PLACE.finditer(text) if found["name"])


def filled(text: str, fill: Fill) -> str:
    """The text with its placeholders filled, for an option that no shell reads."""
    return PLACE.sub(lambda found: fill(found["name"]).text if found["name"] else _literal(found), text)


def filled_command(line: str, fill: Fill) -> str:
    """The command line with its placeholders filled, so that each value stays one word, or part of one.

    Raises:
        SpecError: a value with blanks or the like would be inside a part that a shell reads twice.
    """
    made, at, quote = [], 0, Quotes()
    for found in PLACE.finditer(line):
        before = line[at : found.start()]
        quote.read(before)
        made.append(before)
        made.append(_word(found, fill, quote) if found["name"] else _literal(found))
        at = found.end()
    return "".join([*made, line[at:]])


def _literal(found: "re.Match[str]") -> str:
    return "{" + found["literal"] + "}"


def _word(found: "re.Match[str]", fill: Fill, quote: "Quotes") -> str:
    one = fill(found["name"])
    if one.plain:
        return one.text
    if quote.nested:
        raise SpecError(
            f"{found[0]} is behind {shown(quote.nested)} in the command, where a value with blanks or quotes "
            "would not stay one word",
            f"""pass it as a variable: --env NAME={found[0]}, and write "$NAME" in the command""",
        )
    inside = one.text.replace("'", "'\"'\"'")
    return {"": f"'{inside}'", "'": inside, '"': f"\"'{inside}'\""}[quote.open]


class Quotes:
    """The quotes of a shell that are open at the end of what was read."""

    def __init__(self) -> None:
        self.open = ""
        self.nested = ""
        """What began a part whose quotes cannot be followed; "" if nothing did."""

    def read(self, text: str) -> None:
        """Read more of the command line."""
        at = 0
        while at < len(text):
            at += self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        """Read one thing; return its length."""
        char = text[at]
        if char == "\\" and self.open != "'":
            return 2
        begun = next((one for one in _NESTED if text.startswith(one, at)), "")
        if begun and self.open != "'" and not (self.open and begun == "<<"):
            self.nested = self.nested or begun
            return len(begun)
        if char in "'\"" and self.open in ("", char):
            self.open = "" if self.open else char
        return 1


def flags(name: str) -> tuple[str, ...]:
    """How commands spell the option of a parameter; `lr` as in `lr=0.1`."""
    return (f"--{name}", f"--{name.replace('_', '-')}", f"-{name}", name)


def in_command(line: str, flags: Iterable[str], hole: str) -> str:
    """The command line with a placeholder instead of the value of an option; unchanged if it has none.

    Args:
        flags: spellings of the option, such as `--lr`; `lr=0.1` counts, too.
        hole: the placeholder.
    """
    for flag in flags:
        pattern = rf"(?P<before>(?:^|\s){re.escape(flag)}(?:=|\s+))(?P<value>{_VALUE})(?=\s|$)"
        if len(found := list(re.finditer(pattern, line))) == 1:
            return line[: found[0].start("value")] + hole + line[found[0].end("value") :]
    return line


def value_of(line: str, flags: Iterable[str]) -> str | None:
    """The value that a command line gives to an option; None if it has none, or several."""
    options = "|".join(map(re.escape, flags))
    value = r"'[^']*'|\"[^\"]*\"|(?!--)[^\s'\";&|()]+"
    found = re.findall(rf"(?:^|\s)(?:{options})(?:=|\s+)({value})(?=[\s;&|)]|$)", line)
    return unquoted(found[0]) if len(found) == 1 else None


def values_of(text: str, template: str, *, is_command: bool) -> dict[str, str]:
    """The values that stand in a text for the placeholders of its template.

    {} if it is not made from it, or if it is so long that trying to find out would take too long.
    """
    if _ways(text, template, is_command=is_command) > _WAYS:
        return {}
    pattern, at, seen = "", 0, dict[str, str]()
    for found in PLACE.finditer(template):
        pattern += re.escape(template[at : found.start()])
        at, name = found.end(), found["name"]
        if not name:
            pattern += re.escape(_literal(found))
        elif name in (TRIAL, PARENT):
            pattern += r"\S*?" if is_command else ".*?"
        elif name in seen:
            pattern += f"(?P={seen[name]})"
        else:
            seen[name] = f"g{len(seen)}"
            pattern += f"(?P<{seen[name]}>{_VALUE if is_command else '.*?'})"
    matched = re.fullmatch(pattern + re.escape(template[at:]), text, re.DOTALL)
    if not matched:
        return {}
    return {name: unquoted(matched[group]) if is_command else matched[group] for name, group in seen.items()}


def _ways(text: str, template: str, *, is_command: bool) -> int:
    """About how many ways there are to divide a text among placeholders; in a command, they share words."""
    parts, shared = (text.split(), template.split()) if is_command else ([text], [template])
    longest = max(map(len, parts), default=0)
    free = sum(max(sum(1 for _ in names(one)) - 1, 0) for one in shared)
    return int(longest ** (free + 1))


def unquoted(word: str) -> str:
    """The text that a word of a command line stands for."""
    import shlex

    try:
        return "".join(shlex.split(word))
    except ValueError:
        return word


_VALUE = r"'[^']*'|\"[^\"]*\"|(?!--)[^\s'\"]+"
