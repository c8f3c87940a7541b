"""Starts a killed server again, as it was started before: `python -I -S restart.py FOLDER`.

A server records in `server.restart.json` how it was started. If it is killed, the proxy's process runs this
program; if both were killed, the supervisor of a pod does. The program holds `start.lock`, as commands do, so
that a cluster which a command stops meanwhile stays stopped. It tries LIMIT times, after longer and longer
pauses; a server that has run for HEALTHY seconds counts anew, and a command always starts one.

Supervisors import this module, so it imports only the standard library, and that late.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    import argparse
    from typing import Any

    from arena.paths import StrPath

if __name__ == "__main__":  # as `supervisor` does
    sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/")[0])

from arena import foreign_json  # noqa: E402
from arena.local import locks  # noqa: E402

NAME = "server.restart.json"
"""The record, in the state folder."""
FIELDS = {"argv": list, "env": dict, "process": dict, "installed": list, "restarts": int, "last": float}
"""What it holds, and its types; `installed` is what `seen` returned."""
LIMIT = 8
"""Restarts in a row."""
LONGEST = 30.0
"""Seconds of the longest pause between two restarts; the first ones are 0, 1, 2, 4 ... seconds."""
HEALTHY = 60.0
"""Seconds after which a server does not count as one that crashes at its start."""
PATIENCE = 60.0
"""Seconds to wait for the server."""


def note(home: StrPath, options: argparse.Namespace) -> None:
    """Record how this process, a server, was started; one in the foreground is not restarted.

    Call it in the server's event loop.

    Raises:
        OSError: the record cannot be written.
    """
    import asyncio

    path = os.path.join(home, NAME)
    if options.foreground:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    _write(path, own(options))
    if options.restarts:
        options.restarts = 0
        asyncio.get_running_loop().call_later(HEALTHY, _write, path, own(options))


def own(options: argparse.Namespace) -> dict[str, Any]:
    """How this process, a server, was started."""
    from arena import _version
    from arena.local import process_settings

    argv = [sys.executable, "-m", "arena.local.server"]
    return {
        "argv": [*argv, "--version", options.version, "--idle", str(options.idle)],
        "env": dict(os.environ),
        "process": process_settings.usual(),
        "installed": seen([os.path.abspath(_version.__file__), sys.executable]),
        "restarts": options.restarts,
        "last": time.time(),
    }


def seen(paths: list[str]) -> list[list[Any]]:
    """What tells an installation from a later one at the same paths.

    Raises:
        OSError: one does not exist.
    """
    found = [(path, os.stat(path)) for path in paths]
    return [[path, meta.st_dev, meta.st_ino, meta.st_mtime_ns] for path, meta in found]


def is_due(home: StrPath) -> bool:
    """Whether a server was killed, and is to be started now."""
    return locks.fell(home) and bool(_due(home))


def _due(home: StrPath) -> dict[str, Any]:
    """The record of a server that is to be started now if it was killed; {} if none is."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        with open(os.path.join(home, NAME)) as file:
            found = foreign_json.loads(file.read())
        if any(type(found[name]) is not kind for name, kind in FIELDS.items()):
            return {}
        count = found["restarts"]
        pause = min(2.0 ** (count - 1), LONGEST) if count else 0.0
        passed = time.time() - found["last"]
        # The clock may have been set back meanwhile.
        is_time = count < LIMIT and not 0 <= passed < pause
        is_same = found["installed"] == seen([one[0] for one in found["installed"]])
        if is_time and is_same and os.path.samefile(found["env"]["ARENA_LOCAL_HOME"], home):
            return dict(found)
    return {}


def command(home: StrPath) -> list[str]:
    """The command line of this program."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), os.fspath(home)]


def main(home: str) -> None:
    """Start the server of a state folder, if it was killed and nobody else starts or stops it."""
    from arena import ownership, private
    from arena.local import launch, process_settings

    with suppress(private.Exposed, OSError):
        private.check(home)
        lock = locks.acquire_existing(os.path.join(home, locks.START))
        if lock is None or not is_due(home):
            return
        path, record = os.path.join(home, NAME), _due(home)
        if not record or ownership.weakness(path):
            return
        record.update(restarts=record["restarts"] + 1, last=time.time())
        _write(path, record)
        process_settings.take(record["process"])
        argv = [*record["argv"], "--restarts", str(record["restarts"])]
        launch.run(record["env"]["ARENA_LOCAL_HOME"], argv, record["env"], PATIENCE)
        os.close(lock)


def _write(path: str, record: dict[str, Any]) -> None:
    import json

    from arena import private

    private.write(path, json.dumps(record) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
