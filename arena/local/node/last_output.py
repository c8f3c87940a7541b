"""The end of a run's output, as a cluster shows it in the status of a container that failed."""

from pathlib import Path

from arena.local.node import failure_hints

LINES, BYTES = 80, 2048
"""What a cluster keeps of the output."""
_READ = 4 * BYTES
"""Lines of the log are longer than those of the output: they have times."""


def read(log: Path) -> str:
    """The last lines of a log, without their times and streams."""
    lines = failure_hints.tail(log, _READ).decode("utf-8", "replace").splitlines()
    parts = (line.split(" ", 3) for line in lines[-LINES:])
    text = "\n".join(part[3] for part in parts if len(part) == 4)
    return text.encode()[-BYTES:].decode("utf-8", "ignore")
