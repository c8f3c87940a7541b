"""Rules: how a cause is recognized, what it is called, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from arena.diagnosis import literals
from arena.errors import SpecError
from arena.tuples import NamedTuple
from arena.values import frozen

FIELDS: Mapping[str, tuple[str, ...]] = {
    "log": ("text", "pod", "container", "previous"),
    "event": ("reason", "message", "about", "name", "type"),
    "pod": ("phase", "reason", "message", "name", "node", "deleted"),
    "container": ("state", "reason", "message", "name", "exit", "signal", "previous", "init", "image",
                  "restarts"),
    "condition": ("about", "type", "status", "reason", "message", "name"),
    "object": ("about", "path", "value", "name"),
    "cluster": ("where", "reason", "message", "name"),
}  # fmt: skip
"""What each source can be matched by."""
SEARCHED = ("text", "message", "value")
"""Fields of free text, in which a pattern is searched; others have to match as a whole."""
LEVELS = ("cause", "consequence", "general")
JOB_HOLES = ("job", "namespace", "kind", "instance", "container", "image", "node", "exit")
"""Names that every text of a rule may use, besides the groups of its patterns."""
MOST_RULES, LONGEST_PATTERN = 500, 1000
SMALL = 20
"""A limit of repetitions that is small enough for patterns of others."""
_ID = r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*"
_HOLE = r"\{(\w+)(?:\|([^{}]*))?\}"
_KEYS = frozenset(("id", "match", "with", "unless", "scope", "level", "rank", "alive", "cause", "fix"))


class Pattern(NamedTuple):
    """What one observation must be like."""

    source: str
    fields: tuple[tuple[str, re.Pattern[str]], ...]
    anywhere: bool = False
    """Whether it may be in a log before the last traceback, or be over."""


@frozen
class Rule:
    """A rule."""

    id: str
    match: tuple[Pattern, ...]
    """One of these has to be observed; it is the evidence."""
    cause: str
    fix: tuple[str, ...] = ()
    also: tuple[Pattern, ...] = ()
    """All of these have to be observed, too (`with`)."""
    unless: tuple[Pattern, ...] = ()
    """None of these may be observed."""
    scope: str = "instance"
    """Where `with` and `unless` look: `instance` (that of the match) or `job`."""
    level: str = "cause"
    """`consequence` of a failure elsewhere, unless there is none; `general` tells only that it failed."""
    rank: int = 50
    """Of several matches in one instance, that of the highest rank counts."""
    alive: bool = False
    """Whether it applies to programs that run or succeeded, too."""
    foreign: bool = False
    """Whether it is not arena's own."""


def parse(data: Any, where: str, *, foreign: bool = False) -> list[Rule]:
    """The rules in the data of a YAML file.

    Args:
        where: what messages call the file.
        foreign: whether somebody else wrote them, so that their patterns are checked for endless ones.

    Raises:
        SpecError: a rule is wrong.
    """
    if data is None:
        return []
    if not isinstance(data, list):
        raise SpecError(f"{where} is not a list of rules", "see docs/diagnosis.md")
    if len(data) > MOST_RULES:
        raise SpecError(f"{where} has more than {MOST_RULES} rules")
    return [_rule(one, f"{where}, rule {at}", foreign) for at, one in enumerate(data, 1)]


def _rule(data: Any, where: str, foreign: bool) -> Rule:
    if not isinstance(data, dict):
        raise SpecError(f"{where} is not a mapping")
    id: Any = data.get("id")
    if not isinstance(id, str) or not re.fullmatch(_ID, id) or len(id) > 60:
        raise SpecError(f'{where}: "id" must be a name such as oom.cuda')
    where = f"{where} ({id})"
    if unknown := [str(one) for one in data if one not in _KEYS]:
        raise SpecError(f'{where}: "{unknown[0]}" is not a key of rules', f"keys: {', '.join(sorted(_KEYS))}")
    made = Rule(
        id=id,
        match=tuple(_patterns(data.get("match"), f"{where}: match", foreign)),
        also=tuple(_patterns(data.get("with") or [], f"{where}: with", foreign)),
        unless=tuple(_patterns(data.get("unless") or [], f"{where}: unless", foreign)),
        cause=_text(data.get("cause"), f"{where}: cause"),
        fix=tuple(_text(one, f"{where}: fix") for one in _list(data.get("fix") or [], f"{where}: fix")),
        scope=_choice(data.get("scope", "instance"), ("instance", "job"), f"{where}: scope"),
        level=_choice(data.get("level", "cause"), LEVELS, f"{where}: level"),
        rank=_rank(data.get("rank", 50), f"{where}: rank"),
        alive=_choice(data.get("alive", False), (True, False), f"{where}: alive"),
        foreign=foreign,
    )
    if not made.match:
        raise SpecError(f'{where}: "match" is missing')
    known = {*JOB_HOLES, *(group for one in (*made.match, *made.also) for group in _groups(one))}
    for hole in (one[1] for text in (made.cause, *made.fix) for one in re.finditer(_HOLE, text)):
        if hole not in known:
            raise SpecError(f"{where}: {{{hole}}} is neither a group of its patterns nor one of "
                            + ", ".join(JOB_HOLES))  # fmt: skip
    return made


