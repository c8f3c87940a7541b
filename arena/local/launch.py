"""Starts the server process: detached, in the state folder, without secrets of the environment."""

import os
import select
import site
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from arena.local.folders import DaemonError
from arena.local.locks import holder

KEPT = ("LC_", "XDG_", "ARENA_", "PYTHON", "CONDA", "CUDA", "NVIDIA", "DYLD_", "NCCL_", "OMP_")
_NAMES = "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TERM VIRTUAL_ENV LD_LIBRARY_PATH"
NAMES = frozenset(_NAMES.split())
"""Variables that are passed on to the server; tokens of the shell are not."""


def spawn(
    home: str, version: str, idle: float | None, offers: Mapping[str, str], patience: float
) -> tuple[bool, int]:
    """Start the server and wait up to `patience` seconds.

    Returns:
        Whether it is ready, and at which byte of `server.log` its own lines begin.

    Raises:
        OSError: the log cannot be written, or no process can be started.
    """
    argv = [sys.executable, "-m", "arena.local.server", "--version", version]
    if idle is not None:
        argv += ["--idle", str(idle)]
    return run(home, argv, _environment(home, offers), patience)


def run(home: str, argv: list[str], env: dict[str, str], patience: float) -> tuple[bool, int]:
    """Run the command of a server with this environment, and wait for it as `spawn` does."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as ready:
        with os.fdopen(writer, "wb", buffering=0), _log(home) as log:
            begin = os.lseek(log, 0, os.SEEK_END)
            # In its own folder, not the caller's: `-m` would import modules lying there. It forks at
            # once, so that the server proper is nobody's child.
            subprocess.call(
                [*argv, "--ready", str(writer)], cwd=home, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writer,),
            )  # fmt: skip
        waiting = select.poll()  # which knows any number of open files
        waiting.register(ready, select.POLLIN)
        return bool(waiting.poll(patience * 1000) and ready.read(1)), begin


def failure(home: str, before: int | None, ready: bool, begin: int) -> DaemonError:
    """The error that explains why no server answers.

    Args:
        before: the pid that already held the lock.
        ready: whether the server that was started was ready once.
        begin: the byte of the log at which its lines begin.
    """
    if before is not None and holder(home) == before:
        return DaemonError(
            f"the local cluster (pid {before}) does not answer", "stop it with: arena local stop"
        )
    log = Path(home) / "server.log"
    lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()[-8:]
    what = "does not answer after its start" if ready else "does not start"
    return DaemonError(
        f"the local cluster {what}: {lines[-1] if lines else 'its log is empty'}",
        "\n".join([f"the end of {log}:", *lines]),
    )


@contextmanager
def _log(home: str) -> Iterator[int]:
    """Open the server's log for appending; a long log is rotated first."""
    path = Path(home) / "server.log"
    if os.path.exists(path) and path.stat().st_size > 5 << 20:
        path.replace(f"{path}.1")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _environment(home: str, offers: Mapping[str, str]) -> dict[str, str]:
    """Return the server's environment: allowed variables, what it offers, and the path of this package."""
    env = {name: value for name, value in os.environ.items() if name in NAMES or name.startswith(KEPT)}
    env.update(offers)
    env["ARENA_LOCAL_HOME"] = home  # even if it was relative to our folder
    paths = [os.path.abspath(path) for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    if paths := list(dict.fromkeys([*paths, *_unpacked()])):
        env["PYTHONPATH"] = os.pathsep.join(paths)
    return env


def _unpacked() -> Iterator[str]:
    """The folders of this package and its libraries that another interpreter would not find by itself.

    An archive that unpacks itself has them in one folder (shiv) or in one for each library (pex). Installed
    packages are found anyway, and must not come before the standard library.
    """
    found = map(os.path.realpath, (*site.getsitepackages(), site.getusersitepackages()))
    known = {*found, ""}
    root = Path(__file__).resolve().parents[2]
    # The first folder of the path is that of the program, or the caller's own.
    for folder in (str(root), *filter(_holds_packages, sys.path[1:])):
        if os.path.realpath(folder) not in known:
            yield os.path.realpath(folder)


def _holds_packages(folder: str) -> bool:
    """Whether it is a folder of installed packages."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder or os.devnull))
    except OSError:
        return False
