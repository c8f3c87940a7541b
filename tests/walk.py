"""`python walk.py FILE WORDS...` runs `arena WORDS...` and writes to FILE which module called which.

Each call from one module of arena to another is a list of four words: the calling module and function, and
those that were called; the name of a method or an inner function begins with a dot. A call that passes
through other code, such as click's, counts as that of the nearest frame of arena.
"""

import json
import sys
import threading
from inspect import CO_GENERATOR, CO_NESTED
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import arena

ROOT = str(Path(arena.__file__).parent) + "/"


def _place(code: CodeType) -> tuple[str, str] | None:
    """The module and the function of code of arena; None for other code, and for what runs at an import."""
    if not code.co_filename.startswith(ROOT) or code.co_name == "<module>":
        return None
    name = code.co_filename.removeprefix(ROOT).removesuffix(".py").removesuffix("/__init__")
    is_inner = code.co_flags & CO_NESTED or code.co_varnames[:1] in (("self",), ("cls",))
    return "arena." + name.replace("/", "."), ("." if is_inner else "") + code.co_name


def _caller(frame: FrameType | None) -> tuple[str, str] | None:
    while frame is not None and frame.f_code.co_name != "<module>":
        if place := _place(frame.f_code):
            return place
        frame = frame.f_back
    return None


def main(file: str, words: list[str]) -> int:
    """Run the command, and give its exit code."""
    calls: list[tuple[str, ...]] = []
    resumed: set[FrameType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        place = _place(frame.f_code) if event == "call" and frame not in resumed else None
        caller = _caller(frame.f_back) if place else None
        if place and caller and place[0] != caller[0]:
            calls.append((*caller, *place))
        if frame.f_code.co_flags & CO_GENERATOR:
            resumed.add(frame)

    from arena import cli

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        return cli.run(words)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
        Path(file).write_text(json.dumps(calls))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
