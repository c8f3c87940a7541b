"""Runs an engine: `python -I engine.py ENGINES_FOLDER ENGINE WORDS...`.

It looks for the engine in the user's own Python, the first on PATH, then in arena's environment of it, and
becomes the engine's program. The user's comes first, since a model that was trained there loads there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

# Isolated mode knows neither this folder nor, perhaps, arena.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/programs/")[0])

from arena import engines
from arena.engines import Engine, Found

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model_server.py")


def find(engine: Engine, base: str) -> Found | None:
    """The engine in the user's Python, else in its own environment; None if it is in neither."""
    return engines.find_in(engine, shutil.which("python") or "") or engines.find(engine, base)


def command(found: Found, given: Sequence[str]) -> list[str]:
    """The program of an engine, with the words that it was given."""
    name = found.engine.name
    if name in ("kserve", "tensorflow", "mlserver"):
        return [found.python, SERVER, f"--engine={name}", *given]
    own = found.engine.commands[0]
    return [os.path.join(os.path.dirname(found.python), own), *given]


def main(argv: Sequence[str]) -> None:
    """Become the engine's program; exits with 1 if it is not installed."""
    base, name, *given = argv
    engine = engines.engine(name)
    if engine is None:
        sys.exit(f"error: no engine is called {name}; there are {', '.join(engines.NAMES)}")
    found = find(engine, base)
    if found is None:
        sys.exit(f"error: {engines.missing(engine)}")
    line = command(found, given)
    os.execv(line[0], line)


if __name__ == "__main__":
    main(sys.argv[1:])
