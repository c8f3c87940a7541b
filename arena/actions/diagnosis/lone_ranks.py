"""Instances that each train alone: with the wrong launcher, every rank has a world size of 1.

The job succeeds nevertheless. This is detected in what programs print about their ranks. A false alarm is
worse than silence: every instance must report that it is alone, and one mention of a second rank prevents the
warning.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from arena import kinds
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Block

FIRST = 5000
"""Number of lines to read of an instance: programs report their ranks at the start."""
WIDTH = 500
"""Number of bytes to read of a line."""
_HINTS = (b"rank", b"world", b"processes", b"member")
_PART = re.compile(
    rb"local|node|group|parallel|tensor|pipeline|expert|model|shard|context|machine|\b[cdept]p\b"
    rb"|data|tokeni|preproc|beam|matrix|candidate"
)
"""Words for groups within the world, which may have a single rank, and for ranks in another sense."""
_SIZE = rb"(?:world[ _-]?size|num[ _]processes|number of processes)['\"]?[ :=]{1,3}"
_ALONE = re.compile(rb"(?:\brank[ :=]{1,2}0(?: of |/)|\bmember: 1/|\b" + _SIZE + rb")1(?!,?[\w.%/])")
_TOGETHER = re.compile(
    rb"\brank[ :=]{0,2}[1-9]|\brank[ :=]{1,2}0(?: of |/)(?:[2-9]|1\d)|\bmember: \d+/(?:[2-9]|1\d)|\b"
    + _SIZE
    + rb"(?:[2-9]|1\d)"
)


class RankReports:
    """What the lines of a job's instances report about ranks."""

    def __init__(self) -> None:
        self._read: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._together = False
        self._shown: list[Evidence] = []

    def note(self, block: Block) -> None:
        """Read the lines of a block."""
        left = FIRST - self._read[block.instance]
        if self._together or left <= 0:
            return
        self._read[block.instance] += len(block.lines)
        for line in block.lines[:left]:
            text = line[:WIDTH].lower()
            if any(hint in text for hint in _HINTS):
                self._look(block.instance, text)

    def _look(self, instance: str, text: bytes) -> None:
        if _TOGETHER.search(text):
            self._together = True
        elif not _PART.search(text) and _ALONE.search(text):
            if not self._alone[instance]:
                self._shown.append(Evidence("log", f"pod/{instance}", text.decode("utf-8", "replace")))
            self._alone[instance] += 1

    def finding(self, job: Job) -> Finding | None:
        """The finding that every instance trains alone; None unless each of them reports it."""
        if self._together or job.phase is Phase.FAILED or not self._all_alone(job):
            return None
        if not kinds.find(job.kind).one_world:
            return None
        cause = (
            f"each of the {len(job.instances)} instances reports that it is alone (rank 0 of 1), so they do "
            "not train together"
        )
        remedy = (
            "Running torchrun instead of python usually helps: see docs/launchers.md in arena's repository"
        )
        return Finding("ranks.alone", cause, tuple(self._shown), remedy)

    def _all_alone(self, job: Job) -> bool:
        """Whether every instance reports it, or as many lines of the launcher that starts the ranks."""
        launcher = next((one.name for one in job.instances if one.role == "launcher"), "")
        if launcher:
            return self._alone[launcher] >= len(job.instances) - 1 > 1
        return len(job.instances) > 1 and all(self._alone[one.name] for one in job.instances)
