"""Jobs whose ranks talk by Gloo, which rarely aborts at the end of a good program."""

import sys

from product import Product

ABORT = "terminate called without an active exception"
"""What libstdc++ prints when a thread of Gloo needs Python's lock while Python ends: no fault of the job."""


def run_past_abort(arena: Product, *words: str, seconds: float) -> tuple[int, str, str]:
    """`arena.run` for a submit with `--logs`; once more, and said aloud, if Gloo aborted at the end."""
    code, out, err = arena.run(*words, seconds=seconds)
    if code and ABORT in out:
        print(f"GLOO ABORTED AT THE END OF {words[-1]}: it runs once more", file=sys.stderr)
        arena.must("delete", "--all", "-y")
        code, out, err = arena.run(*words, seconds=seconds)
    return code, out, err
