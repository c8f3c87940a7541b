"""The line in the log of a failed instance that shows the error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from arena.actions.diagnosis.explainer import Explainer
from arena.errors import ArenaError
from arena.kinds.workload.instance_findings import culprit
from arena.model.findings import Evidence
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase

if TYPE_CHECKING:
    from arena.kube import Cluster

LINES, BYTES = 100, 1 << 20
"""Maximum number of lines to read from the end of a log."""
PATIENCE = 5.0
"""Seconds to wait for a log, since its node may be gone."""
LONGEST = 300
"""Maximum number of characters of the line."""
# These are compiled at their first use, because most commands do not use them.
_TRACE = "Traceback (most recent call last):"
_WHERE = r"^(?:\[[\w .:-]*\]:? ?)?"
"""The prefix that launchers add to the lines of ranks, such as `[rank0]: `."""
_ERROR = (
    _WHERE + r"(?:[\w.]*[A-Z]\w*(?:Error|Exception|Interrupt|Expired)(?:: .*)?$"
    r"|(?i:error|fatal|fatal error|panic)\b *[:\]]|.*\b(?:ERROR|FATAL|CRITICAL)\b)"
    r"|\b(?:Segmentation fault|Bus error|Illegal instruction|core dumped|Aborted|Killed)\b"
    r"|\bterminate called\b|(?i:\bout of memory\b)|\b[Nn]o such file or directory\b|: (?:command )?not found$"
)
_SIGNAL = (
    _WHERE + r"(?:.*: line \d+: *\d+ )?(?:Segmentation fault|Bus error|Illegal instruction|Aborted|Killed)"
    r"(?: +\(core dumped\))?(?:  .*)?$"
)
"""What shells print about the signal that ended a program; the reason of the job contains it as well."""
_SUMMARY = r"ChildFailedError|torch/distributed/elastic|^[EW]\d{4} "
"""What torchrun itself prints about failures of its processes."""


def read(cluster: Cluster, namespace: str | None, jobs: Sequence[Job]) -> Mapping[str, str]:
    """The uid of each job -> the line in the log of its first failure; "" if the log cannot be read."""
    failed = ((job.uid, culprit(job.instances)) for job in jobs)
    return {uid: error_of(cluster, one) for uid, one in failed if one}


def error_of(cluster: Cluster, one: Instance) -> str:
    """The line in the log of an instance that shows its error; "" if none does, or it cannot be read."""
    return error(_end(cluster, one))


def explain(job: Job, lines: Mapping[str, str]) -> Job:
    """The job with the line as evidence of its failure."""
    one = culprit(job.instances)
    if not (one and job.findings and lines.get(job.uid)):
        return job
    first, *others = job.findings
    shown = (*first.evidence, Evidence("log", f"pod/{one.name}", lines[job.uid]))
    return replace(job, findings=(first._replace(evidence=shown), *others))


def error(lines: Iterable[str]) -> str:
    """The last of the lines that looks like an error, without colours and cut to `LONGEST`; "" if none does.

    A line that only names a signal is used if there is no other.
    """
    from arena import visible

    found, signal, within = "", "", False
    for line in (re.sub(visible.COLOUR, "", visible.output(one)).rstrip() for one in lines):
        text = re.sub(_WHERE, "", line)
        if text == _TRACE:
            within = True
        elif within and text and not text.startswith((" ", "\t")):
            # The exception follows the calls, without indentation.
            within, found = False, line if not re.search(_SUMMARY, line) else found
        elif re.match(_SIGNAL, line):
            signal = line
        elif re.search(_ERROR, line) and not re.search(_SUMMARY, line):
            found = line
    return (found or signal).strip()[:LONGEST]


def _end(cluster: Cluster, one: Instance) -> list[str]:
    from arena.actions.jobs.instances import main_container
    from arena.kube import LogQuery

    query = LogQuery(container=main_container(one).name, tail=LINES, silence=PATIENCE)
    lines: list[str] = []
    room = BYTES
    with suppress(ArenaError), cluster.logs(one.namespace, one.name, query) as stream:
        for line in stream:
            room -= len(line)
            if room < 0:
                break
            lines.append(line.decode("utf-8", "replace"))
    return lines


def _has_failed(job: Job) -> bool:
    return job.phase is Phase.FAILED and culprit(job.instances) is not None


EXPLAINER = Explainer(order=50, concerns=_has_failed, read=read, explain=explain, for_one=True)
