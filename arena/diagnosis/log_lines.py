"""Lines of a log: their processes, their tracebacks, and which of them belong to its failure.

A program that logs an error and goes on has survived it. So only what stands near the end of the log of a
failed container counts: in each process its last traceback, and lines after which it printed little else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from arena import visible
from arena.diagnosis.records import Line
from arena.tracebacks import CHAIN, HEAD
from arena.tuples import NamedTuple

LONGEST = 2000
"""Characters of a line that are looked at."""
SLACK = 10
"""Ordinary lines that a process may still print after its fatal error, such as those of exit handlers."""
FEW = 4
"""Ordinary lines that a program which stands still may have printed since it said so."""
_compiled = cache(re.compile)
_PROCESS = (
    r"^(?:\[(?P<rank>rank ?\d+|default\d+|\d+,\d+)\](?:<std(?:out|err)>)?:? ?"
    r"|\((?P<task>[\w.]+ (?:rank=\d+ )?pid=\d+(?:, ip=[\d.]+)?)\) ?(?:\[rank\d+\]:? ?)?"
    r"|(?P<host>[\w.-]*(?:worker|launcher|master|node)[\w.-]*): )"
)
"""The prefix of a rank: `[rank3]: `, `[default3]:`, `[1,3]<stderr>:`, `worker-1: `."""
_USAGE = (
    r"^[\w./-]+(?: [\w-]+)?: error: (?:unrecognized|the following|argument |ambiguous|invalid choice"
    r"|no such option|one of the)|^Error: (?:No such|Missing|Invalid value|Got unexpected)"
)
"""What programs print about wrong arguments as their last words."""
_STRAY = r"\[\d{1,3}(?:;\d{1,3})*m"
"""What remains of a colour where something has taken away the escape character."""
_LAUNCHER = (
    r"ChildFailedError|torch[./]distributed[./](?:elastic[./](?:agent|multiprocessing|metrics)|launcher|run)\b"
    r"|^[EW]\d{4} .*torch/|^(?:WARNING|ERROR):torch"
    r"|Sending process \d+ closing signal|Root Cause \(first|^={5,}|^-{5,}|^(?:  )?(?:time|host|rank|exitcode"
    r"|error_file|traceback) *: |Primary job .*terminated|mpirun (?:noticed|detected|has exited)|^Failures:"
    r"|mpirun\.real|^  <(?:NO_OTHER_FAILURES|no other)"
)
"""What launchers print about failures of the processes that they started."""
_SUMMARY = (
    r"ChildFailedError|SignalException|CalledProcessError: Command .* (?:returned non-zero|died with)"
    r"|TrainingFailedError|ProcessExitedException"
)
"""Exceptions that launchers raise because a process of theirs has failed."""
_TALK = (
    r"(?i:\b(?:error|warn(?:ing)?|fatal|critical|exception|abort(?:ed|ing)?|traceback|fail(?:ed|ure)?|killed"
    r"|core dumped|shutting down|cleaning up|exiting|exited|terminat(?:ed|ing)|sigterm|segfault|nccl|gloo"
    r"|backtrace|leaked)\b)|^\s*(?:at |frame #|#\d+ |\*\*\*|File \"|0x|\^)|^\s*$"
)
"""Lines that a program may print about its own end."""


class Read(NamedTuple):
    """A line of a log that was read."""

    text: str
    """Without colours, timestamp and the prefix of its process."""
    time: datetime | None
    process: str
    """The rank as its launcher marks it; "" if the lines are not marked."""
    at: int
    chain: int
    """The number of the traceback that it is of; tracebacks that explain each other are one. 0 for none."""
    headline: bool
    """Whether it is the line of a traceback that names the exception."""
    plain: bool
    """Whether it tells nothing of an end."""
    launcher: bool
    fatal: bool = False
    """Whether it belongs to the failure of its process."""
    recent: bool = False
    """Whether the program has printed little since."""
    last_chain: bool = False
    """Whether it is of the last traceback before the end."""


def read(lines: Iterable[Line], *, failed: bool) -> list[Read]:
    """Read a log.

    Args:
        failed: whether its container has failed, so that one of the lines may say why.
    """
    found = _with_recent(_structured(lines))
    return _with_ends(found) if failed else found


def _structured(lines: Iterable[Line]) -> list[Read]:
    found: list[Read] = []
    states: defaultdict[str, _Tracebacks] = defaultdict(_Tracebacks)
    process, launcher, talk = map(_compiled, (_PROCESS, _LAUNCHER, _TALK))
    usage, stray = map(_compiled, (_USAGE, _STRAY))
    for at, line in enumerate(lines):
        text = line.text[:LONGEST]
        if not text.isprintable():
            text = re.sub(visible.COLOUR, "", visible.output(visible.redrawn(text)))
        text = re.sub(stray, "", text).rstrip() if "m" in text and "[" in text else text.rstrip()
        prefix = process.match(text)
        name = prefix["rank"] or prefix["task"] or prefix["host"] if prefix else ""
        text = text[prefix.end() :] if prefix else text
        if usage.match(text):
            chain, headline = states[name].last_words()
        else:
            chain, headline = states[name].step(text)
        told = bool(launcher.search(text))
        plain = not (chain or told or talk.search(text))
        found.append(Read(text, line.time, name, at, chain, headline, plain, told))
    return found


class _Tracebacks:
    """Follows the tracebacks of one process."""

    def __init__(self) -> None:
        self._chain = 0
        self._state = ""
        """`calls` within the calls, `after` behind the exception, where a chain may go on."""

    def last_words(self) -> tuple[int, bool]:
        """The chain of a line that is an error of its own."""
        self._chain += 1
        self._state = "after"
        return self._chain, True

    def step(self, text: str) -> tuple[int, bool]:
        """The chain of the next line, and whether it names the exception."""
        if text.lstrip("| +-").startswith(HEAD) or text.endswith(HEAD):
            if self._state != "between":
                self._chain += 1
            self._state = "calls"
            return self._chain, False
        if self._state == "calls":
            if not text or text[0].isspace() or text[0] in "|":
                return self._chain, False
            self._state = "after"
            return self._chain, True
        if text.startswith(CHAIN) and self._state in ("after", "message"):
            self._state = "between"
            return self._chain, False
        if self._state in ("after", "between") and not text.strip():
            return self._chain, False
        if self._state == "between":
            # Somebody has left out the calls.
            self._state = "after"
            return self._chain, True
        return 0, False


def _with_recent(found: list[Read]) -> list[Read]:
    since, first = 0, len(found)
    for at in reversed(range(len(found))):
        if since > FEW:
            break
        first = at
        since += found[at].plain
    return [*found[:first], *(one._replace(recent=True) for one in found[first:])]


def _with_ends(found: Sequence[Read]) -> list[Read]:
    """The lines, with those marked that belong to the end of their process."""
    several = any(one.launcher for one in found)
    summary = _compiled(_SUMMARY)
    launched = {(one.process, one.chain) for one in found if one.headline and summary.search(one.text)}
    after: defaultdict[str, int] = defaultdict(int)
    last: dict[str, int] = {}
    marked = []
    for one in reversed(found):
        # What launchers raise themselves is a summary.
        own = bool(one.chain) and (one.process, one.chain) not in launched
        near = after[one.process] <= SLACK
        if own and near:
            last.setdefault(one.process, one.chain)
        in_last = own and near and (several or last.get(one.process) == one.chain)
        # Ranks whose lines are not marked have a last traceback each.
        earlier = bool(last.get(one.process)) and not in_last
        marked.append(one._replace(fatal=near and not earlier, last_chain=in_last))
        after[one.process] += one.plain
    return marked[::-1]
