"""Save what was looked at in a new folder, with the layout that `dump.py` reads: all of it, or nothing."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from arena import private
from arena.diagnosis import redaction
from arena.diagnosis.json_fields import text
from arena.diagnosis.records import Log, Record
from arena.errors import ArenaError, SpecError
from arena.paths import StrPath

Object = dict[str, Any]
_SAFE = r"(?!\.)[A-Za-z0-9._-]{1,253}"


def check(folder: StrPath) -> None:
    """Refuse a folder that exists, or whose parent does not.

    Raises:
        SpecError: it cannot be made.
    """
    path = os.path.abspath(folder)
    if os.path.lexists(path):
        raise SpecError(f"--save: {os.fspath(folder)} exists", "name a new folder")
    if not os.path.isdir(os.path.dirname(path)):
        raise SpecError(f"--save: there is no folder {os.path.dirname(path)}", "make it first")


def save(record: Record, folder: StrPath) -> None:
    """Write a record without its secrets, readable by its owner alone.

    Raises:
        SpecError: the folder exists, or its parent does not.
        ArenaError: it cannot be written.
    """
    check(folder)
    path = os.path.abspath(folder)
    fresh = f"{path}.{os.getpid()}.part"
    try:
        os.mkdir(fresh, 0o700)
        try:
            _write(redaction.record(record), fresh)
            os.rename(fresh, path)
        except BaseException:
            private.remove(fresh)
            raise
    except OSError as error:
        raise ArenaError(f"{os.fspath(folder)} cannot be written: {error.strerror}") from error


def _write(record: Record, folder: str) -> None:
    files: defaultdict[tuple[str, str], list[Object]] = defaultdict(list)
    space = record.namespace or "default"
    files[space, "pods"] += record.pods
    files[space, "events"] += record.events
    for one in (*([record.job] if record.job else ()), *record.objects):
        where = text(one, "metadata", "namespace")
        if text(one, "kind") == "Node":
            files["", "nodes"].append(one)
        else:
            files[where, "objects" if where else "cluster"].append(one)
    for (where, name), found in files.items():
        _put(folder, [where] if where else [], f"{name}.json", _list(found))
    for log in record.logs:
        name = (log.container or "logs") + (".previous" if log.previous else "") + ".log"
        _put(folder, [log.namespace or space, log.pod], name, _text(log))


def _put(folder: str, parts: Sequence[str], name: str, content: str) -> None:
    for one in parts:
        if not re.fullmatch(_SAFE, one):
            return  # no name of Kubernetes; nothing may be written elsewhere
        folder = os.path.join(folder, one)
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
    if re.fullmatch(_SAFE, name):
        private.write(os.path.join(folder, name), content)


def _list(found: Sequence[Object]) -> str:
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": found}, indent=1) + "\n"


def _text(log: Log) -> str:
    return "".join(
        (f"{one.time.isoformat().replace('+00:00', 'Z')} " if one.time else "") + one.text + "\n"
        for one in log.lines
    ).encode("utf-8", "replace").decode()  # fmt: skip
