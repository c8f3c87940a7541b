"""Starts the server's process: detached, in the state folder, with the harmless part of our environment."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEPT = ("LC_", "XDG_", "ARENA_", "PYTHON", "CONDA", "CUDA", "NVIDIA", "DYLD_", "NCCL_", "OMP_")
_NAMES = "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TERM VIRTUAL_ENV LD_LIBRARY_PATH"
NAMES = frozenset(_NAMES.split())
"""What the server keeps of the environment it was started from: no token of that shell."""


def spawn(home: Path, version: str, idle: float | None, gpus: str, patience: float) -> bool:
    """Run the server's module on its own and wait, so many seconds, until it is ready; whether it said so.

    Raises:
        OSError: the log cannot be written, or no process can be made.
    """
    argv = [sys.executable, "-m", "arena.local.server", "--version", version]
    if idle is not None:
        argv += ["--idle", str(idle)]
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as ready:
        with os.fdopen(writer, "wb", buffering=0), _log(home) as log:
            # In its own folder, not the caller's: `-m` would import modules lying there. It forks at
            # once, so that the server proper is nobody's child.
            subprocess.call(
                [*argv, "--ready", str(writer)], cwd=home, env=_environment(home, gpus),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writer,),
            )  # fmt: skip
        return bool(select.select([ready], [], [], patience)[0] and ready.read(1))


@contextmanager
def _log(home: Path) -> Iterator[int]:
    """The server's log opened for appending; a long one is first moved aside."""
    path = home / "server.log"
    if path.exists() and path.stat().st_size > 5 << 20:
        path.replace(home / "server.log.1")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _environment(home: Path, gpus: str) -> dict[str, str]:
    """The server's environment: the harmless part of ours, and the way to this package."""
    env = {name: value for name, value in os.environ.items() if name in NAMES or name.startswith(KEPT)}
    if gpus:
        env["ARENA_LOCAL_GPUS"] = gpus
    env["ARENA_LOCAL_HOME"] = str(home)  # even where it was said relative to our folder
    paths = [os.path.abspath(path) for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    root = Path(__file__).resolve().parents[2]
    # An installed package is found anyway; its folder must not come before the standard library.
    if root.name not in ("site-packages", "dist-packages"):
        paths.append(str(root))
    if paths:
        env["PYTHONPATH"] = os.pathsep.join(paths)
    return env
