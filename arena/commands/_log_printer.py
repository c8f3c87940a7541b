"""Print log lines on stdout, prefixed with the instance if there are several.

When piped, lines are the bytes that the program wrote. A terminal receives their text with colours and
carriage returns, and shows unfinished lines, such as progress bars, in rows below the others.
"""

import re
import shutil
import sys
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from arena import visible
from arena.commands import _console
from arena.commands._progress import colour, redraws

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Block
    from arena.actions.jobs.logs.selection import Selection
    from arena.model.jobs import Job

T = TypeVar("T")
COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red")
PLAIN = "\x1b[0m"


class Sink:
    """Writes each block of lines with one call.

    Args:
        prefix: whether lines begin with the instance; None: if the job has several.
        stamps: whether to show the cluster's timestamps.
        selection: which lines to show; None for all.

    Attributes:
        redraws: whether unfinished lines can be shown.
    """

    def __init__(self, *, prefix: bool | None, stamps: bool, selection: "Selection | None" = None) -> None:
        self._selection = selection
        self._shown = False
        self._prefix = prefix
        self._stamps = stamps
        self._heads: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._job = ""
        self._several = False
        self.is_terminal = sys.stdout.isatty()
        self.redraws = redraws(sys.stdout)
        self._coloured = self.is_terminal and colour() is None
        self._rows = Rows()

    def learn(self, job: "Job") -> None:
        """Remember how many instances there are, and their short names."""
        from arena.kinds.workload.instance_findings import place

        if self._selection:
            self._selection.learn(job)
        self._job = job.name
        self._several = self._several or max(len(job.instances), job.wanted) > 1
        for one in job.instances:
            # If an instance had several pods, the first gets its short name, the others the names of their
            # pods.
            if one.name not in self._names and place(one) not in self._names.values():
                self._names[one.name] = place(one)

    def write(self, block: "Block") -> None:
        """Print the selected lines of a block, and on stderr what replaces missing ones."""
        for one in self._selection.take(block) if self._selection else (block,):
            self._shown = self._shown or bool(one.lines)
            self._print(one)

    def end(self) -> None:
        """Print what is shown at the end, and say on stderr if no line was selected."""
        if self._selection is None:
            return
        for one in self._selection.end():
            self._shown = self._shown or bool(one.lines)
            self._print(one)
        if self._selection.pattern and not self._shown:
            _console.remark(f'no line matches "{self._selection.pattern.pattern}"')

    def ending(self, items: "Iterator[T]") -> "Iterator[T]":
        """Pass items on; after Ctrl-C, print what is shown at the end."""
        try:
            yield from items
        except KeyboardInterrupt:
            self.end()
            raise

    def _print(self, block: "Block") -> None:
        if block.said:
            self.pause()
            name = self._called(block.instance)
            _console.remark(f"{name}: {block.said}" if name else block.said)
            return
        head = self._head(block.instance)
        out = sys.stdout.buffer
        if self.is_terminal:
            text = "".join([f"{row(head, line)}\n" for line in self._lines(block)])
            rest = unended(head, block.unfinished) if block.unfinished else ""
            out.write(self._rows.below(text, block.instance, rest).encode())
        elif block.lines:
            start = head.encode()
            out.write(start + (b"\n" + start).join(self._lines(block)) + b"\n")
        out.flush()

    def pause(self) -> None:
        """Remove the rows until the next block, so that a remark can follow the finished lines."""
        sys.stdout.buffer.write(self._rows.hidden().encode())
        sys.stdout.buffer.flush()

    def _lines(self, block: "Block") -> "Sequence[bytes]":
        if not self._stamps:
            return block.lines
        return [b"%b %b" % pair for pair in zip(block.stamps, block.lines, strict=True)]

    def _called(self, instance: str) -> str:
        return self._names.get(instance, instance).removeprefix(f"{self._job}-")

    def _head(self, instance: str) -> str:
        if not (self._several if self._prefix is None else self._prefix):
            return ""
        if instance not in self._heads:
            name = f"[{visible.line(self._called(instance))}]"
            # The same instance has the same colour in every run.
            own = COLOURS[zlib.crc32(instance.encode()) % len(COLOURS)]
            self._heads[instance] = (click.style(name, fg=own) if self._coloured else name) + " "
        return self._heads[instance]


class Rows:
    """Unfinished lines at the bottom of a terminal, one row for each instance that writes one."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self._drawn = 0

    def below(self, text: str, instance: str, row: str) -> str:
        """Return what to send to the terminal: `text` in place of the rows, and the new rows below it.

        Args:
            row: the new row of the instance; "" for none.
        """
        self._rows.pop(instance, None) if not row else self._rows.update({instance: row})
        size = shutil.get_terminal_size()
        # The order is stable, so that no row jumps.
        rows = [self._rows[one] for one in sorted(self._rows)]
        if len(rows) > (room := max(size.lines - 2, 1)):
            rows = [*rows[: room - 1], f"... and {len(rows) - room + 1} more"]
        gone, self._drawn = self.hidden(), len(rows)
        # A row that fills its line may wrap.
        return gone + text + "".join(f"{cut(one, size.columns - 1)}\n" for one in rows)

    def hidden(self) -> str:
        """Return what removes the rows until they are drawn again."""
        drawn, self._drawn = self._drawn, 0
        return f"\x1b[{drawn}F\x1b[J" if drawn else ""


def row(head: str, line: bytes) -> str:
    """A whole line on a terminal; of a progress bar the last state, since wrapped rows stay."""
    return head + _plain(visible.redrawn(visible.output(line.decode("utf-8", "replace"))))


def unended(head: str, line: bytes) -> str:
    """The visible part of an unfinished line: what follows its last carriage return."""
    return head + visible.redrawn(visible.output(line.decode("utf-8", "replace"))).expandtabs()


def cut(text: str, columns: int) -> str:
    """The beginning of a coloured line that fits into the given number of cells."""
    parts = re.split(visible.COLOUR, text)
    for place in range(0, len(parts), 2):
        parts[place] = visible.clip(parts[place], columns)
        columns -= visible.width(parts[place])
    return _plain("".join(parts))


def _plain(text: str) -> str:
    """The text, whose colours end with it."""
    return text + PLAIN if "\x1b" in text else text
