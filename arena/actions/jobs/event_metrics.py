"""The metrics that a job on this machine writes as event files, for TensorBoard."""

from __future__ import annotations

import math
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from arena import foreign_json, labels
from arena.event_records import NAMED, records, scalars
from arena.metric_lines import moment
from arena.model.curves import Point
from arena.model.jobs import Job

FOLDERS, FILES, RECORDS = 2_000, 64, 50_000
"""Number of folders that are searched, of files, and of records of one file that are read."""
METRICS, POINTS = 40, 200_000
"""Number of metrics of a job, and of points of all of them."""
LATER = 60.0
"""Seconds after the end of a job in which its last values may be written."""


def logdir(job: Job) -> str:
    """The `--logdir` of a job with TensorBoard; "" if it has none, or a copy of its code beside its own."""
    try:
        spec = foreign_json.loads(job.annotations.get(labels.SPEC) or "null")
    except ValueError:
        return ""
    if not isinstance(spec, dict) or not spec.get("tensorboard"):
        return ""
    path = spec.get("logdir")
    if not isinstance(path, str) or "://" in path or "\0" in path:
        return ""
    is_apart = any(spec.get(key) for key in ("code", "working_dir"))
    return path if os.path.isabs(path) or not is_apart else ""


def read(job: Job, root: str) -> Mapping[str, Sequence[Point]]:
    """The points of each metric in the event files below a folder that were written while a job ran.

    Jobs may share a folder, so what is older or newer belongs to others. Tags of different folders are told
    apart by these, as in `train/loss`.
    """
    if job.created is None:
        return {}
    began = job.created.timestamp() - 1
    ended = job.finished.timestamp() + LATER if job.finished else math.inf
    files = [path for path in _files(root) if _changed(path) >= began]
    above = os.path.commonpath([os.path.dirname(path) for path in files]) if files else ""
    found: defaultdict[str, list[Point]] = defaultdict(list)
    for path in files:
        inside = os.path.relpath(os.path.dirname(path), above)
        room = POINTS - sum(map(len, found.values()))
        for tag, text, step, wall in islice(_scalars(path), room):
            name = os.path.normpath(os.path.join(inside, tag))
            if began <= wall <= ended and (name in found or len(found) < METRICS):
                found[name].append(Point(moment(wall), step, float(text)))
    return found


def _files(root: str) -> list[str]:
    walked = islice(os.walk(root), FOLDERS)
    found = [os.path.join(at, name) for at, _, names in walked for name in names if NAMED in name]
    return sorted(sorted(found, key=_changed)[-FILES:])


def _changed(path: str) -> float:
    """When the file was written last; 0 if it is gone or none."""
    with suppress(OSError):
        found = os.stat(path)
        return found.st_mtime if stat.S_ISREG(found.st_mode) else 0.0
    return 0.0


def _scalars(path: str) -> Iterator[tuple[str, str, int, float]]:
    with suppress(OSError), open(path, "rb") as file:
        for _, record in records(file.fileno(), 0, RECORDS):
            yield from scalars(record)
