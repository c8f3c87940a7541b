"""Exceptions and crashes in the output of programs: where they begin and end, and their message.

Known are those of Python (also chained ones, groups, and fatal errors), C++, glog, Go, Java and Rust, and
what shells print of fatal signals. The lines may have the prefix that launchers give to those of a rank.
"""

import re
from collections.abc import Iterable, Iterator

from arena.tuples import NamedTuple

LONGEST = 400
"""Number of lines to keep of a traceback; what the middle of a longer one says is left out."""
FOREIGN = 20
"""Number of lines of other threads that may be between the calls of a traceback and its exception."""
PREFIX = r"(?:\[[\w .:,-]*\](?:<std(?:out|err)>)?:?)?"
"""What launchers add to the lines of ranks: `[rank0]:`, `[1,3]<stderr>:`; some add a space as well."""
_EXCEPTION = r"(?:[\w.]+\.)?[A-Z]\w*(?:$|: )|[\w.]+:(?: |$)"
HEAD = "Traceback (most recent call last):"
CHAIN = "The above exception was the direct cause of", "During handling of the above exception,"
"""How a traceback of Python begins, and how a line does that leads to the next exception."""
_PYTHON = rf"\s*{re.escape(HEAD)}$"
_GROUP = rf"\s*\+ Exception Group {re.escape(HEAD)}$"
_SYNTAX = r'  File ".*", line \d+$'
_NEEDS = {
    "go": r"goroutine \d+ ",
    "java": r"\s+at ",
    "syntax": r"(?:\w+\.)*(?:SyntaxError|IndentationError|TabError)\b",
}
"""Without such a line, it was something else."""
_STARTS = {
    "group": _GROUP,
    "python": _PYTHON,
    "syntax": _SYNTAX,
    "fatal": r"Fatal Python error: ",
    "c++": r"terminate called (?:after|without|recursively)\b",
    "glog": r"F\d{4} [\d:.]+ +\d+ \S+:\d+\] |\*\*\* (?:Aborted at|SIG[A-Z]+ |Process received signal)",
    "go": r"panic: |fatal error: ",
    "java": r'Exception in thread "',
    "rust": r"thread '.*'(?: \(\d+\))? panicked at ",
    "signal": r"(?:\S+: line \d+: +\d+ )?(?:Segmentation fault|Bus error|Illegal instruction|Aborted|Killed)"
    r"(?: \(core dumped\))?(?:  .*)?$",
}
_GOES_ON = {
    "group": r"\s*[|+]",
    "fatal": r"Python runtime state|Current thread|Thread 0x|Extension modules|Stack |\s+\S",
    "c++": r"\s+what\(\)|\s+\S|Exception raised from|frame #\d+",
    "glog": r"\s+@|\*\*\*|\[\S+:\d+\] ",
    "go": r"goroutine \d+ |[^\s(]*\(.*\)$|\s+\S|\[signal |exit status |created by ",
    "java": r"\s+at |\s+\.\.\. \d+ more|Caused by: |\s+Suppressed: ",
    "rust": r"note: |stack backtrace:|\s+\d+: |\s+at ",
    "signal": r"(?!)",
}
"""What the following lines of each look like; those of Python follow rules of their own."""
_SECONDARY = (
    r"(?:[\w.]+\.)?(?:ChildFailedError|SignalException|KeyboardInterrupt|SystemExit|BrokenPipeError)\b"
    r"|.*(?i:connection (?:closed|reset) by peer)"
)
"""Titles of failures that usually follow from that of another process."""
_START = re.compile("|".join(f"(?:{one})" for one in _STARTS.values()))
_START_BY_KIND = {kind: re.compile(one) for kind, one in _STARTS.items()}
_GOES_ON_BY_KIND = {kind: re.compile(one) for kind, one in _GOES_ON.items()}
_PREFIX = re.compile(PREFIX)
_HINTS = (
    "Traceback", "File ", "Fatal", "terminate", "F0", "F1", "***", "panic", "fatal", "Exception", "panicked",
    "Segmentation", "Bus", "Illegal", "Aborted", "Killed",
)  # fmt: skip
"""One of these is in every first line; most lines have none."""


class Failure(NamedTuple):
    """An exception or a crash in the output of a program."""

    title: str
    """Its message: `ValueError: bad shape`."""
    lines: tuple[str, ...]
    begin: object
    """What was given with its first line, such as the time."""

    @property
    def is_secondary(self) -> bool:
        """Whether it usually follows from the failure of another process."""
        return re.match(_SECONDARY, self.title) is not None


