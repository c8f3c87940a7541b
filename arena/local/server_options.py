"""The options of the server process, and the variables that stand for them."""

import argparse
import os
import re
from collections.abc import Sequence

from arena.local.folders import DaemonError

IDLE = 30 * 60.0
"""Seconds without pods and requests after which the server stops."""


def read(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line of the server; None for that of this process.

    Raises:
        DaemonError: a variable cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m arena.local.server")
    parser.add_argument("--foreground", action="store_true", help="do not detach from the terminal")
    parser.add_argument(
        "--ready", type=int, metavar="FD", help="descriptor that gets a byte when it is ready"
    )
    parser.add_argument("--version", default="", help="version of arena that starts the server")
    parser.add_argument("--idle", type=float, help="seconds without use before it stops; 0: never")
    parser.add_argument(
        "--restarts", type=int, default=0, help="how often in a row it was started again after a crash"
    )
    options = parser.parse_args(argv)
    if options.idle is None:
        options.idle = _idle(os.environ.get("ARENA_LOCAL_IDLE", ""))
    options.kept = _kept(os.environ.get("ARENA_LOCAL_LOGS", ""))
    return options


def _idle(text: str) -> float:
    try:
        return max(0.0, float(text or IDLE))
    except ValueError:
        raise DaemonError(f"ARENA_LOCAL_IDLE={text} is not a number of seconds", "unset it") from None


def _kept(text: str) -> int | None:
    """Parse a size such as 500Mi into bytes; None for "", the node's default."""
    found = re.fullmatch(r"(\d+)([KMGT]i)?", text)
    if text and not found:
        raise DaemonError(f"ARENA_LOCAL_LOGS={text} is not a size such as 500Mi", "unset it")
    return int(found[1]) << 10 * " KMGT".index((found[2] or " ")[0]) if found else None
