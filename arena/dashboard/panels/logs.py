"""The logs of a job as they come, as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.dashboard import text
from arena.dashboard.panel import Scope
from arena.dashboard.panels.jobs import ONE, found
from arena.digits import whole
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Block

PATH = f"{ONE}/logs"
QUERY = ("instance", "tail")
TAIL, LONGEST = 500, 4000
"""Number of lines of each instance, and of characters of a line."""
_READ, _BATCH = 4 * LONGEST, 500


def stream(scope: Scope, where: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield lines in batches; while the job has not ended, at least an empty batch every second."""
    from arena.actions.jobs.logs import follow, snapshot
    from arena.actions.jobs.logs.lines import Options

    tail = whole(where.get("tail"))
    options = Options(instance=where.get("instance", ""), tail=TAIL if tail is None else tail)
    cluster, job = scope.session.cluster(), found(scope, where)
    if job.phase.is_final and not job.survivors:
        blocks: Iterator[Block | Job] = _joined(snapshot.read(cluster, job, options))
    else:
        kind = kinds.named(where["kind"])
        blocks = follow.follow(cluster, where["name"], where["namespace"], options, kind)
    for block in blocks:
        if isinstance(block, Job):
            yield {}
        elif block.said:
            yield {"instance": text.shown(block.instance), "said": text.shown(block.said)}
        elif block.lines:
            lines = [text.output(line[:_READ])[:LONGEST] for line in block.lines]
            yield {"instance": text.shown(block.instance), "lines": lines}
    yield {"ended": True}


def _joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Successive single lines of an instance as one block."""
    for _, group in groupby(blocks, key=lambda one: (one.instance, one.said)):
        while some := list(islice(group, _BATCH)):
            yield replace(some[0], stamps=(), lines=[line for one in some for line in one.lines])