class _Open:
    """A failure whose end has not been read."""

    def __init__(self, kind: str, line: str, text: str, begin: object) -> None:
        self._kind = kind
        self._lines = [line]
        self._begin = begin
        self._title = "" if kind in ("python", "group", "syntax") else text.strip()
        self._blank: list[str] = []
        self._proven = kind not in _NEEDS
        # Of Python: the column of the exceptions, and whether calls or another exception must follow.
        self._column = 0 if kind == "syntax" else _column(text)
        self._expects = "calls"
        self._foreign = 0
        self.spaced = False
        """Whether a space follows the prefix of its lines."""

    def takes(self, line: str, text: str) -> bool:
        """Whether the line does not end it; if it belongs to it, it is added."""
        if not text.strip():
            self._blank.append(line)
            return len(self._blank) < 3 and self._kind != "signal"
        if not (self._is_python(text) if self._kind in ("python", "syntax") else self._goes_on(text)):
            # Another thread may have written this between the calls and their exception.
            self._foreign += 1
            return self._kind == "python" and self._expects == "calls" and self._foreign < FOREIGN
        self._lines += [*self._blank, line]
        self._blank = []
        if len(self._lines) > LONGEST:
            del self._lines[LONGEST // 2]
        return True

    def _is_python(self, text: str) -> bool:
        """Whether it is a call, the exception that follows the calls, or what leads to the next exception."""
        head = re.match(_PYTHON, text) is not None
        if _column(text) > self._column:
            return self._expects == "calls" or not self._blank
        if self._expects == "calls":
            if not re.match(_EXCEPTION, text.strip()):
                return False
            self._title, self._expects = text.strip(), ""
            self._proven = self._proven or re.match(_NEEDS[self._kind], self._title) is not None
            return True
        if self._expects == "another":
            self._expects = "calls" if head else ""
            return head
        self._expects = "another" if text.strip().startswith(CHAIN) else ""
        return bool(self._expects)

    def _goes_on(self, text: str) -> bool:
        if not self._proven and re.match(_NEEDS[self._kind], text):
            self._proven = True
            return True
        if self._blank and self._kind not in ("go", "fatal", "glog"):
            return False
        if self._kind == "group" and not self._title and (found := re.match(r"\s*\| ([\w.]+: .*)", text)):
            self._title = found[1]
        if self._kind == "c++" and (what := re.match(r"\s+what\(\):\s*(.*)", text)):
            self._title = f"{self._title}: {what[1]}"
        if self._kind == "rust" and len(self._lines) == 1:
            return True  # the message
        return _GOES_ON_BY_KIND[self._kind].match(text) is not None

    def failure(self) -> Failure | None:
        """The failure; None if it turned out to be something else, or is not whole."""
        if not (self._proven and self._title):
            return None
        return Failure(self._title, tuple(self._lines), self._begin)


def _column(text: str) -> int:
    return len(text) - len(text.lstrip())


class Tracebacks:
    """Finds failures in the lines of a log, in which the ranks of a launcher may alternate."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def feed(self, line: str, begin: object = None) -> Iterator[Failure]:
        """Read the next line; yield the failures that have ended before it.

        Args:
            begin: what to remember of the line if a failure begins with it, such as its time.
        """
        if not self._open and not any(hint in line for hint in _HINTS):
            return
        prefix = _PREFIX.match(line)[0]  # type: ignore[index]
        texts = [line[len(prefix) :]]
        if prefix and texts[0].startswith(" "):
            texts.insert(0, texts[0][1:])
        known = self._open.get(prefix)
        if known and known.takes(line, texts[0] if known.spaced else texts[-1]):
            return
        if known and (found := self._open.pop(prefix).failure()):
            yield found
        text = next(filter(_START.match, texts), "")
        if text and len(self._open) < 1024:
            kind = next(kind for kind, start in _START_BY_KIND.items() if start.match(text))
            self._open[prefix] = _Open(kind, line, text, begin)
            self._open[prefix].spaced = text is not texts[-1]

    def end(self) -> Iterator[Failure]:
        """Yield the failures that the end of the log ends."""
        found = [one.failure() for one in self._open.values()]
        self._open = {}
        yield from filter(None, found)


def failures(lines: Iterable[str]) -> list[Failure]:
    """All failures in the lines; `begin` of each is the number of its first line, from 0."""
    reader = Tracebacks()
    found = [one for number, line in enumerate(lines) for one in reader.feed(line, number)]
    return sorted([*found, *reader.end()], key=lambda one: int(str(one.begin)))
