"""Where log lines go: stdout, each with the name of its instance in front where there are several."""

import sys
import zlib
from typing import TYPE_CHECKING

import click

from arena.commands._live import colour

if TYPE_CHECKING:
    from arena.actions.logs import Block
    from arena.model import Job

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red")


class Sink:
    """Writes blocks of lines in as few calls as they come.

    Args:
        prefix: whether to name the instance before each line; None: where the job has several.
        stamps: whether to show the cluster's time stamps.
    """

    def __init__(self, *, prefix: bool | None, stamps: bool) -> None:
        self._prefix = prefix
        self._stamps = stamps
        self._heads: dict[str, str] = {}
        self._job = ""
        self._several = False
        self._coloured = sys.stdout.isatty() and colour() is None

    def learn(self, job: "Job") -> None:
        """Take note of how many instances there are."""
        self._job = job.name
        self._several = self._several or len(job.instances) > 1

    def write(self, block: "Block") -> None:
        """Print the block's lines."""
        head = self._head(block.instance)
        if self._stamps:
            text = "".join(f"{head}{s} {t}\n" for s, t in zip(block.stamps, block.lines, strict=True))
        else:
            text = "".join([f"{head}{line}\n" for line in block.lines])
        out = sys.stdout.buffer
        out.write(text.encode("utf-8", "replace"))
        out.flush()

    def _head(self, instance: str) -> str:
        if not (self._several if self._prefix is None else self._prefix):
            return ""
        if instance not in self._heads:
            name = f"[{instance.removeprefix(self._job + '-')}]"
            # The same instance has the same colour in every run.
            own = COLOURS[zlib.crc32(instance.encode()) % len(COLOURS)]
            self._heads[instance] = (click.style(name, fg=own) if self._coloured else name) + " "
        return self._heads[instance]