def _patterns(data: Any, where: str, foreign: bool) -> Iterator[Pattern]:
    for one in _list(data, where) if isinstance(data, list) else [data] if data else ():
        if not isinstance(one, dict):
            raise SpecError(f"{where}: write each as SOURCE: ..., such as log: 'CUDA out of memory'")
        sources = [key for key in one if key != "anywhere"]
        if len(sources) != 1 or sources[0] not in FIELDS:
            raise SpecError(f"{where}: each needs one source of {', '.join(FIELDS)}")
        source = sources[0]
        fields = one[source]
        if isinstance(fields, str) and source == "log":
            fields = {"text": fields}
        if not isinstance(fields, dict) or not fields:
            raise SpecError(f"{where}: {source} needs fields: {', '.join(FIELDS[source])}")
        if wrong := next((str(key) for key in fields if key not in FIELDS[source]), ""):
            raise SpecError(f'{where}: {source} has no field "{wrong}"; it has {", ".join(FIELDS[source])}')
        checked = [(key, _regex(value, f"{where}: {source}.{key}", foreign)) for key, value in fields.items()]
        yield Pattern(source, tuple(checked), one.get("anywhere") is True)


def _regex(value: Any, where: str, foreign: bool) -> re.Pattern[str]:
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int):
        raise SpecError(f"{where}: a pattern is text")
    text = str(value)
    if len(text) > LONGEST_PATTERN:
        raise SpecError(f"{where}: the pattern has more than {LONGEST_PATTERN} characters")
    try:
        made = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise SpecError(f"{where}: {error} in the pattern {text[:80]}") from error
    if foreign and (why := endless(text)):
        raise SpecError(f"{where}: the pattern could take very long: {why}", "write it without")
    return made


def endless(pattern: str) -> str:
    """Why matching a pattern may take very long; "" if it cannot."""
    count, nested = _repeats(literals.parser().parse(pattern), 1)
    if nested:
        return "a repetition contains another, or alternatives"
    return "it has more than three repetitions without a limit" if count > 3 else ""


def _repeats(parsed: Any, times: int) -> tuple[int, bool]:
    """How many repetitions without a small limit there are, and whether one contains other choices.

    Args:
        times: how often what is around them repeats them.
    """
    count, nested = 0, False
    for op, arguments in parsed:
        name, again, choices = str(op), 1, 1
        if name == "GROUPREF":
            nested = True  # backreferences also take exponential time
        if name == "BRANCH":
            choices = len(arguments[1])
        if "REPEAT" in name:
            least, again = int(arguments[0]), max(int(arguments[1]), 1)
            choices = max(again, 2) if least != again else 1
            count += again > SMALL
        # Each repetition chooses anew, so that all choices together grow exponentially.
        nested = nested or (times > 1 and choices > 1 and times * choices > SMALL)
        for inner in _inner(arguments):
            more, deeper = _repeats(inner, times * again)
            count, nested = count + more, nested or deeper
    return count, nested


def _inner(arguments: Any) -> Iterator[Any]:
    if hasattr(arguments, "data"):
        yield arguments
    elif isinstance(arguments, tuple | list):
        for one in arguments:
            yield from _inner(one)


def _list(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise SpecError(f"{where}: write a list")
    return data


def _text(data: Any, where: str) -> str:
    if not isinstance(data, str) or not data.strip() or len(data) > 500:
        raise SpecError(f"{where}: write one sentence of at most 500 characters")
    return " ".join(data.split())


def _choice(data: Any, known: Iterable[Any], where: str) -> Any:
    if not any(data is one or data == one for one in known):
        raise SpecError(f"{where}: it must be one of {', '.join(map(str, known)).lower()}")
    return data


def _rank(data: Any, where: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not 0 <= data <= 100:
        raise SpecError(f"{where}: it must be a number from 0 to 100")
    return data


def _groups(pattern: Pattern) -> Iterator[str]:
    for _, regex in pattern.fields:
        yield from regex.groupindex


def filled(text: str, values: Mapping[str, str], *, quoted: bool = False) -> str | None:
    """The text with its holes filled; None if one has neither a value nor a default.

    Args:
        quoted: whether values are quoted for a shell.
    """
    from shlex import quote

    missing = [one[1] for one in re.finditer(_HOLE, text) if not values.get(one[1]) and one[2] is None]
    if missing:
        return None

    def value(hole: re.Match[str]) -> str:
        found = values.get(hole[1]) or hole[2]
        return quote(found) if quoted and values.get(hole[1]) else found

    return re.sub(_HOLE, value, text)


@cache
def own() -> tuple[Rule, ...]:
    """The rules of arena."""
    from importlib.resources import files

    from arena import yamlfile

    found: list[Rule] = []
    for one in sorted(files("arena.diagnosis").joinpath("rules").iterdir(), key=lambda one: one.name):
        if one.name.endswith(".yaml"):
            found += parse(yamlfile.parse(one.read_text("utf-8"), one.name, 10), one.name)
    return tuple(found)
