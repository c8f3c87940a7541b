"""Engines on this machine: which are installed, and how one gets an environment of its own."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping

from arena import engines as table
from arena import private
from arena.engines import ENGINES, MARK, Engine, Found
from arena.errors import ArenaError, Conflict, NotFound, SpecError
from arena.model.engines import InstalledEngine

DOWNLOAD, INSTALL = "Downloading ", "Installing collected packages: "
"""The beginnings of pip's lines that are worth telling."""
_LAST = 5
"""Lines of a failed pip that say why."""


def engines(environ: Mapping[str, str]) -> list[InstalledEngine]:
    """Return all engines, each with the Python that has it: the user's, or that of arena's environment."""
    base, python = table.folder(environ), shutil.which("python", path=environ.get("PATH")) or ""
    return [_described(one, _found(one, base, python), environ) for one in ENGINES]


def _found(engine: Engine, base: str, python: str) -> Found | None:
    return table.find_in(engine, python) or table.find(engine, base)


def _described(engine: Engine, found: Found | None, environ: Mapping[str, str]) -> InstalledEngine:
    lacking = [one for one in engine.needs if shutil.which(one, path=environ.get("PATH")) is None]
    obstacle = f"needs {', '.join(lacking)}" if lacking else ""
    if not found and not _python(engine, environ):
        obstacle = f"needs Python {_range(engine)}"
    own = bool(found) and found is not None and found.python.startswith(table.folder(environ) + os.sep)
    return InstalledEngine(
        name=engine.name,
        title=engine.title,
        version=found.version if found else "",
        python=found.python if found else "",
        own=own,
        size=engine.size,
        install="" if obstacle and not lacking else f"arena serve engines install {engine.name}",
        obstacle=obstacle,
    )


def _range(engine: Engine) -> str:
    return f"{engine.least[0]}.{engine.least[1]} to {engine.below[0]}.{engine.below[1] - 1}"


def _python(engine: Engine, environ: Mapping[str, str]) -> str:
    """A Python that the engine runs on: arena's own, else the newest on PATH; "" if there is none."""
    if engine.runs_on((sys.version_info.major, sys.version_info.minor)):
        return sys.executable
    for minor in range(engine.below[1] - 1, engine.least[1] - 1, -1):
        if found := shutil.which(f"python{engine.least[0]}.{minor}", path=environ.get("PATH")):
            return found
    return ""


def install(
    name: str, environ: Mapping[str, str], tell: Callable[[str], None], *, again: bool = False
) -> str:
    """Install an engine into an environment of its own; return the version.

    Args:
        tell: called with lines about the progress.
        again: whether an installed engine is removed first.

    Raises:
        NotFound: there is no such engine.
        SpecError: it runs on no Python of this machine.
        Conflict: it is installed, or being installed.
        ArenaError: pip failed; nothing is left of the environment.
    """
    engine, base = _named(name), table.folder(environ)
    python = _python(engine, environ)
    if not python:
        raise SpecError(f"the engine {name} needs Python {_range(engine)}, and none is on PATH")
    private.make(base)
    with _locked(os.path.join(base, f"{name}.lock"), name):
        found, target = table.find(engine, base), os.path.join(base, name)
        if found and not again:
            raise Conflict(
                f"the engine {name} {found.version} is installed", "add --again to install it anew"
            )
        shutil.rmtree(target, ignore_errors=True)
        tell(f"making an environment of about {engine.size} MB in {target}")
        try:
            version = _make(engine, python, target, tell)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        _link(engine, base)
    return version


def _named(name: str) -> Engine:
    found = table.engine(name)
    if found is None:
        raise NotFound(f'there is no engine "{name}"', f"there are {', '.join(table.NAMES)}")
    return found


@contextlib.contextmanager
def _locked(path: str, name: str) -> Iterator[None]:
    """Hold the lock of an engine's environment."""
    with open(path, "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another arena is installing the engine {name}") from None
        yield


def _make(engine: Engine, python: str, target: str, tell: Callable[[str], None]) -> str:
    """Make the environment and fill it; the mark comes last."""
    _run([python, "-I", "-m", "venv", target], lambda line: None)
    own = os.path.join(target, "bin", "python")
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    _run([own, "-I", "-m", "pip", "install", *options, *engine.packages], tell, engine.advice)
    found = table.find_in(engine, own) if engine.modules else None
    if engine.modules and found is None:
        raise ArenaError(f"pip installed {', '.join(engine.packages)}, but {own} cannot import the engine")
    version = found.version if found else engine.packages[0].partition("==")[2]
    _mend(engine, own, version)
    with open(os.path.join(target, MARK), "w", encoding="utf-8") as file:
        file.write(f"{version}\n")
    return version


def _mend(engine: Engine, python: str, version: str) -> None:
    """Remove packages that do not fit, and let the engine find itself by its other name."""
    if engine.unfit:
        _run([python, "-I", "-m", "pip", "uninstall", "--yes", "--quiet", *engine.unfit], lambda line: None)
    if engine.alias:
        packages = table.packages(os.path.dirname(os.path.dirname(python)))
        # vLLM runs on a CPU if its version says so.
        about = os.path.join(packages, f"{engine.alias}-{version}+cpu.dist-info")
        os.makedirs(about, exist_ok=True)
        with open(os.path.join(about, "METADATA"), "w", encoding="utf-8") as file:
            file.write(f"Metadata-Version: 2.1\nName: {engine.alias}\nVersion: {version}+cpu\n")


def _run(words: list[str], tell: Callable[[str], None], advice: str = "") -> None:
    """Run a program to its end, and tell of its progress; raises ArenaError with its last lines.

    Args:
        advice: what helps if it fails.
    """
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line.strip())
                if said[-1].startswith(DOWNLOAD):
                    tell(said[-1])
                elif said[-1].startswith(INSTALL):
                    tell(f"Installing {said[-1].count(',') + 1} packages")
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        errors = [line for line in said if line.lower().startswith("error") or " depends on " in line] or said
        text = f"{os.path.basename(words[0])} {words[3]} failed: {'; '.join(errors[-_LAST:])}"
        raise ArenaError(text, advice)


def _link(engine: Engine, base: str) -> None:
    """Make the engine's programs available to pods by their names."""
    folder = table.programs(base)
    private.make(folder)
    for name in engine.commands:
        path = _freed(os.path.join(folder, name))
        os.symlink(os.path.join("..", engine.name, "bin", name), path)
    for name in engine.stand_ins:
        _script(_freed(os.path.join(folder, name)), table.words(base, engine.name, []))


def _freed(path: str) -> str:
    """The path, without what was there."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    return path


def _script(path: str, words: list[str]) -> None:
    """A program that runs the engine."""
    import shlex

    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    os.chmod(path, 0o755)
